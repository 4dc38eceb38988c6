// The group's side of the Live page: shares over time, markers, the end of a session.

import { GroupTimeline } from "./group.mjs";
import { byId, count, drawBars, save } from "./page.mjs";
import { groupReport, groupTable, nothingCounted } from "./report.mjs";
import { clock, percent, streamgraph } from "./streamgraph.mjs";

const SPAN_S = 60;
const NOTICE =
  "An expression is not a feeling: a model named what faces looked like, and it is often wrong. " +
  "Only shares of the whole group were kept; no picture, no face and no name, and nothing left the " +
  "device. The EU prohibits inferring the emotions of people in education and at work, medical and " +
  "safety reasons aside (Regulation (EU) 2024/1689, Art. 5(1)(f)).";

export class GroupView {
  /** `stop()` turns the camera off. */
  constructor(labels, manifest, stop) {
    Object.assign(this, { labels, colours: manifest.colours, stop, faces: 0, running: false });
    this.timeline = new GroupTimeline(labels, Math.max(3, Number(byId("fewest").value)));
    byId("fewest").onchange = ({ target }) => {
      // Never below three: shares of fewer would say too much about each.
      target.value = Math.min(50, Math.max(3, Math.round(Number(target.value)) || manifest.fewest_faces));
      this.timeline.fewest = Number(target.value);
    };
    byId("marker").onsubmit = (event) => {
      event.preventDefault();
      const text = byId("marker-text").value.trim();
      if (text) this.timeline.mark(text, performance.now() / 1000);
      byId("marker-text").value = "";
      this.show();
    };
    byId("end").onclick = () => this.end();
    byId("new").onclick = () => this.begin();
    byId("report").onclick = () =>
      save(groupReport(this.summary, this.colours, NOTICE), "session.html", "text/html");
    byId("table").onclick = () => save(groupTable(this.summary), "session.csv", "text/csv");
    clearInterval(GroupView.timer);
    GroupView.timer = setInterval(() => this.running && !byId("view-group").hidden && this.show(), 1000);
    this.show();
  }

  add(timeS, said, faces) {
    this.faces = faces;
    if (!this.summary) this.timeline.add(timeS, said.map((values) => Array.from(values)));
  }

  show() {
    const { timeline, faces } = this;
    byId("group-said").textContent = !this.running
      ? "The group's picture grows here as soon as the camera runs."
      : faces < timeline.fewest
        ? `${count(faces, "face")}: too few to count. From ${timeline.fewest} faces on shares are ` +
          "shown, never anything about a single face."
        : count(faces, "face");
    const rows = timeline.shares(SPAN_S);
    byId("group-stream").innerHTML = streamgraph(rows, this.labels, this.colours, timeline.markers, SPAN_S);
  }

  end() {
    this.summary = this.timeline.summary();
    this.stop();
    const { durationS, facesMean, rows, markers, totals } = this.summary;
    byId("summary-said").textContent =
      `Session of ${clock(durationS)} (minutes:seconds), ${facesMean.toFixed(1)} faces on average`;
    byId("summary-stream").innerHTML = streamgraph(rows, this.labels, this.colours, markers);
    if (totals) drawBars(byId("summary-totals"), this.labels, totals, this.colours, percent);
    else byId("summary-totals").textContent = nothingCounted(this.summary);
    this.swap(true);
  }

  begin() {
    this.summary = undefined;
    this.timeline.clear();
    this.swap(false);
    this.show();
  }

  swap(ended) {
    byId("group-now").hidden = ended;
    byId("group-summary").hidden = !ended;
    byId("start").disabled = ended;
  }
}

// The Live page: consent, camera, picture, readings.

import { listCameras, openSource, sayStopped } from "./camera.mjs";
import { drawReadings, mirrored } from "./draw.mjs";
import { fetchManifest } from "./files.mjs";
import { GroupTimeline } from "./group.mjs";
import { GroupView } from "./live_group.mjs";
import {
  BASE, byId, count, drawBars, fromAddress, intoAddress, keepForOffline, lineOf, offerHeads, save, say, showProgress, tell,
} from "./page.mjs";
import { expressionText } from "./quality.mjs";
import { Reader } from "./reader.mjs";
import { Stream } from "./stream.mjs";
import { streamgraph } from "./streamgraph.mjs";

const SPAN_S = 60;
/** A single detection may be a mistake: in a group a face counts from its second one. */
const FEWEST_DETECTIONS = 2;
/** As the dashboard's own page calls them in its address. */
const VIEWS = { "My face": "face", Group: "group", "How it works": "method" };
const CAMERA = "Camera";

const [video, overlay, stage] = [byId("video"), byId("overlay"), byId("stage")];
let reader; // loaded, once it is
let look; // labels and colours
let own; // the largest face's last minute
let group;
let stream; // while the camera runs
let shown = []; // what is drawn
let view = "face";
let mode = "face"; // or "group": the last view but the explanation

const isGroup = () => mode === "group";
const isMirrored = () => byId("mirror").checked && byId("source").value === CAMERA;
const layers = () =>
  Object.fromEntries([...document.querySelectorAll("#layers input")].map((box) => [box.value, box.checked]));

async function load() {
  const fresh = await new Reader(BASE, showProgress).load();
  reader?.close();
  reader = fresh;
  const { manifest, labels } = reader;
  if (String(look?.labels) !== String(labels)) {
    own = new GroupTimeline(labels, 1, true);
    group = new GroupView(labels, manifest, stop);
  }
  look = { ...manifest, labels };
  offerHeads(manifest, "live_head");
  byId("loading").hidden = true;
  keepForOffline();
}

/** The models may have been changed since the page was opened. */
async function renew() {
  const { version } = await fetchManifest(BASE).catch(() => reader.manifest);
  if (version !== reader.manifest.version) await load();
}

async function start() {
  say("");
  byId("start").disabled = true;
  try {
    const asked = byId("source").value;
    const media = await openSource(asked, byId("size").value, byId("camera").value);
    video.srcObject = media; // which stop() ends, whatever comes next
    await renew();
    if (group.summary || asked !== byId("source").value) return stop(); // it ended, or another was chosen
    media.getVideoTracks()[0].addEventListener("ended", lost);
    await video.play();
    fit();
    stream = new Stream(reader, video, pacing, read, failed, sayStopped);
    byId("start").textContent = "STOP";
    for (const id of ["snapshot", "paused"]) byId(id).disabled = false;
    group.running = true;
    await offerCameras();
  } catch (error) {
    failed(error);
  } finally {
    byId("start").disabled = !reader || Boolean(group.summary);
  }
}

function stop() {
  stream?.stop();
  stream = undefined;
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  byId("paused").checked = false;
  shown = [];
  overlay.getContext("2d").clearRect(0, 0, overlay.width, overlay.height);
  byId("start").textContent = "START";
  for (const id of ["snapshot", "paused"]) byId(id).disabled = true;
  if (!group) return;
  group.running = false;
  group.show();
  showFace();
  showRates();
}

function lost() {
  stop();
  say("The camera was unplugged, or sharing was ended. Press START again.");
}

function failed(error) {
  stop();
  say(lineOf(error));
}

/** How a frame is read now. */
function pacing() {
  const many = isGroup() || byId("source").value !== CAMERA;
  const { paces } = reader.manifest;
  return {
    pace: many ? paces.room : paces.one_face,
    smoothingS: Number(byId("smoothing").value),
    namedAs: byId("named-as").value,
  };
}

function read({ tracks, width, height, timeS }) {
  if (byId("paused").checked) return;
  const area = ({ face: { box: [x0, y0, x1, y1] } }) => (x1 - x0) * (y1 - y0);
  if (isGroup()) {
    const certain = tracks.filter((track) => track.detections >= FEWEST_DETECTIONS);
    group.add(timeS, certain.map((track) => track.said).filter(Boolean), certain.length);
    shown = [];
  } else {
    shown = tracks.sort((a, b) => area(b) - area(a));
    if (shown[0]?.said) own.add(timeS, [Array.from(shown[0].said)]);
    own.keep(SPAN_S);
  }
  stream.faces = tracks.length;
  fit(width, height);
  draw(overlay.getContext("2d"));
}

/** The canvas has the picture's pixels, the stage its shape. */
function fit(width = video.videoWidth, height = video.videoHeight) {
  if (!width || (overlay.width === width && overlay.height === height)) return;
  Object.assign(overlay, { width, height });
  stage.style.aspectRatio = isGroup() && !byId("picture").checked ? "" : `${width} / ${height}`;
}

function draw(context) {
  const { width, height } = overlay;
  context.clearRect(0, 0, width, height);
  const readings = isMirrored() ? shown.map((reading) => mirrored(reading, width)) : shown;
  drawReadings(context, readings, look, layers(), width, height);
}

function snapshot() {
  const canvas = new OffscreenCanvas(overlay.width, overlay.height);
  const context = canvas.getContext("2d");
  context.save();
  if (isMirrored()) context.setTransform(-1, 0, 0, 1, canvas.width, 0);
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  context.restore();
  context.drawImage(overlay, 0, 0);
  canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 }).then((blob) => save(blob, "snapshot.jpg"));
}

async function offerCameras() {
  const cameras = await listCameras();
  byId("camera-choice").hidden = cameras.length < 2 || byId("source").value !== CAMERA;
  const now = video.srcObject?.getVideoTracks()[0].getSettings().deviceId ?? byId("camera").value;
  byId("camera").replaceChildren(
    ...cameras.map(({ label, deviceId }, i) => new Option(label || `camera ${i + 1}`, deviceId, false, deviceId === now)),
  );
}

function showRates() {
  if (!stream) {
    byId("rates").textContent = group?.summary
      ? "The session has ended and the camera is off."
      : "Press START and allow the camera.";
    return;
  }
  const { framesPerS, latencyMs, dropped, failed: failures } = stream.rates();
  const parts = [
    byId("paused").checked ? "paused" : `${framesPerS.toFixed(0)} frames/s`,
    `${latencyMs.toFixed(0)} ms a frame`,
    `${dropped} dropped`,
    count(stream.faces ?? 0, "face"),
  ];
  if (failures) parts.push(`${count(failures, "frame")} could not be read`);
  byId("rates").textContent = parts.join(" · ");
}

function showFace() {
  if (!look) return;
  const said = shown[0]?.said;
  byId("said").innerHTML = "<b></b>";
  byId("said").firstChild.textContent = said
    ? expressionText(look.labels, said)
    : stream
      ? "No face in the picture. Light on the face and a look at the camera help."
      : "Your expression appears here as soon as the camera runs.";
  tell(said ? look.labels[said.indexOf(Math.max(...said))] : stream ? "no face" : "");
  if (said) drawBars(byId("bars"), look.labels, Array.from(said), look.colours);
  else byId("bars").replaceChildren();
  byId("own-stream").innerHTML = streamgraph(own.shares(SPAN_S), look.labels, look.colours, [], SPAN_S);
}

function choose(name) {
  view = VIEWS[name] ?? "face";
  if (view !== "method") mode = view; // explained, the camera goes on as it was
  for (const tab of document.querySelectorAll("[data-view]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.view === view));
    byId(`view-${tab.dataset.view}`).hidden = tab.dataset.view !== view;
  }
  for (const part of document.querySelectorAll(".alone")) part.hidden = isGroup();
  for (const part of document.querySelectorAll(".in-group")) part.hidden = !isGroup();
  byId("live").classList.toggle("grouped", isGroup());
  byId("live").classList.toggle("no-picture", !byId("picture").checked);
  shown = isGroup() ? [] : shown;
  if (look) draw(overlay.getContext("2d"));
}

/** Choices that are worth sharing stand in the address. */
const SHARED = ["source", "size", "smoothing"];

function restore() {
  for (const id of SHARED) {
    const given = fromAddress(id);
    const field = byId(id);
    const known = field.options ? [...field.options].some((option) => option.value === given) : Number(given) >= 0;
    if (given !== undefined && known) field.value = given;
  }
  choose(fromAddress("view"));
  byId("smoothing-s").textContent = `${byId("smoothing").value} s`;
}

function agreed() {
  byId("consent").hidden = true;
  byId("live").hidden = false;
  showFace();
}

byId("agree").addEventListener("change", agreed);
if (byId("agree").checked) agreed(); // before this program was there to hear of it
byId("start").addEventListener("click", () => (stream ? stop() : start()));
byId("snapshot").addEventListener("click", snapshot);
byId("paused").addEventListener("change", ({ target }) => (target.checked ? video.pause() : video.play()));
for (const tab of document.querySelectorAll("[data-view]")) {
  tab.addEventListener("click", () => {
    choose(tab.textContent);
    intoAddress({ view: view === "face" ? "" : tab.textContent });
  });
}
byId("how").addEventListener("click", () => choose("How it works"));
for (const id of SHARED) {
  byId(id).addEventListener("change", ({ target }) => intoAddress({ [id]: target.value }));
}
byId("smoothing").addEventListener("input", ({ target }) => {
  byId("smoothing-s").textContent = `${Number(target.value)} s`;
});
byId("picture").addEventListener("change", ({ target }) => {
  byId("live").classList.toggle("no-picture", !target.checked);
  overlay.width = 0;
  fit();
});
const turn = () => {
  stage.classList.toggle("mirrored", isMirrored());
  if (look) draw(overlay.getContext("2d"));
};
for (const id of ["mirror", "source", "layers"]) byId(id).addEventListener("change", turn);
for (const id of ["source", "size", "camera"]) {
  byId(id).addEventListener("change", () => {
    if (!stream) return;
    stop();
    start();
  });
}
navigator.mediaDevices?.addEventListener("devicechange", offerCameras);
addEventListener("pagehide", stop);

restore();
turn();
setInterval(showRates, 1000);
setInterval(() => stream && !isGroup() && showFace(), 500);
load().then(
  () => (byId("start").disabled = false),
  (error) => {
    byId("loading").hidden = true;
    say(lineOf(error));
  },
);

// Training, and everything that is shown of what came out.

import { crossValidate, foldsByGroup, foldsByPicture, nameAll, outcome } from "./assess.mjs";
import { Trouble } from "./files.mjs";
import { inTurns, tableOf } from "./examples.mjs";
import { nameOf, probabilities } from "./head.mjs";
import { byId, count, lineOf, say } from "./page.mjs";
import { plane } from "./plane.mjs";
import { HIDDEN, learn } from "./softmax.mjs";
import { percent } from "./streamgraph.mjs";
import { FAILURES, tried } from "./teach_failures.mjs";
import {
  attentionCanvas, confusionTable, cropCanvas, element, fewPicture, lossCurves, mapPicture, occluded, withInterval,
} from "./teach_views.mjs";

/** The page is drawn again after this long. */
const SLICE_MS = 40;
const NOT_HONEST =
  "Not tested honestly: every class needs at least two bursts. Let go, move a little, and record another one of each.";

/** Go through a generator without holding the page up; returns what it returns. */
async function run(steps, show = () => {}) {
  let drawnMs = performance.now();
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
    if (performance.now() - drawnMs < SLICE_MS) continue;
    show();
    await new Promise((go) => setTimeout(go));
    drawnMs = performance.now();
  }
}

/** Why these examples cannot be learnt from, as a Trouble. */
function check(examples) {
  const { classes } = examples;
  if (classes.length < 2) throw new Trouble("Two classes at least: add another one.");
  const short = classes.find((one) => one.examples.length < 2);
  if (short) {
    throw new Trouble(`“${short.name}” has ${count(short.examples.length, "example")}: record at least two, better twenty.`);
  }
}

export class Study {
  /** `examples()`: what is recorded now; `onHead(head)` once one is trained. */
  constructor(examples, onHead) {
    [this.examples, this.onHead] = [examples, onHead];
    this.turn = 0;
  }

  get options() {
    return { hidden: byId("hidden-layer").checked ? HIDDEN : 0 };
  }

  /** Train on everything and test on what was held out; a later call takes an earlier one's place. */
  async train() {
    const examples = this.examples();
    check(examples);
    const turn = ++this.turn;
    const startedMs = performance.now();
    const table = examples.table();
    const classes = examples.classes.map(({ name }) => name);
    const honest = foldsByGroup(table.y, table.groups, classes.length);
    byId("result").textContent = "Training …";
    byId("few").disabled = true; // which would take this training's place
    const head = await this.head(table, classes);
    const found = { table, classes };
    if (honest) found.burst = await this.test(table, honest, classes, new Set(table.groups).size);
    if (turn !== this.turn) return;
    byId("few").disabled = false;
    this.found = found;
    const most = Math.max(...examples.classes.map((one) => one.examples.length));
    this.points = new Map(found.burst ? [[most, found.burst.accuracy]] : []);
    const seconds = (performance.now() - startedMs) / 1000;
    const said = found.burst ? `${withInterval(found.burst)} of other bursts` : NOT_HONEST;
    byId("result").textContent = `${seconds.toFixed(1)} s · ${said}`;
    const { accuracy, low, high } = found.burst ?? {};
    head.measured = {
      split: found.burst ? "by burst" : "none", accuracy, low, high,
      examples: examples.classes.map((one) => one.examples.length), bursts: new Set(table.groups).size,
    };
    this.onHead(head);
    this.show();
  }

  /** The wrong split is tested once somebody asks for it. */
  async showSplit() {
    const { found } = this;
    if (found && document.querySelector("[name=split]:checked").value === "picture" && !found.picture) {
      byId("score").textContent = "Testing the wrong way …";
      const { table, classes } = found;
      found.picture = await this.test(table, foldsByPicture(table.y, classes.length), classes, table.y.length, false);
    }
    this.show();
  }

  async head(table, classes) {
    let layers;
    await run(
      (function* (options) {
        for (const state of learn(table.x, table.y, table.y.length, table.width, classes.length, options)) {
          ({ layers } = state);
          yield;
        }
      })(this.options),
    );
    if (!layers) throw new Trouble("These examples are all alike: nothing can be learnt from them.");
    return { classes, layers };
  }

  async test(table, folds, classes, cases, shown = true) {
    const [seen, unseen] = [[], []];
    const going = crossValidate(table, folds, classes.length, this.options);
    const named = await run(
      (function* () {
        for (;;) {
          const { value, done } = going.next();
          if (done) return value;
          if (!value.fold) [seen, unseen].forEach((list, i) => list.push(i ? value.heldOutLoss : value.loss));
          yield;
        }
      })(),
      () => shown && this.curves(seen, unseen),
    );
    if (shown) this.curves(seen, unseen);
    return outcome(table.y, named, classes.length, cases);
  }

  curves(seen, unseen) {
    byId("curves").hidden = !seen.length;
    if (seen.length) byId("curves").firstElementChild.innerHTML = lossCurves(seen, unseen);
  }

  /** Where all examples lie, once somebody looks. */
  showMap() {
    if (byId("view-map").hidden) return;
    const { x, y, width } = this.examples().table();
    byId("map").innerHTML = y.length > 2 ? mapPicture(plane(x, y.length, width), y) : "Record or fill in examples first.";
  }

  show() {
    this.showMap();
    const { found } = this;
    if (!found) return;
    const split = document.querySelector("[name=split]:checked").value;
    const result = found[split];
    if (!result && split === "picture") return void this.showSplit();
    const bursts = new Set(found.table.groups).size;
    const cases = split === "burst" ? `the interval counts ${count(bursts, "burst")}, as pictures of one burst are near copies` : `near copies of each were learnt from, so this figure is inflated${found.burst ? ` (honestly: ${percent(found.burst.accuracy)})` : ""}`;
    byId("score").textContent = result ? `${withInterval(result)} of ${count(found.table.y.length, "picture")} named rightly; ${cases}.` : NOT_HONEST;
    byId("confusion").replaceChildren(...(result ? [confusionTable(result, found.classes, found.table.examples)] : []));
    const most = Math.max(...found.classes.map((_, k) => found.table.y.filter((one) => one === k).length));
    Object.assign(byId("few"), { max: most, value: Math.min(most, byId("few").dataset.touched ? byId("few").value : most) });
    this.showFew();
  }

  showFew() {
    if (!this.found) return;
    const { max, value } = byId("few");
    byId("few-said").textContent = `${value} of ${max}`;
    byId("few-picture").innerHTML = fewPicture(this.points, Number(max));
  }

  /** Train with `most` examples of each class only, and test on the bursts held out. */
  async few(most) {
    if (!this.found) return;
    const { found } = this;
    const turn = ++this.turn;
    byId("few").dataset.touched = "yes";
    this.showFew();
    const { classes, table } = found;
    const head = await this.head(fewOf(table.examples, classes, most), classes);
    const folds = foldsByGroup(table.y, table.groups, classes.length);
    const right = folds && (await this.rightWithFew(table, folds, classes, most));
    if (turn !== this.turn) return;
    if (folds) this.points.set(most, right);
    this.onHead({ ...head, measured: { split: folds ? "by burst" : "none", accuracy: right ?? undefined, examples_each: most } });
    this.showFew();
  }

  async rightWithFew(table, folds, classes, most) {
    let right = 0;
    for (let fold = 0; fold <= Math.max(...folds); fold++) {
      const [inside, outside] = [[], []];
      table.examples.forEach((example, i) => (folds[i] === fold ? outside : inside).push(example));
      const { layers } = await this.head(fewOf(inside, classes, most), classes);
      right += nameAll(layers, tableOf(outside)).filter((k, i) => k === outside[i].k).length;
    }
    return right / table.y.length;
  }
}

/** A table of `most` examples of each class, its bursts in turns. */
function fewOf(examples, classes, most) {
  const own = (k) => inTurns(examples.filter((example) => example.k === k));
  return tableOf(classes.flatMap((_, k) => own(k).slice(0, most)));
}

/** Hide parts of a face and see what the head misses. */
export async function lookAt(crop, head, featuresOf) {
  const { crops, count: tries, places } = occluded(crop);
  const features = Float64Array.from(await featuresOf(crops, tries));
  const width = features.length / tries;
  const whole = probabilities(head.layers, features);
  const first = whole.indexOf(Math.max(...whole));
  const drops = places.map((_, i) => whole[first] - probabilities(head.layers, features, (i + 1) * width)[first]);
  byId("look-picture").replaceChildren(cropCanvas(crop, "The face"), attentionCanvas(crop, places, drops));
  byId("look-said").textContent =
    `${nameOf(head, whole)}: hiding the orange parts costs up to ${Math.max(0, ...drops).toFixed(2)} of ${whole[first].toFixed(2)} for “${head.classes[first]}”.`;
}

/** The buttons of what goes wrong; `drawn()` gives the drawn people with their features. */
export function offerFailures(drawn) {
  for (const failure of Object.values(FAILURES)) {
    const button = element("button", { textContent: failure.title });
    button.onclick = () => showFailure(failure, drawn).catch((error) => say(lineOf(error)));
    byId("failures").append(button);
  }
}

async function showFailure({ title, sentence, question, trials }, drawn) {
  say("");
  const place = byId("failure");
  place.replaceChildren(element("p", { className: "quiet", textContent: "Reading the drawn people …" }));
  const { classes, trials: all } = await trials(await drawn());
  const figures = element("div", { className: "figures" });
  const tables = element("div", { className: "trials" });
  for (const trial of all) {
    const result = tried(trial, classes);
    figures.append(
      element("div", {}, element("b", { className: "figure", textContent: `${Math.round(100 * result.accuracy)} %` }),
        element("span", { textContent: trial.label })),
    );
    tables.append(element("div", {}, trial.label, confusionTable(result, classes, result.examples, 3)));
    await new Promise((go) => setTimeout(go));
  }
  place.replaceChildren(
    element("h2", { textContent: title }), element("p", { textContent: sentence }), figures,
    element("p", {}, element("b", { textContent: "Ask: " }), question), tables,
  );
  place.scrollIntoView({ block: "nearest" });
}

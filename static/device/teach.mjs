// The page Teach it: record classes, train a head on them, use it, take it along.

import { openSource, sayStopped } from "./camera.mjs";
import { Examples, openExamples } from "./examples.mjs";
import { ACTS, PEOPLE, loadDrawn } from "./drawn.mjs";
import { Trouble } from "./files.mjs";
import { MOST_CLASSES, NONE_BELOW, headFile, nameOf, probabilities, readHead } from "./head.mjs";
import { BASE, byId, count, keepForOffline, lineOf, save, say, showProgress, tell } from "./page.mjs";
import { Reader } from "./reader.mjs";
import { Stream } from "./stream.mjs";
import { DrawnExamples } from "./teach_failures.mjs";
import { Study, lookAt, offerFailures } from "./teach_study.mjs";
import { COLOURS, cropCanvas, drawOwnBars, element } from "./teach_views.mjs";
import { newest } from "./track.mjs";

/** Nearer pictures hardly differ. */
const EVERY_MS = 100;
const DRAWN_EVERY_MS = 125;
const STEADY_S = 0.3;
/** Thumbnails at once of a class; the others on request. */
const SHOWN = 24;
/** The first drawn people are filled in, the last are left to try it on. */
const FILLED = 9;
const CAMERA = "Camera";

const [video, overlay, stage] = [byId("video"), byId("overlay"), byId("stage")];
const reader = new Reader(BASE, showProgress);
const rows = new Map(); // of each class what is on the page
let examples = new Examples();
let head; // { classes, layers, noneBelow, model, measured }
let sizePx;
let model; // SHA-256 of the network that reads
let stream; // while the camera runs
let acting; // while drawn people do
let recording; // { of, burst, dueMs }
let latest; // the newest face: { example, box, width, height }
let said; // of the head, steadied
let saidS = -Infinity;
let drawnPeople;
let turn = 0; // how often the picture was asked for or given up

const study = new Study(() => examples, useHead);
const featuresOf = (crops, n) => reader.features(crops, n);
const isCamera = () => byId("source").value === CAMERA;
const isAllowed = () => !isCamera() || byId("agree").checked;

/** Run something that may fail with a line for the visitor. */
async function attempt(work) {
  say("");
  try {
    return await work();
  } catch (error) {
    say(lineOf(error));
  }
}

async function drawn() {
  drawnPeople ??= loadDrawn(BASE).then((sheet) => new DrawnExamples(sheet, sizePx, featuresOf));
  return drawnPeople.catch((error) => {
    drawnPeople = undefined;
    throw error;
  });
}

// The picture

async function start() {
  if (!isAllowed()) return;
  const mine = (turn += 1);
  const over = () => turn !== mine; // another source was chosen meanwhile
  say("");
  byId("start").disabled = true;
  try {
    await (isCamera() ? startCamera(over) : startDrawn(over));
    if (!over()) byId("start").textContent = "STOP";
  } catch (error) {
    if (!over()) failed(error);
  }
  byId("start").disabled = !isAllowed();
}

async function startCamera(over) {
  const media = await openSource(CAMERA, "640 × 480", "");
  if (over()) return media.getTracks().forEach((track) => track.stop());
  video.srcObject = media;
  media.getVideoTracks()[0].addEventListener("ended", lost);
  await video.play();
  if (over()) return;
  const options = () => ({ pace: reader.manifest.paces.one_face, smoothingS: 0, learning: true });
  stream = new Stream(reader, video, options, came, failed, sayStopped);
}

async function startDrawn(over) {
  const { drawn: sheet } = await drawn();
  if (over()) return;
  acting = { person: FILLED, frame: 0 };
  overlay.width = overlay.height = 480;
  stage.style.aspectRatio = "1";
  const mine = acting;
  const next = async () => {
    if (acting !== mine) return;
    const act = byId("acts").selectedIndex;
    const square = sheet.square(mine.person, act, mine.frame);
    const crop = sheet.crop(mine.person, act, mine.frame++, sizePx);
    const features = await featuresOf(crop.slice(), 1);
    if (acting !== mine) return;
    came({ drawn: cropCanvas(square.grey), tracks: [{ example: { crop, features } }], width: 480, height: 480, timeS: performance.now() / 1000 });
    setTimeout(() => next().catch(failed), DRAWN_EVERY_MS);
  };
  next().catch(failed);
}

function stop() {
  turn += 1;
  endBurst();
  stream?.stop();
  stream = acting = latest = said = undefined;
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  overlay.getContext("2d").clearRect(0, 0, overlay.width, overlay.height);
  byId("start").textContent = "START";
  byId("named").textContent = "";
  tell("");
  byId("rates").textContent = isCamera() ? "Press START and allow the camera." : "Press START: drawn people act.";
}

function lost() {
  stop();
  say("The camera was unplugged. What was recorded is still here; press START again.");
}

function failed(error) {
  stop();
  say(lineOf(error));
}

/** Of readings of faces, that of the largest that can be learned from, if any. */
function largestOf(readings) {
  const area = ({ face: { box: [x0, y0, x1, y1] } }) => (x1 - x0) * (y1 - y0);
  return readings.filter(({ example }) => example).sort((a, b) => area(b) - area(a))[0];
}

/** A frame was read: keep its face while a button is held, name it once there is a head. */
function came({ tracks, width, height, timeS, drawn: picture }) {
  const largest = picture ? tracks[0] : largestOf(tracks);
  latest = largest;
  if (largest) {
    record(largest.example);
    name(largest.example, timeS);
  } else said = undefined;
  if (head) {
    byId("named").textContent = said ? nameOf(head, said) : "no face";
    tell(byId("named").textContent);
  }
  draw(width, height, picture, largest?.face);
}

function name({ features }, timeS) {
  if (!head) return;
  const now = probabilities(head.layers, Float64Array.from(features));
  const weight = said?.length === now.length ? newest(timeS - saidS, STEADY_S) : 1;
  said = now.map((value, k) => (weight < 1 ? said[k] * (1 - weight) + value * weight : value));
  saidS = timeS;
}

function draw(width, height, picture, face) {
  if (overlay.width !== width || overlay.height !== height) {
    Object.assign(overlay, { width, height });
    stage.style.aspectRatio = `${width} / ${height}`;
  }
  const context = overlay.getContext("2d");
  context.clearRect(0, 0, width, height);
  if (picture) context.drawImage(picture, 0, 0, width, height);
  if (face) {
    const [x0, y0, x1, y1] = face.box;
    context.lineWidth = 3;
    context.strokeStyle = recording ? "#D55E00" : "#FFFFFF";
    context.strokeRect(width - x1, y0, x1 - x0, y1 - y0);
  }
  if (head && said) drawOwnBars(context, head.classes, said, said.indexOf(Math.max(...said)), width, height);
}

function showRates() {
  if (stream) {
    const { framesPerS, latencyMs } = stream.rates();
    byId("rates").textContent = `${framesPerS.toFixed(0)} frames/s · ${latencyMs.toFixed(0)} ms a frame · ${latest ? "1 face" : "no face"}`;
  } else if (acting) byId("rates").textContent = `Drawn person ${acting.person + 1} of ${PEOPLE}; every press brings another one.`;
}

// Recording

function beginBurst(of) {
  if (recording || !rows.has(of)) return;
  if (!stream && !acting) return say(`Press START first: nothing is being seen.`);
  say("");
  recording = { of, burst: examples.burst(), dueMs: performance.now() };
  rows.get(of).root.classList.add("recording");
}

function endBurst() {
  if (!recording) return;
  rows.get(recording.of)?.root.classList.remove("recording");
  if (acting) acting.person = (acting.person + 1) % PEOPLE;
  recording = undefined;
}

function record({ crop, features }) {
  const nowMs = performance.now();
  if (!recording || nowMs < recording.dueMs) return;
  recording.dueMs = Math.max(recording.dueMs, nowMs - EVERY_MS) + EVERY_MS; // a late frame delays no later one
  const { of, burst } = recording;
  const example = { crop, features, burst };
  if (!examples.keep(of, example)) {
    endBurst();
    return say(`“${of.name}” is full: 500 examples are the most.`);
  }
  addThumbnail(of, example);
  showCounts();
}

// The list of classes

function showClasses() {
  const place = byId("classes");
  rows.clear();
  place.replaceChildren(...examples.classes.map((of, k) => classRow(of, k)));
  byId("add").disabled = examples.classes.length >= MOST_CLASSES;
  showCounts();
}

function classRow(of, k) {
  const root = element("div", { className: "class" });
  root.style.borderLeftColor = COLOURS[k];
  const field = element("input", { className: "name", value: of.name, maxLength: 40, ariaLabel: `Name of class ${k + 1}` });
  field.onchange = () => attempt(async () => {
    try {
      examples.rename(of, field.value);
    } finally {
      field.value = of.name;
      hold.textContent = holdWords(of, k);
    }
  });
  const hold = element("button", { className: "hold", textContent: holdWords(of, k), ariaLabel: `Hold to record class ${k + 1}` });
  hold.onpointerdown = (event) => {
    hold.setPointerCapture(event.pointerId);
    beginBurst(of);
  };
  const release = () => recording?.of === of && endBurst(); // a press of another button takes the focus away
  for (const over of ["onpointerup", "onpointercancel", "onlostpointercapture", "onblur"]) hold[over] = release;
  hold.oncontextmenu = (event) => event.preventDefault();
  hold.onkeydown = ({ key, repeat }) => !repeat && [" ", "Enter"].includes(key) && beginBurst(of);
  hold.onkeyup = release;
  const photos = element("input", { type: "file", accept: "image/*", multiple: true, className: "reads", disabled: !sizePx, ariaLabel: `Photos for class ${k + 1}` });
  photos.onchange = () => addPhotos(of, [...photos.files]).then(() => (photos.value = ""));
  const away = element("button", { className: "small", textContent: "✕", title: "Remove", ariaLabel: `Remove class ${k + 1}` });
  away.onclick = () => {
    if (of.examples.length && !confirm(`Remove “${of.name}” and its ${count(of.examples.length, "example")}?`)) return;
    examples.classes.splice(examples.classes.indexOf(of), 1);
    showClasses();
  };
  const number = element("span", { className: "count" });
  const balance = element("span", { className: "balance" });
  const crops = element("div", { className: "crops" });
  root.append(
    element("div", { className: "row" }, field, number, away),
    element("div", { className: "row" }, hold, element("label", { className: "button small" }, "Photos", photos)),
    balance, crops,
  );
  rows.set(of, { root, number, balance, crops, all: false });
  showThumbnails(of);
  return root;
}

const holdWords = (of, k) => `Hold to record (${k + 1})`;

function showThumbnails(of) {
  const row = rows.get(of);
  row.crops.replaceChildren();
  row.crops.classList.toggle("all", row.all);
  const some = row.all ? of.examples : of.examples.slice(-SHOWN);
  for (const example of some) addThumbnail(of, example);
}

function addThumbnail(of, example) {
  const row = rows.get(of);
  const button = element("button", { title: "Click to look at it, click again to remove it" }, cropCanvas(example.crop, "Example"));
  button.onclick = () => {
    if (!button.classList.contains("chosen")) {
      for (const other of document.querySelectorAll(".chosen")) other.classList.remove("chosen");
      button.classList.add("chosen");
      if (head) attempt(() => lookAt(example.crop, head, featuresOf));
      return;
    }
    of.examples.splice(of.examples.indexOf(example), 1);
    showThumbnails(of);
    showCounts();
  };
  row.crops.querySelector(".more")?.remove();
  row.crops.append(button);
  if (!row.all && row.crops.children.length > SHOWN) row.crops.firstElementChild.remove();
  if (!row.all && of.examples.length > SHOWN) {
    const more = element("button", { className: "more", textContent: `all ${of.examples.length}` });
    more.onclick = () => {
      row.all = true;
      showThumbnails(of);
    };
    row.crops.append(more);
  }
  row.crops.scrollLeft = row.crops.scrollWidth; // the newest stay in view
}

function showCounts() {
  const most = Math.max(1, ...examples.classes.map((one) => one.examples.length));
  for (const [of, { number, balance }] of rows) {
    const bursts = new Set(of.examples.map(({ burst }) => burst)).size;
    number.textContent = `${of.examples.length} in ${count(bursts, "burst")}`;
    balance.style.width = `${(100 * of.examples.length) / most}%`;
  }
  const sizes = examples.classes.map((one) => one.examples.length);
  const fewest = Math.min(...sizes); // of none there is no imbalance yet
  byId("balance").textContent = fewest && most > 3 * fewest ? "unbalanced: the fullest has over three times as many as the emptiest" : "";
}

async function addPhotos(of, files) {
  const failures = [];
  for (const file of files) {
    try {
      const { readings } = await reader.readPhoto(file, file.name, { learning: true });
      const largest = largestOf(readings);
      if (!largest) throw new Trouble(`${file.name}: no face was found.`);
      const { crop, features } = largest.example;
      const kept = examples.keep(of, { crop, features, burst: examples.burst() });
      if (!kept) throw new Trouble(`“${of.name}” is full: 500 examples are the most.`);
    } catch (error) {
      failures.push(lineOf(error));
    }
  }
  say(failures.join(" "));
  showThumbnails(of);
  showCounts();
}

/** Classes of drawn people, beside what was recorded where there is room. */
async function fill() {
  await attempt(async () => {
    const people = await drawn();
    examples.classes = examples.classes.filter((one) => one.examples.length);
    for (const act of ACTS.filter((one) => !examples.taken(one))) {
      const made = examples.add(act);
      for (let person = 0; person < FILLED; person++) {
        const burst = await people.burst(person, ACTS.indexOf(act), 1);
        const number = examples.burst();
        for (const { crop, features } of burst) examples.keep(made, { crop, features, burst: number });
      }
    }
    study.show();
  });
  showClasses();
}

// The head

function useHead(trained) {
  head = { model, noneBelow: Number(byId("none-below").value), ...trained };
  said = undefined;
  byId("save-head").disabled = false;
  for (const id of ["none-below-choice", "named", "works"]) byId(id).hidden = false;
}

function saveHead() {
  save(headFile(head), "my-classes.head.json", "application/json");
}

async function open(file) {
  await attempt(async () => {
    const text = await file.text();
    if (text.slice(0, 60).includes("emotion-ai examples")) return openRecorded(text, file.name);
    const opened = readHead(text, file.name, model);
    byId("none-below").value = opened.noneBelow;
    showNoneBelow();
    useHead(opened);
    say(`${file.name}: ${opened.classes.join(", ")}. It names faces now; press START.`);
  });
}

async function openRecorded(text, name) {
  let bursts = 0;
  const reading = (crops, n) => {
    byId("loading").textContent = `Reading burst ${++bursts} of ${name} …`;
    return featuresOf(crops, n);
  };
  byId("loading").hidden = false;
  const given = await openExamples(text, name, { model, sizePx, featuresOf: reading }).finally(() => (byId("loading").hidden = true));
  if (examples.count && !confirm(`Put the examples of ${name} in the place of the ${examples.count} recorded here?`)) return;
  ({ examples } = given);
  showClasses();
  study.show();
  if (given.otherNetwork) say(`${name} was made with another network: its pictures were read anew with this one. Train again.`);
}

function showNoneBelow() {
  byId("none-below-said").textContent = Number(byId("none-below").value).toFixed(2);
  if (head) head.noneBelow = Number(byId("none-below").value);
}

// The page

function begin() {
  byId("teach").hidden = false;
  changeSource();
  // The dashboard's frame grows with this page, and the browser keeps in view what stands below it.
  const show = () => stage.scrollIntoView({ block: "nearest" });
  requestAnimationFrame(() => requestAnimationFrame(show));
}

function choose(view) {
  for (const tab of document.querySelectorAll("[data-view]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.view === view));
    byId(`view-${tab.dataset.view}`).hidden = tab.dataset.view !== view;
  }
  if (view === "map") study.showMap();
}

function changeSource() {
  const running = stream || acting;
  stop();
  byId("acts-choice").hidden = isCamera();
  byId("consent").hidden = isAllowed();
  byId("start").disabled = !sizePx || !isAllowed();
  if (running) start();
}

/** Whether a number is meant for a field, such as a class's name. */
const typing = ({ target }) => target.matches("input.name, select");
byId("agree").addEventListener("change", begin);
byId("drawn-first").addEventListener("click", () => {
  byId("source").value = "Drawn people";
  begin();
});
byId("drawn-first").disabled = false; // before, a click would be lost
byId("start").addEventListener("click", () => (stream || acting ? stop() : start()));
byId("source").addEventListener("change", changeSource);
byId("acts").append(...ACTS.map((act) => new Option(act)));
byId("add").addEventListener("click", () => attempt(async () => (examples.add(), showClasses())));
byId("fill").addEventListener("click", fill);
byId("train").addEventListener("click", () => {
  byId("train").disabled = true;
  attempt(() => study.train()).finally(() => {
    byId("train").disabled = false;
    if (byId("result").textContent === "Training …") byId("result").textContent = "";
  });
});
byId("few").addEventListener("input", ({ target }) => attempt(() => study.few(Number(target.value))));
byId("none-below").addEventListener("input", showNoneBelow);
byId("look").addEventListener("click", () => attempt(async () => {
  if (!head) throw new Trouble("Train first, or open a head.");
  if (!latest) throw new Trouble("No face is being seen: press START, or click an example.");
  await lookAt(latest.example.crop, head, featuresOf);
}));
byId("save-head").addEventListener("click", saveHead);
byId("save-examples").addEventListener("click", () => save(examples.file(model, sizePx), "my-classes.examples.json", "application/json"));
byId("open").addEventListener("change", ({ target }) => open(target.files[0]).then(() => (target.value = "")));
for (const radio of document.querySelectorAll("[name=split]")) radio.addEventListener("change", () => attempt(() => study.showSplit()));
for (const tab of document.querySelectorAll("[data-view]")) tab.addEventListener("click", () => choose(tab.dataset.view));
addEventListener("keydown", (event) => {
  const of = examples.classes[Number(event.key) - 1];
  if (of && !event.repeat && !typing(event)) beginBurst(of);
});
addEventListener("keyup", ({ key }) => /^[1-6]$/.test(key) && endBurst());
addEventListener("blur", endBurst);
addEventListener("pagehide", stop);
addEventListener("beforeunload", (event) => examples.count && event.preventDefault()); // the browser asks
setInterval(showRates, 400);

examples.add("thinking");
examples.add("bored");
showClasses();
byId("none-below").value = NONE_BELOW;
if (byId("agree").checked) begin(); // before this program was there to hear of it
stage.classList.add("mirrored");

reader.load().then(
  ({ manifest }) => {
    byId("loading").hidden = true;
    if (!manifest.models.expression) return say("No expression model is here to learn with.");
    sizePx = manifest.models.expression.size_px;
    model = manifest.models.expression.sha256;
    for (const control of document.querySelectorAll(".reads")) control.disabled = false;
    offerFailures(drawn);
    changeSource();
    keepForOffline();
  },
  (error) => {
    byId("loading").hidden = true;
    say(lineOf(error));
  },
);

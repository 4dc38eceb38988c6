// The Photo page: photos in, cards, table and downloads out, all on this device.

import { drawReadings } from "./draw.mjs";
import { Trouble } from "./files.mjs";
import { nameOf, probabilities, readHead } from "./head.mjs";
import { BASE, byId, count, drawBars, keepForOffline, lineOf, offerHeads, save, say, showProgress } from "./page.mjs";
import { expressionText } from "./quality.mjs";
import { Reader } from "./reader.mjs";
import { csv, readingsTable } from "./report.mjs";
import { COLOURS } from "./teach_views.mjs";

/** Cards at once; beyond on request, so that a crowd does not flood the page. */
const CARDS = 12;
const CROP_PX = 176;
const FILM = "films are read by the dashboard's server (Read on: this server), photos here.";

const reader = new Reader(BASE, showProgress);
let look;
let head; // of a visitor's own classes, where one was opened
let photos = []; // { name, file, small, readings, hints, width, height }
let photo; // the one looked at closely
let bitmap; // its picture: a phone's photo takes 50 MB
let chosen = []; // the files, also those that could not be read
let turn = 0; // how often files were read

const layers = () => ({
  number: true,
  ...Object.fromEntries([...document.querySelectorAll("#layers input")].map((box) => [box.value, box.checked])),
});

async function readAll(files) {
  const before = chosen;
  chosen = files;
  const mine = (turn += 1); // what is chosen while these are read takes their place
  const namedAs = byId("named-as").value;
  const [read, failures] = [[], []];
  say("");
  byId("loading").hidden = false;
  for (const [i, file] of files.entries()) {
    byId("loading").textContent = `Reading ${i + 1} of ${count(files.length, "photo")} …`;
    try {
      if (file.type.startsWith("video/")) throw new Trouble(`${file.name}: ${FILM}`);
      const answer = await reader.readPhoto(file, file.name, { learning: true, namedAs });
      read.push({ name: file.name, file, small: await shrunk(file), ...answer });
    } catch (error) {
      failures.push(Object.assign(document.createElement("p"), { className: "notice", textContent: lineOf(error) }));
    }
    if (turn !== mine) return;
  }
  byId("loading").hidden = true;
  byId("failures").replaceChildren(...failures);
  if (failures.length && !read.length) {
    chosen = before; // and what was read of it stays
    return;
  }
  look.named_as = namedAs;
  const place = photos.indexOf(photo);
  photos = read;
  photo = photos.find(({ name }, i) => name === photo?.name && i === place) ?? photos[0];
  showSheet();
  showTable();
  await showPhoto();
}

function showSheet() {
  const sheet = byId("sheet");
  sheet.replaceChildren();
  if (photos.length < 2) return;
  for (const one of photos) {
    const button = document.createElement("button");
    const words = document.createElement("span");
    words.textContent = `${one.name} · ${count(one.readings.length, "face")}`;
    button.append(one.small, words);
    button.setAttribute("aria-pressed", String(one === photo));
    button.onclick = () => {
      photo = one;
      for (const other of sheet.children) other.setAttribute("aria-pressed", String(other === button));
      showPhoto();
    };
    sheet.append(button);
  }
}

async function shrunk(file) {
  const whole = await createImageBitmap(file);
  const small = thumbnail(whole, 0, 0, whole.width, whole.height, 304, 205);
  whole.close();
  return small;
}

/** The part of a picture that fills a canvas of `width` × `height`. */
function thumbnail(picture, x, y, w, h, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const ratio = Math.min(w / width, h / height);
  const [cw, ch] = [width * ratio, height * ratio];
  canvas.getContext("2d").drawImage(picture, x + (w - cw) / 2, y + (h - ch) / 2, cw, ch, 0, 0, width, height);
  return canvas;
}

async function showPhoto() {
  byId("photo").hidden = !photo;
  if (!photo) return;
  const mine = photo;
  const picture = await createImageBitmap(mine.file).catch((error) => say(lineOf(error)));
  if (!picture) return; // it has been moved, say
  if (photo !== mine) return picture.close(); // another was chosen meanwhile
  bitmap?.close();
  bitmap = picture;
  const { name, readings, width, height } = photo;
  const canvas = byId("canvas");
  Object.assign(canvas, { width, height });
  canvas.setAttribute("aria-label", `Picture with ${count(readings.length, "face")} marked`);
  draw();
  byId("caption").textContent = `${name}: ${count(readings.length, "face")}`;
  showCards(CARDS);
}

function draw() {
  if (!bitmap) return;
  const context = byId("canvas").getContext("2d");
  context.clearRect(0, 0, photo.width, photo.height);
  context.drawImage(bitmap, 0, 0, photo.width, photo.height);
  drawReadings(context, photo.readings, look, layers(), photo.width, photo.height);
}

function showCards(most) {
  const { readings, hints, width, height } = photo;
  const cards = byId("cards");
  cards.replaceChildren();
  if (!readings.length) {
    const smallest = Math.max(20, Math.floor(Math.max(width, height) / 50));
    cards.textContent =
      `No face was found in this picture of ${width} × ${height} pixels. What helps: faces seen from ` +
      `the front and upright, with light on them, and wider than about ${smallest} pixels in this picture.`;
    return;
  }
  readings.slice(0, most).forEach((reading, i) => cards.append(card(reading, hints[i], i + 1)));
  if (readings.length > most) {
    const more = Object.assign(document.createElement("button"), { textContent: `Show all ${readings.length} faces` });
    more.onclick = () => showCards(Infinity);
    cards.append(more);
  }
}

/** What the opened head says of a reading: { name, said }, or undefined. */
function ownClass({ example }) {
  if (!head || !example) return undefined;
  const said = Array.from(probabilities(head.layers, Float64Array.from(example.features)));
  return { name: nameOf(head, said), said };
}

async function openHead(file) {
  say("");
  try {
    head = readHead(await file.text(), file.name, look.models.expression?.sha256);
    byId("head-said").textContent = `${file.name}: ${head.classes.join(", ")}`;
    showPhoto();
    showTable();
  } catch (error) {
    say(lineOf(error));
  }
}

function card(reading, hints, number) {
  const { face: { box: [x0, y0, x1, y1] }, said } = reading;
  const element = Object.assign(document.createElement("div"), { className: "card face" });
  const side = 1.36 * Math.max(x1 - x0, y1 - y0);
  const crop = thumbnail(bitmap, (x0 + x1 - side) / 2, (y0 + y1 - side) / 2, side, side, CROP_PX, CROP_PX);
  const words = document.createElement("div");
  words.innerHTML = '<div><b></b> <span></span></div><div class="hints"></div><div></div>';
  words.querySelector("b").textContent = number;
  words.querySelector("span").textContent = said ? expressionText(look.labels, said) : "no expression model";
  for (const hint of hints) {
    words.children[1].append(Object.assign(document.createElement("span"), { textContent: hint }));
  }
  if (said) drawBars(words.children[2], look.labels, Array.from(said), look.colours);
  const own = ownClass(reading);
  if (own) {
    const bars = document.createElement("div");
    drawBars(bars, head.classes, own.said, Object.fromEntries(head.classes.map((name, k) => [name, COLOURS[k]])));
    words.append(Object.assign(document.createElement("p"), { className: "own", textContent: `Your classes: ${own.name}` }), bars);
  }
  element.append(crop, words);
  return element;
}

/** The table of all readings, with the visitor's own classes where a head names them. */
function table() {
  const rows = readingsTable(photos, look);
  if (!head) return rows;
  const own = photos.flatMap(({ readings }) => readings.map(ownClass));
  const columns = ["own_class", ...head.classes.map((name) => `own_p_${name}`)];
  return rows.map((row, i) => [...row, ...(i ? (own[i - 1] ? [own[i - 1].name, ...own[i - 1].said] : columns.map(() => "")) : columns)]);
}

function showTable() {
  const rows = table();
  byId("all").hidden = rows.length < 2;
  byId("all-said").textContent = `All readings: ${count(rows.length - 1, "face")}`;
  const short = (value) => (typeof value === "number" ? Number(value.toFixed(3)) : value);
  byId("readings").replaceChildren(
    ...rows.map((row, i) => {
      const line = document.createElement("tr");
      for (const value of row) {
        line.append(Object.assign(document.createElement(i ? "td" : "th"), { textContent: short(value) }));
      }
      return line;
    }),
  );
}

byId("files").addEventListener("change", ({ target }) => readAll([...target.files]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  byId("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    byId("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop" && look) readAll([...event.dataTransfer.files]);
  });
}
byId("head").addEventListener("change", ({ target }) => openHead(target.files[0]).then(() => (target.value = "")));
byId("layers").addEventListener("change", draw);
byId("save").addEventListener("click", () =>
  byId("canvas").toBlob((blob) => save(blob, "faces.jpg"), "image/jpeg", 0.92),
);
byId("table").addEventListener("click", () =>
  save(csv(table(), 5), "faces.csv", "text/csv"),
);

reader.load().then(
  ({ manifest, labels }) => {
    look = { ...manifest, labels };
    offerHeads(manifest, "head", () => readAll(chosen));
    byId("loading").hidden = true;
    byId("files").disabled = byId("head").disabled = false;
    keepForOffline();
  },
  (error) => {
    byId("loading").hidden = true;
    say(lineOf(error));
  },
);

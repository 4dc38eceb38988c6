// One picture of many faces. A click, or the arrow keys, tell the row of the face meant; with Shift
// or Ctrl, or a line drawn around them with the mouse, several rows at once.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".faces");
  const [image, over, chosen, line, now] = root.children;
  const { rows, across, pitch, size } = data;
  if (image.src !== data.picture) image.src = data.picture;
  root.setAttribute("aria-label", data.alt);
  root.setAttribute("aria-multiselectable", data.several);
  image.style.maxWidth = line.style.maxWidth = `${data.width}px`;
  line.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);

  const place = (frame, i) => {
    frame.hidden = i < 0 || i >= rows.length;
    if (frame.hidden) return;
    // The picture may be narrower than its column: frames are laid over the picture itself.
    const scale = image.clientWidth / size[0];
    frame.style.left = `${(i % across) * pitch[0] * scale}px`;
    frame.style.top = `${Math.floor(i / across) * pitch[1] * scale}px`;
    frame.style.width = `${pitch[0] * scale}px`;
    frame.style.height = `${pitch[1] * scale}px`;
  };
  // In pixels of the picture as it was made.
  const point = (event) => {
    const box = image.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * size[0],
            ((event.clientY - box.top) / box.height) * size[1]];
  };
  const cell = ([x, y]) => {
    const column = Math.floor(x / pitch[0]);
    return column >= 0 && column < across ? Math.floor(y / pitch[1]) * across + column : -1;
  };
  let at = rows.indexOf(data.chosen);
  let picked = new Set(data.picked.map((row) => rows.indexOf(row)));
  picked.delete(-1);
  const frames = [...root.querySelectorAll(".picked")]; // this runs again whenever data is new
  const redraw = () => {
    place(chosen, at);
    place(over, -1);
    now.textContent = at < 0 ? "no face chosen"
      : `face ${at + 1} of ${rows.length} ${data.captions[at] ?? ""}`; // said aloud
    while (frames.length < picked.size) {
      frames.push(root.appendChild(document.createElement("i")));
      frames.at(-1).className = "picked";
    }
    const places = [...picked];
    frames.forEach((frame, n) => place(frame, n < places.length ? places[n] : -1));
  };
  const choose = (i) => {
    if (i < 0 || i >= rows.length) return;
    at = i;
    picked.clear();
    redraw(); // shown at once, confirmed by the server
    setTriggerValue("clicked", rows[i]);
  };
  const pick = (places) => {
    picked = new Set(places.filter((i) => i >= 0 && i < rows.length));
    redraw();
    setTriggerValue("picked", [...picked].sort((a, b) => a - b).map((i) => rows[i]));
  };
  const upTo = (i) => {
    const [low, high] = at < i ? [Math.max(at, 0), i] : [i, at];
    return Array.from({ length: high - low + 1 }, (_, n) => low + n);
  };
  const toggled = (i) => {
    const now = picked.size ? [...picked] : [at];
    return now.includes(i) ? now.filter((other) => other !== i) : [...now, i];
  };

  let path = null; // of a drag
  const far = () => path.some(([x, y]) => Math.hypot(x - path[0][0], y - path[0][1]) > 12);
  const inside = ([x, y]) => path.reduce((odd, [bx, by], n) => {
    const [ax, ay] = path.at(n - 1);
    return (ay > y) !== (by > y) && x < ax + ((y - ay) / (by - ay)) * (bx - ax) ? !odd : odd;
  }, false);
  const lassoed = () => {
    const met = new Set(path.map(cell));
    return rows.map((_, i) => i).filter((i) => met.has(i) || inside(
      [((i % across) + 0.5) * pitch[0], (Math.floor(i / across) + 0.5) * pitch[1]]));
  };
  let drew = false; // the click that ends a drag means no face
  image.draggable = false;
  image.onpointerdown = (event) => {
    drew = false;
    // With a finger a drag scrolls the page.
    if (!data.several || event.button || event.pointerType === "touch") return;
    path = [point(event)];
    image.setPointerCapture(event.pointerId);
  };
  image.onpointermove = (event) => {
    place(over, path ? -1 : cell(point(event)));
    if (!path) return;
    path.push(point(event));
    line.firstElementChild.setAttribute("points", far() ? path.join(" ") : "");
  };
  image.onpointerup = (event) => {
    drew = Boolean(path) && far();
    const faces = drew ? lassoed() : [];
    path = null;
    line.firstElementChild.setAttribute("points", "");
    if (drew) pick(event.shiftKey || event.ctrlKey || event.metaKey ? [...picked, ...faces] : faces);
  };
  image.onpointercancel = () => { path = null; line.firstElementChild.setAttribute("points", ""); };
  image.onpointerleave = () => place(over, -1);
  image.onclick = (event) => {
    const i = cell(point(event));
    if (drew || i < 0 || i >= rows.length) return;
    if (data.several && event.shiftKey) pick(upTo(i));
    else if (data.several && (event.ctrlKey || event.metaKey)) pick(toggled(i));
    else choose(i);
  };
  let end = at; // of what Shift and the arrows chose
  root.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
    const all = data.several && event.key === "a" && (event.ctrlKey || event.metaKey);
    const none = event.key === "Escape" && picked.size;
    if (!step && !all && !none) return;
    event.preventDefault();
    event.stopPropagation(); // the page has its own meaning for the arrows
    if (all) pick(rows.map((_, i) => i));
    else if (none) pick([]);
    else {
      if (!event.shiftKey || !picked.size) end = at;
      end = Math.min(Math.max(end + step, 0), rows.length - 1);
      if (data.several && event.shiftKey) pick(upTo(end));
      else choose(end);
    }
  };
  root.observer?.disconnect(); // the one before knows the faces before
  root.observer = new ResizeObserver(redraw);
  root.observer.observe(image);
  redraw();
  return () => root.observer.disconnect();
}

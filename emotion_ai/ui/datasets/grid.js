// One picture of many faces. A click, or the arrow keys and Enter, tell the row of the face meant.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".faces");
  const [image, over, chosen] = root.children;
  const { rows, across, pitch, size } = data;
  if (image.src !== data.picture) image.src = data.picture;
  image.alt = data.alt;
  image.style.maxWidth = `${data.width}px`;

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
  const cell = (event) => {
    const box = image.getBoundingClientRect();
    const x = Math.floor(((event.clientX - box.left) / box.width) * size[0] / pitch[0]);
    const y = Math.floor(((event.clientY - box.top) / box.height) * size[1] / pitch[1]);
    return x >= 0 && x < across ? y * across + x : -1;
  };
  let at = rows.indexOf(data.chosen);
  const choose = (i) => {
    if (i < 0 || i >= rows.length) return;
    at = i;
    place(chosen, i); // shown at once, confirmed by the server
    setTriggerValue("clicked", rows[i]);
  };
  const redraw = () => { place(chosen, at); place(over, -1); };

  image.onmousemove = (event) => place(over, cell(event));
  image.onmouseleave = () => place(over, -1);
  image.onclick = (event) => choose(cell(event));
  root.onkeydown = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation(); // the page has its own meaning for the arrows
    choose(Math.min(Math.max(at + step, 0), rows.length - 1));
  };
  const observer = new ResizeObserver(redraw);
  observer.observe(image);
  redraw();
  return () => observer.disconnect();
}

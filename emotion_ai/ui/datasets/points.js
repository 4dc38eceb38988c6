// A click on a point of a Plotly chart of the page, told as its trace and its place there; [] for a
// click beside all of them. Plotly itself only draws lines while a line can be drawn.
const REACH_PX = 12, STILL_PX = 4;

export default function ({ data, setTriggerValue }) {
  const inside = `.${data.chart} .js-plotly-plot`;
  let down = null;
  const pressed = (event) => {
    const plot = event.target.closest?.(inside);
    const area = plot && event.button === 0 && event.target.classList.contains("nsewdrag");
    down = area ? { plot, area: event.target, x: event.clientX, y: event.clientY } : null;
  };
  const released = (event) => {
    const start = down;
    down = null;
    if (!start || Math.hypot(event.clientX - start.x, event.clientY - start.y) > STILL_PX) return;
    setTriggerValue("clicked", nearest(start));
  };
  document.addEventListener("pointerdown", pressed, true);
  window.addEventListener("pointerup", released, true); // over the plot lies a cover by then
  return () => {
    document.removeEventListener("pointerdown", pressed, true);
    window.removeEventListener("pointerup", released, true);
  };
}

function nearest({ plot, area, x, y }) {
  const box = area.getBoundingClientRect();
  const { xaxis, yaxis } = plot._fullLayout;
  let found = [], least = REACH_PX;
  plot._fullData.forEach((trace, n) => {
    if (trace.visible !== true) return; // hidden by a click in the legend
    for (let i = 0; i < trace.x.length; i++) {
      const far = Math.hypot(xaxis.l2p(trace.x[i]) - (x - box.left),
                             yaxis.l2p(trace.y[i]) - (y - box.top));
      if (far < least) [found, least] = [[n, i], far];
    }
  });
  return found;
}

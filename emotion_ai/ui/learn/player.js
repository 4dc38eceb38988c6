// Plays the frames of a Plotly chart of the page, and tells the server where it was stopped.
export default function ({ data, parentElement, setTriggerValue }) {
  const film = parentElement.querySelector(".film");
  const [button, slider, caption] = film.children;
  const last = data.captions.length - 1;
  let at = data.at, playing = 0;

  const say = () => {
    slider.max = last;
    slider.value = at;
    slider.setAttribute("aria-valuetext", data.captions[at]);
    caption.textContent = data.captions[at];
    button.textContent = playing ? "❚❚" : "▶";
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
  };
  const show = (i) => {
    at = i;
    say();
    const chart = document.querySelector(`.${data.chart} .js-plotly-plot`);
    const options = {
      mode: "immediate", transition: { duration: 0 }, frame: { duration: 0, redraw: data.redraw },
    };
    return chart ? window.Plotly.animate(chart, [String(i)], options).catch(() => {}) : null;
  };
  const stop = () => {
    clearTimeout(playing);
    playing = 0;
    say();
    if (at !== data.at) setTriggerValue("stopped", at);
  };
  const next = async () => {
    const started = performance.now();
    const mine = playing;
    await show(at + 1);
    if (mine !== playing) return; // stopped meanwhile
    if (at >= last) return stop();
    playing = setTimeout(next, Math.max(0, data.ms - (performance.now() - started)));
  };

  button.onclick = () => {
    if (playing) return stop();
    if (at >= last) at = -1;
    playing = setTimeout(next, 0);
    button.textContent = "❚❚";
    button.setAttribute("aria-label", "Pause");
  };
  slider.oninput = () => {
    clearTimeout(playing);
    playing = 0;
    show(Number(slider.value));
  };
  slider.onchange = stop;
  say();
  return () => clearTimeout(playing);
}

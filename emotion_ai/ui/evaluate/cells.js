// A button over each cell of a Plotly matrix of the page: one stop for Tab, arrows from there.
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cells");
  const { rows, columns, counts } = data;
  const n = rows.length * columns.length;
  while (root.children.length > n) root.lastChild.remove();
  while (root.children.length < n) root.appendChild(document.createElement("button")).type = "button";
  const cells = [...root.children];
  const focusable = (at) => cells.forEach((cell, i) => { cell.tabIndex = i === at ? 0 : -1; });

  cells.forEach((cell, i) => {
    const [row, column] = [Math.floor(i / columns.length), i % columns.length];
    cell.setAttribute("aria-label", `${rows[row]}, named ${columns[column]}: ${counts[row][column]}`);
    cell.setAttribute("aria-pressed", i === data.chosen);
    cell.onclick = () => { focusable(i); setTriggerValue("pressed", i); };
    cell.onkeydown = (event) => {
      const [down, right] =
        { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key] ?? [];
      if (down === undefined) return;
      event.preventDefault();
      event.stopPropagation(); // the page has its own meaning for the arrows
      if (!rows[row + down] || !columns[column + right]) return;
      const next = i + down * columns.length + right;
      focusable(next);
      cells[next].focus({ preventScroll: true });
    };
  });
  focusable(data.chosen);

  const lay = () => {
    // Looked for each time: the chart is drawn after this, and anew.
    const chart = document.querySelector(`.${data.chart} .js-plotly-plot`);
    const { xaxis, yaxis } = chart?._fullLayout ?? {};
    if (!xaxis?._length) return;
    const plot = chart.getBoundingClientRect(), own = root.getBoundingClientRect();
    const [width, height] = [xaxis._length / columns.length, yaxis._length / rows.length];
    cells.forEach((cell, i) => {
      const [row, column] = [Math.floor(i / columns.length), i % columns.length];
      const x = plot.left - own.left + xaxis._offset + xaxis.c2p(column) - width / 2;
      const y = plot.top - own.top + yaxis._offset + yaxis.c2p(row) - height / 2;
      cell.style.cssText = `left:${x}px;top:${y}px;width:${width}px;height:${height}px`;
    });
  };
  const observer = new ResizeObserver(lay);
  observer.observe(root);
  root.addEventListener("focusin", lay); // the chart may have been drawn, or moved, since
  return () => { observer.disconnect(); root.removeEventListener("focusin", lay); };
}

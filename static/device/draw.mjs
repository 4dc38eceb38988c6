// Readings become lines and dots on a canvas (`faces/drawing.py`).

/** As they lie in the mirror image of a frame `width` pixels wide; names do not change. */
export function mirrored(reading, width) {
  const { face: { box: [x0, y0, x1, y1], score }, points } = reading;
  return {
    ...reading,
    face: { box: [width - x1, y0, width - x0, y1], score },
    points: points && points.map((value, i) => (i % 2 ? value : width - 1 - value)),
  };
}

/**
 * Boxes in the colour of the expression, its name, keypoints by the subject's side. `look` holds
 * `labels`, `colours` of expressions, `sides` of keypoints, `side_colours`; `layers` what to draw:
 * `box`, `points`, `name`, `probability`, `number`.
 */
export function drawReadings(context, readings, look, layers, width, height) {
  const stroke = Math.max(1, Math.round(Math.max(width, height) / 700));
  readings.forEach((reading, i) => {
    const { face: { box: [x0, y0, x1, y1] }, said, points } = reading;
    const likeliest = said ? said.indexOf(Math.max(...said)) : -1;
    const colour = said ? look.colours[look.labels[likeliest]] : "#FFFFFF";
    if (layers.box) {
      for (const [ink, extra] of [["#000000", 2], [colour, 0]]) {
        context.strokeStyle = ink;
        context.lineWidth = stroke + extra;
        context.strokeRect(x0, y0, x1 - x0, y1 - y0);
      }
    }
    if (layers.points && points) drawKeypoints(context, points, look, Math.max(1.5, (x1 - x0) / 60));
    const words = layers.number ? [reading.number ?? i + 1] : [];
    if (said && layers.name) {
      words.push(look.labels[likeliest]);
      if (layers.probability) words.push(said[likeliest].toFixed(2));
    }
    if (words.length) {
      const size = 22 * Math.min(Math.max((x1 - x0) / 190, 0.5), 3);
      drawPlate(context, words.join(" "), x0, y0, colour, size, width);
    }
  });
}

function drawKeypoints(context, points, look, radius) {
  look.sides.forEach((side, i) => {
    const [x, y] = [points[2 * i], points[2 * i + 1]];
    if (!Number.isFinite(x + y)) return;
    for (const [ink, size] of [["#000000", radius * 1.35], [look.side_colours[side], radius]]) {
      context.fillStyle = ink;
      context.beginPath();
      context.arc(x + 0.5, y + 0.5, size, 0, 2 * Math.PI);
      context.fill();
    }
  });
}

/** Text on a plate above the box, or inside it at the frame's top; kept within the frame. */
function drawPlate(context, text, left, top, colour, size, width) {
  context.font = `600 ${size}px system-ui, sans-serif`;
  const wide = context.measureText(text).width + 0.6 * size;
  const high = 1.35 * size;
  const x = Math.min(Math.max(left, 0), Math.max(0, width - wide));
  const y = top >= high ? top - high : top;
  context.fillStyle = colour;
  context.fillRect(x, y, wide, high);
  context.fillStyle = inkOn(colour);
  context.textBaseline = "middle";
  context.fillText(text, x + 0.3 * size, y + high / 2);
}

/** Black or white, whichever can be read on a colour. */
export function inkOn(colour) {
  const parts = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16));
  return 0.299 * parts[0] + 0.587 * parts[1] + 0.114 * parts[2] > 110 ? "#000000" : "#FFFFFF";
}

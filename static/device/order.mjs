// The order in which the faces of a photo are numbered (`faces/order.py`).

const middleY = ({ box: [, y0, , y1] }) => (y0 + y1) / 2;

/** Rows from the top, each from left to right; a face is { box }. */
export function inReadingOrder(faces) {
  const rows = [];
  for (const face of [...faces].sort((a, b) => middleY(a) - middleY(b))) {
    const row = rows.at(-1);
    if (row && middleY(face) < row[0].box[3]) row.push(face);
    else rows.push([face]);
  }
  return rows.flatMap((row) => row.sort((a, b) => a.box[0] - b.box[0]));
}

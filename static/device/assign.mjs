// Which face is which: pairs of least total cost (Kuhn 1955, the Hungarian method).

/** For a matrix of costs (rows × columns) the column of each row, -1 for rows left over. */
export function leastCost(cost) {
  const rows = cost.length;
  const columns = rows ? cost[0].length : 0;
  if (!rows || !columns) return new Array(rows).fill(-1);
  if (rows > columns) {
    const turned = leastCost(Array.from({ length: columns }, (_, j) => cost.map((row) => row[j])));
    const pairs = new Array(rows).fill(-1);
    turned.forEach((row, column) => (pairs[row] = column));
    return pairs;
  }
  // Potentials of rows and columns; row 0 and column 0 stand for "nobody".
  const u = new Array(rows + 1).fill(0);
  const v = new Array(columns + 1).fill(0);
  const rowOf = new Array(columns + 1).fill(0);
  for (let row = 1; row <= rows; row++) {
    const way = new Array(columns + 1).fill(0);
    const least = new Array(columns + 1).fill(Infinity);
    const used = new Array(columns + 1).fill(false);
    rowOf[0] = row;
    let column = 0;
    while (rowOf[column]) {
      used[column] = true;
      const at = rowOf[column];
      let delta = Infinity;
      let next = 0;
      for (let j = 1; j <= columns; j++) {
        if (used[j]) continue;
        const now = cost[at - 1][j - 1] - u[at] - v[j];
        if (now < least[j]) [least[j], way[j]] = [now, column];
        if (least[j] < delta) [delta, next] = [least[j], j];
      }
      for (let j = 0; j <= columns; j++) {
        if (used[j]) {
          u[rowOf[j]] += delta;
          v[j] -= delta;
        } else least[j] -= delta;
      }
      column = next;
    }
    while (column) {
      rowOf[column] = rowOf[way[column]];
      column = way[column];
    }
  }
  const pairs = new Array(rows).fill(-1);
  for (let j = 1; j <= columns; j++) if (rowOf[j]) pairs[rowOf[j] - 1] = j - 1;
  return pairs;
}

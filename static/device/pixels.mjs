// Pictures made smaller and larger as OpenCV does it, so that the networks see what they learnt on.
//
// A picture is { data, width, height }: RGBA, uint8, row by row.

/** No square takes more room than this one, however large the face. */
const LARGEST_PX = 4096;

/**
 * A square of a picture, `side` pixels wide, in grey: { grey, side } with the side it has now.
 * Beyond the picture its edge is repeated.
 */
export function greySquare({ data, width, height }, left, top, wanted) {
  const side = Math.min(wanted, LARGEST_PX);
  const step = wanted / side;
  const grey = new Uint8Array(side * side);
  for (let y = 0, at = 0; y < side; y++) {
    const row = Math.min(Math.max(top + Math.floor(y * step), 0), height - 1) * width;
    for (let x = 0; x < side; x++, at++) {
      const i = 4 * (row + Math.min(Math.max(left + Math.floor(x * step), 0), width - 1));
      grey[at] = (4899 * data[i] + 9617 * data[i + 1] + 1868 * data[i + 2] + 8192) >> 14;
    }
  }
  return { grey, side };
}

/** A grey square at another size: averaged over areas to shrink, cubic to enlarge. */
export function resizeSquare({ grey, side }, size) {
  if (side === size) return grey.slice();
  const taps = side > size ? areaTaps(side, size) : cubicTaps(side, size);
  return separable(grey, side, side, size, size, 1, taps, taps);
}

/** A picture shrunk by averaging areas (OpenCV's INTER_AREA). */
export function shrink({ data, width, height }, toWidth, toHeight) {
  const across = areaTaps(width, toWidth);
  const down = areaTaps(height, toHeight);
  return {
    data: separable(data, width, height, toWidth, toHeight, 4, across, down),
    width: toWidth,
    height: toHeight,
  };
}

/** For each target pixel the source pixels it is made of: { first, weights }. */
function areaTaps(from, to) {
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const start = i * scale;
    const end = Math.min(start + scale, from);
    const first = Math.floor(start + 1e-6);
    const last = Math.max(first, Math.ceil(end - 1e-6) - 1);
    const weights = [];
    for (let j = first; j <= last; j++) {
      weights.push((Math.min(end, j + 1) - Math.max(start, j)) / (end - start));
    }
    return { first, weights };
  });
}

/** Four pixels each, by Keys' kernel with a = -0.75 as in OpenCV; the edge is repeated. */
function cubicTaps(from, to) {
  const a = -0.75;
  const scale = from / to;
  return Array.from({ length: to }, (_, i) => {
    const at = (i + 0.5) * scale - 0.5;
    const floor = Math.floor(at);
    const t = at - floor;
    const kernel = [
      ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a,
      ((a + 2) * t - (a + 3)) * t * t + 1,
      ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1,
    ];
    kernel.push(1 - kernel[0] - kernel[1] - kernel[2]);
    const place = (j) => Math.min(Math.max(floor - 1 + j, 0), from - 1);
    const first = place(0);
    const weights = new Array(place(3) - first + 1).fill(0);
    kernel.forEach((weight, j) => (weights[place(j) - first] += weight));
    return { first, weights };
  });
}

/** First the rows, then the columns; `channels` values a pixel. */
function separable(data, width, height, toWidth, toHeight, channels, across, down) {
  const wide = toWidth * channels;
  const out = new Uint8Array(toHeight * wide);
  const rows = new Map(); // rows made narrower, as long as they are needed
  const total = new Float32Array(wide);
  for (let y = 0; y < toHeight; y++) {
    const { first, weights } = down[y];
    total.fill(0);
    for (let j = 0; j < weights.length; j++) {
      const source = first + j;
      if (!rows.has(source)) {
        const row = new Float32Array(wide);
        narrow(data, source * width * channels, row, channels, across);
        rows.set(source, row);
      }
      const row = rows.get(source);
      const weight = weights[j];
      for (let x = 0; x < wide; x++) total[x] += weight * row[x];
    }
    const next = y + 1 < toHeight ? down[y + 1].first : height;
    for (const source of rows.keys()) if (source < next) rows.delete(source);
    for (let x = 0, at = y * wide; x < wide; x++, at++) {
      out[at] = Math.min(Math.max(Math.round(total[x]), 0), 255);
    }
  }
  return out;
}

function narrow(data, start, row, channels, across) {
  for (let x = 0, at = 0; x < across.length; x++) {
    const { first, weights } = across[x];
    for (let c = 0; c < channels; c++, at++) {
      let sum = 0;
      for (let j = 0, i = start + first * channels + c; j < weights.length; j++, i += channels) {
        sum += weights[j] * data[i];
      }
      row[at] = sum;
    }
  }
}

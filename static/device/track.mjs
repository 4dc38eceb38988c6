// Faces from frame to frame: which is which, and values that do not jitter (`reading/tracking.py`).
//
// Numbers given to faces last only while they are on screen. Times are in seconds of a steady clock.

import { leastCost } from "./assign.mjs";

// As in `reading/tracking.py`, which says why.
const GAP_S = 0.4;
const GEOMETRY_SHARE = 0.2;
const MOVEMENT = 0.06;
const AGREEMENT = 0.02;
const HIGHEST_COST = 1.2;

const sizeOf = ([x0, y0, x1, y1]) => Math.max(x1 - x0, y1 - y0);

/** 1 minus the overlap, plus the distance of the centres in sizes of the larger face. */
export function assignmentCost(a, b) {
  const [aw, ah, bw, bh] = [a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1]];
  const across = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const down = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const shared = across * down;
  const union = aw * ah + bw * bh - shared;
  const apart = Math.hypot((a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2);
  const largest = Math.max(aw, ah, bw, bh, 1e-9);
  return 1 - shared / Math.max(union, 1e-9) + apart / largest;
}

/** For each index into `now` the index into `before` of the same face: a Map. */
export function assign(before, now) {
  const cost = before.map((a) => now.map((b) => assignmentCost(a.box, b.box)));
  // Pairs that cannot be one face all cost the same, so that none of them displaces a real pair.
  const pairs = leastCost(cost.map((row) => row.map((c) => (c > HIGHEST_COST ? 1e3 : c))));
  return new Map(
    pairs.flatMap((j, i) => (j >= 0 && cost[i][j] < HIGHEST_COST ? [[j, i]] : [])),
  );
}

export class Tracker {
  constructor(smoothingS = 0.5) {
    this.smoothingS = smoothingS;
    this.tracks = [];
    this.next = 1;
  }

  /** Take in a detection of the whole frame; faces gone for `GAP_S` are forgotten. */
  detected(faces, timeS) {
    const before = this.tracks.slice();
    const pairs = assign(before.map((track) => track.box), faces);
    const kept = new Set(pairs.values());
    const missing = before.filter((_, i) => !kept.has(i));
    faces.forEach((face, j) => {
      if (pairs.has(j)) {
        const track = before[pairs.get(j)];
        this.move(track, face, timeS);
        track.detections += 1;
        return;
      }
      const reading = { face, points: null, said: null };
      this.tracks.push({
        number: this.next++, reading, box: face, seenS: timeS, readS: -Infinity, detections: 1,
      });
    });
    // A missing face under a found one is the same face, lost and found.
    const lost = missing.filter(
      (track) =>
        timeS - track.seenS > GAP_S ||
        faces.some((face) => assignmentCost(track.box.box, face.box) < HIGHEST_COST),
    );
    this.tracks = this.tracks.filter((track) => !lost.includes(track));
  }

  move(track, face, timeS) {
    const { reading } = track;
    const old = reading.face.box;
    const box = this.steadied(old, face.box, sizeOf(face.box), timeS - track.seenS);
    const points = carried(reading.points, old, box);
    track.reading = { ...reading, face: { box, score: face.score }, points };
    [track.box, track.seenS] = [face, timeS];
  }

  /** Blend what the networks just said of `track.box` into the track. */
  wasRead(track, reading, timeS) {
    const passedS = timeS - track.readS;
    const old = track.reading;
    let { points, said } = reading;
    if (points && old.points) {
      points = this.steadied(old.points, points, sizeOf(track.box.box), passedS);
    }
    if (said && old.said) {
      const weight = newest(passedS, this.smoothingS);
      said = said.map((value, i) => old.said[i] * (1 - weight) + value * weight);
    }
    track.reading = { face: old.face, points, said };
    track.readS = timeS;
  }

  /** Between detections: move the box as the freshly read keypoints moved, if they agree. */
  follow(track, reading) {
    const [before, now] = [track.reading.points, reading.points];
    if (!before || !now) return;
    const size = sizeOf(track.box.box);
    const shifts = Array.from(now, (value, i) => value - before[i]);
    if (!shifts.every(Number.isFinite)) return;
    const shift = [0, 1].map((axis) => median(shifts.filter((_, i) => i % 2 === axis)));
    const apart = median(shifts.map((value, i) => Math.abs(value - shift[i % 2])));
    if (apart > AGREEMENT * size || Math.max(...shift.map(Math.abs)) > size / 4) return;
    track.box = shifted(track.box, shift);
    track.reading = { ...track.reading, face: shifted(track.reading.face, shift) };
  }

  /** `now` pulled towards `old`: much for jitter, not at all for a movement. */
  steadied(old, now, sizePx, passedS) {
    let [sum, count] = [0, 0];
    now.forEach((value, i) => {
      const apart = Math.abs(value - old[i]);
      if (!Number.isNaN(apart)) [sum, count] = [sum + apart, count + 1];
    });
    const moved = sum / count / (MOVEMENT * Math.max(sizePx, 1));
    const weight = Number.isFinite(moved)
      ? Math.min(1, newest(passedS, this.smoothingS * GEOMETRY_SHARE) + moved)
      : 1;
    return now.map((value, i) => old[i] + (value - old[i]) * weight);
  }
}

/** What the newest value counts after `passedS`: a first-order low-pass. */
export function newest(passedS, timeConstantS) {
  return timeConstantS <= 0 ? 1 : 1 - Math.exp(-Math.max(passedS, 0) / timeConstantS);
}

export function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const shifted = ({ box, score }, [x, y]) => ({
  box: box.map((value, i) => value + (i % 2 ? y : x)),
  score,
});

/** Keypoints moved and scaled as their box was. */
function carried(points, old, now) {
  if (!points) return null;
  const scale = [0, 1].map((a) => (now[a + 2] - now[a]) / Math.max(old[a + 2] - old[a], 1e-6));
  return points.map((value, i) => (value + 0.5 - old[i % 2]) * scale[i % 2] + now[i % 2] - 0.5);
}

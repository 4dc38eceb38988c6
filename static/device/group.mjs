// How a group looks over time: shares of expressions, never a single face (`reading/group.py`).
//
// Only sums over all faces of a second are kept, and a second counts only when there were enough of
// them. Times are in seconds of one steady clock.

export class GroupTimeline {
  /** `soft` adds probabilities up instead of counting each face for its likeliest expression. */
  constructor(labels, fewest, soft = false) {
    [this.labels, this.fewest, this.soft] = [labels, fewest, soft];
    this.clear();
  }

  /** Start a new session. */
  clear() {
    this.bins = new Map();
    this.last = 0; // the newest second
    this.markers = [];
    this.startS = null;
  }

  /** One frame: what every face in it looks like. Only the sum over the faces is kept. */
  add(timeS, said) {
    this.startS ??= timeS;
    const second = Math.floor(timeS - this.startS);
    this.last = Math.max(this.last, second);
    if (!this.bins.has(second)) {
      this.bins.set(second, { sums: this.labels.map(() => 0), faces: 0, frames: 0, tooFew: 0 });
    }
    const bin = this.bins.get(second);
    if (said.length < this.fewest) {
      bin.tooFew += 1;
      return;
    }
    for (const probabilities of said) {
      const likeliest = probabilities.indexOf(Math.max(...probabilities));
      probabilities.forEach((value, i) => (bin.sums[i] += this.soft ? value : Number(i === likeliest)));
    }
    bin.faces += said.length;
    bin.frames += 1;
  }

  /** Note `text` at `timeS`. */
  mark(text, timeS) {
    const words = text.split(/\s+/).filter(Boolean).join(" ").slice(0, 80);
    this.markers.push({ timeS: Math.max(0, timeS - (this.startS ?? timeS)), text: words });
  }

  /** A row a second: { timeS, faces, shares }; without enough faces `faces` and `shares` are null. */
  shares(lastS = Infinity) {
    if (!this.bins.size) return [];
    const { last } = this;
    const rows = [];
    for (let second = Math.max(0, last - lastS + 1); second <= last; second++) rows.push(this.row(second));
    return rows;
  }

  /** Forget what is older than so many seconds. */
  keep(lastS) {
    for (const second of this.bins.keys()) {
      if (second > this.last - lastS) break; // in the order they were added
      this.bins.delete(second);
    }
  }

  row(second) {
    const bin = this.bins.get(second);
    const faces = bin?.frames ? bin.faces / bin.frames : 0;
    // `fewest` may have been raised since the frames came.
    if (faces < this.fewest || bin.frames < bin.tooFew) return { timeS: second, faces: null, shares: null };
    return { timeS: second, faces, shares: bin.sums.map((value) => value / bin.faces) };
  }

  /** What is left of a session; every second counts alike in `totals`, null when none counted. */
  summary() {
    const rows = this.shares();
    const counted = rows.filter((row) => row.shares);
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      labels: this.labels,
      fewest: this.fewest,
      durationS: rows.length,
      rows,
      totals: counted.length ? this.labels.map((_, i) => mean(counted.map((row) => row.shares[i]))) : null,
      facesMean: counted.length ? mean(counted.map((row) => row.faces)) : 0,
      markers: this.markers.slice(),
    };
  }
}

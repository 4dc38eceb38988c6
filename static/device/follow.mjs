// Reads the faces of a stream at the pace it comes (`reading/follower.py`, which says why so).

import { Tracker } from "./track.mjs";

export class FaceFollower {
  /** `pace`: { side_px, detect_s }, one of `manifest.paces`. */
  constructor(predictor, pace, smoothingS = 0.5) {
    [this.predictor, this.pace] = [predictor, pace];
    this.tracker = new Tracker(smoothingS);
    this.detectedS = -Infinity;
  }

  /** The tracks of the faces on screen in a picture taken at `timeS`. */
  async follow(picture, timeS) {
    const { tracker, predictor } = this;
    const detect = !tracker.tracks.length || timeS - this.detectedS >= this.pace.detect_s;
    if (detect) {
      this.detectedS = timeS;
      tracker.detected(await predictor.detector.detect(picture, this.pace.side_px), timeS);
    }
    const unread = tracker.tracks.slice().sort((a, b) => a.readS - b.readS || 0);
    const tracks = unread.slice(0, predictor.manifest.batch);
    const readings = await predictor.readFaces(picture, tracks.map((track) => track.box));
    tracks.forEach((track, i) => {
      if (!detect) tracker.follow(track, readings[i]);
      tracker.wasRead(track, readings[i], timeS);
      track.example = readings[i].example; // as it is: what is learnt from is not smoothed
    });
    return tracker.tracks;
  }
}

// @ts-check
/**
 * What was rendered is heard a little later, by the latency of the loudspeaker: these know how far each utterance was
 * heard at a moment, and when the server must be told.
 *
 * @typedef {{utterance: number, frame: number, over: boolean, at: number}} TimedMark
 *   the first `frame` frames of an utterance are out at `at`, in seconds of the sound card's clock
 */
export class Heard {
  constructor() {
    /** @type {TimedMark[]} */
    this._marks = [];
  }

  /** @param {TimedMark[]} marks in order */
  add(marks) {
    this._marks.push(...marks);
  }

  /** The latest mark of each utterance that is out by now; they are forgotten. @param {number} now */
  until(now) {
    const count = this._marks.findIndex((mark) => mark.at > now);
    /** @type {Map<number, TimedMark>} */
    const latest = new Map();
    for (const mark of this._marks.splice(0, count < 0 ? this._marks.length : count)) latest.set(mark.utterance, mark);
    return [...latest.values()];
  }

  clear() {
    this._marks = [];
  }
}

/** Which of many marks are reported: the first and the last of each utterance, and one every so often between them. */
export class Reports {
  /** @param {number} [every] seconds */
  constructor(every = 0.2) {
    this._every = every;
    this._utterance = Number.NaN;
    this._last = Number.NEGATIVE_INFINITY;
  }

  /** Whether the server must be told of this mark. @param {TimedMark} mark */
  due(mark) {
    const isDue = mark.over || mark.utterance !== this._utterance || mark.at - this._last >= this._every;
    if (isDue) {
      this._utterance = mark.utterance;
      this._last = mark.at;
    }
    return isDue;
  }
}

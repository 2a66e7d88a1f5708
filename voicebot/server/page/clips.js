// @ts-check
/**
 * The sound this tab was sent, kept so that it can be heard again: as much as is worth keeping, the oldest goes first.
 *
 * @typedef {{number: number, turn: string, index: number, shown: string, rate: number, channels: number,
 *   frames: number, timeline: import("./timeline.js").Timed[] | null, before: number, samples: Int16Array[], whole: boolean}} Clip
 *   `before`: seconds of the same utterance in the clips before it
 */
const MOST_FRAMES = 24_000 * 60 * 8;

export class Clips {
  constructor(most = MOST_FRAMES) {
    /** @type {Map<number, Clip>} */
    this._clips = new Map();
    this._frames = 0;
    this._most = most;
  }

  /** @param {Record<string, any>} begin the message audio_begin @returns {Clip} */
  begin(begin) {
    const before = this.of(begin.turn).filter((clip) => clip.index === begin.index);
    const seconds = before.reduce((sum, clip) => sum + clip.frames / clip.rate, 0);
    /** @type {Clip} */
    const clip = {
      number: begin.utterance,
      turn: begin.turn,
      index: begin.index,
      shown: begin.shown ?? "",
      rate: begin.rate,
      channels: begin.channels,
      frames: begin.frames ?? 0,
      timeline: begin.timeline ?? null,
      before: seconds,
      samples: [],
      whole: false,
    };
    this._clips.set(clip.number, clip);
    return clip;
  }

  /** @param {number} number */
  find(number) {
    return this._clips.get(number);
  }

  /** @param {number} number @param {Int16Array} samples */
  push(number, samples) {
    const clip = this._clips.get(number);
    if (!clip) return;
    clip.samples.push(samples);
    this._frames += samples.length;
    for (const [oldest, one] of this._clips) {
      if (this._frames <= this._most || oldest === number) break;
      this._frames -= one.samples.reduce((sum, part) => sum + part.length, 0);
      this._clips.delete(oldest);
    }
  }

  /** @param {number} number @param {number} frames */
  end(number, frames) {
    const clip = this._clips.get(number);
    if (!clip) return;
    clip.frames = frames;
    clip.whole = clip.samples.reduce((sum, part) => sum + part.length, 0) === frames * clip.channels;
  }

  /** What there is of a turn, in order. @param {string} turn */
  of(turn) {
    return [...this._clips.values()].filter((clip) => clip.turn === turn);
  }
}

// @ts-check
import { Resampler } from "./resampler.js";
import { Ring } from "./ring.js";

/**
 * Utterances one behind the other without a seam, at the rate of whoever asks for blocks of sound. It knows neither the
 * clock nor the sound card: the worklet and the scheduled buffers both ask it.
 *
 * @typedef {{utterance: number, frame: number, over: boolean, offset: number}} Mark
 *   the first `frame` frames of an utterance are in what was rendered up to `offset` frames of the block
 * @typedef {{utterance: number, start: number, frames: number | null}} Piece
 *   where an utterance begins in its stream, and how long it is once that is known
 */
export const FADE_SECONDS = 0.005;

/** Utterances of one rate, joined. */
class Stream {
  /** @param {number} rate @param {number} channels @param {number} outRate */
  constructor(rate, channels, outRate) {
    this.rate = rate;
    this.channels = channels;
    this.resampler = new Resampler(rate, outRate);
    this.rings = Array.from({ length: channels }, () => new Ring());
    /** @type {Piece[]} */
    this.pieces = [];
    /** Frames that came out. */
    this.frame = 0;
  }

  get end() {
    return this.rings[0].next;
  }

  /** The place that sounds next. */
  get place() {
    return this.resampler.placeOf(this.frame);
  }
}

export class Player {
  /** @param {number} rate frames a second of the blocks that are asked for */
  constructor(rate) {
    this.rate = rate;
    /** @type {Stream[]} */
    this._streams = [];
    this._level = 1;
    this._paused = false;
    this._flushing = false;
    /** Frames of silence in the middle of an utterance, of which nothing was there in time. */
    this.missing = 0;
  }

  /** Whether there is anything to be heard. */
  get busy() {
    return this._streams.length > 0;
  }

  /** Seconds of sound that wait. */
  get seconds() {
    return this._streams.reduce((sum, stream) => sum + Math.max(0, stream.end - stream.place) / stream.rate, 0);
  }

  /** @param {number} utterance @param {number} rate @param {number} channels */
  begin(utterance, rate, channels) {
    if (this._flushing) this.forget();
    let stream = this._streams.at(-1);
    if (!stream || stream.rate !== rate || stream.channels !== channels) {
      stream = new Stream(rate, channels, this.rate);
      this._streams.push(stream);
    }
    stream.pieces.push({ utterance, start: stream.end, frames: null });
  }

  /** The next frames of the utterance that was begun last. @param {number} utterance @param {Int16Array} samples */
  push(utterance, samples) {
    const stream = this._streams.at(-1);
    if (this._flushing || stream?.pieces.at(-1)?.utterance !== utterance) return;
    const scaled = Float32Array.from(samples, (sample) => sample / 32768);
    stream.rings.forEach((ring, channel) => void ring.write(scaled, channel, stream.channels));
  }

  /** That was all of it. @param {number} utterance */
  end(utterance) {
    const stream = this._streams.at(-1);
    const piece = stream?.pieces.at(-1);
    if (stream && piece?.utterance === utterance) piece.frames = stream.end - piece.start;
  }

  /**
   * Be silent, without a click, and forget an utterance and all before it.
   * @param {number} [utterance] left out, the last one
   */
  flush(utterance = Infinity) {
    const last = this._streams.at(-1)?.pieces.at(-1);
    if (!last) return;
    if (last.utterance > utterance) this._leave(utterance);
    else if (this._level === 0) this.forget();
    else this._flushing = true;
  }

  /** Forget everything, for whoever has made it silent already. */
  forget() {
    this._streams = [];
    this._flushing = false;
    this._level = this._paused ? 0 : 1;
  }

  pause() {
    this._paused = true;
  }

  resume() {
    this._paused = false;
  }

  /**
   * Fill a block with what comes next.
   * @param {Float32Array[]} block one array a channel @returns {Mark[]}
   */
  render(block) {
    /** @type {Mark[]} */
    const marks = [];
    const count = block[0].length;
    let offset = 0;
    while (offset < count) {
      const stream = this._streams[0];
      if (!stream || (this._paused && this._level === 0)) break;
      const before = offset;
      offset = this._renderFrom(stream, block, offset);
      if (this._flushing && this._level === 0) {
        this.forget();
        break;
      }
      this._settle(stream, offset, marks);
      if (this._streams[0] === stream && offset === before) {
        if (this._flushing) this.forget();
        else if (!this._paused && begun(stream)) this.missing += count - offset;
        break;
      }
    }
    for (const channel of block) channel.fill(0, offset);
    return marks;
  }

  /** @param {Stream} stream @param {Float32Array[]} block @param {number} offset @returns {number} */
  _renderFrom(stream, block, offset) {
    const last = stream.pieces.at(-1);
    const ended = !last || last.frames !== null;
    const { resampler } = stream;
    const until = resampler.frameOf(ended ? stream.end : Math.max(0, stream.end - resampler.reach));
    const falling = this._paused || this._flushing;
    const step = 1 / (FADE_SECONDS * this.rate);
    const goal = falling ? 0 : 1;
    let at = offset;
    for (; at < block[0].length && stream.frame < until; at++, stream.frame++) {
      if (this._level !== goal) {
        this._level = falling ? Math.max(0, this._level - step) : Math.min(1, this._level + step);
        if (falling && this._level === 0) break;
      }
      for (let channel = 0; channel < block.length; channel++) {
        const ring = stream.rings[Math.min(channel, stream.channels - 1)];
        block[channel][at] = this._level * resampler.sample(ring, 0, stream.frame);
      }
    }
    for (const ring of stream.rings) ring.discard(stream.place - resampler.reach);
    return at;
  }

  /**
   * Mark what was rendered, and leave what is over.
   * @param {Stream} stream @param {number} offset @param {Mark[]} marks
   */
  _settle(stream, offset, marks) {
    const place = Math.min(stream.place, stream.end);
    for (let piece = stream.pieces[0]; piece; piece = stream.pieces[0]) {
      const { utterance, frames } = piece;
      const frame = place - piece.start;
      const over = frames !== null && frame >= frames;
      if (over || frame > 0) marks.push({ utterance, frame: over ? frames : frame, over, offset });
      if (!over) return;
      stream.pieces.shift();
    }
    this._streams.shift();
  }

  /** Go on with what comes behind an utterance. @param {number} utterance */
  _leave(utterance) {
    this._streams = this._streams.filter((stream) => (stream.pieces.at(-1)?.utterance ?? utterance) > utterance);
    const stream = this._streams[0];
    if (stream.pieces[0].utterance > utterance) return;
    stream.pieces = stream.pieces.filter((piece) => piece.utterance > utterance);
    stream.frame = Math.max(stream.frame, stream.resampler.frameOf(stream.pieces[0].start));
  }
}

/** Whether a part of what does not go on has been heard. @param {Stream} stream */
function begun(stream) {
  const piece = stream.pieces[0];
  return stream.place > piece.start;
}

// @ts-check
/** Samples of one channel, found by their place in the whole stream; what was read is forgotten. */
export class Ring {
  /** @param {number} [capacity] samples; it grows when more are kept */
  constructor(capacity = 1 << 15) {
    /** @type {Float32Array} */
    this._samples = new Float32Array(powerOfTwo(capacity));
    /** The place of the oldest sample that is kept. */
    this.first = 0;
    /** The place behind the newest one. */
    this.next = 0;
  }

  /** @param {ArrayLike<number>} samples @param {number} [from] @param {number} [step] every how many-th of them */
  write(samples, from = 0, step = 1) {
    const count = Math.ceil((samples.length - from) / step);
    this._makeRoom(count);
    const mask = this._samples.length - 1;
    for (let i = 0, at = from; i < count; i++, at += step) this._samples[(this.next + i) & mask] = samples[at];
    this.next += count;
  }

  /** The sample at a place; silence before the first and behind the last. @param {number} place */
  at(place) {
    if (place < this.first || place >= this.next) return 0;
    return this._samples[place & (this._samples.length - 1)];
  }

  /** Forget what is before a place. @param {number} place */
  discard(place) {
    this.first = Math.max(this.first, Math.min(place, this.next));
  }

  /** Forget everything. */
  clear() {
    this.first = this.next;
  }

  /** @param {number} count */
  _makeRoom(count) {
    const needed = this.next - this.first + count;
    if (needed <= this._samples.length) return;
    const grown = new Float32Array(powerOfTwo(needed));
    for (let place = this.first; place < this.next; place++) grown[place & (grown.length - 1)] = this.at(place);
    this._samples = grown;
  }
}

/** @param {number} least */
function powerOfTwo(least) {
  let size = 1;
  while (size < least) size *= 2;
  return size;
}

// @ts-check
/**
 * Sound of one rate, read at another. It has no state but its table: where it stands is a place in the stream, kept as
 * whole numbers, so that an hour of sound drifts by nothing and two clips in a row have no seam.
 */
const PHASES = 256;
const LOBES = 16;
/** How much of the band passes: the rest is the slope of the filter. */
const PASSED = 0.94;

export class Resampler {
  /** @param {number} from frames a second of what is read @param {number} to frames a second of what comes out */
  constructor(from, to) {
    const common = divisor(from, to);
    this._step = from / common;
    this._parts = to / common;
    const cutoff = Math.min(1, to / from) * PASSED;
    this._same = from === to;
    /** How many frames on either side of a place its sample is made of. */
    this.reach = this._same ? 1 : Math.ceil(LOBES / cutoff);
    this._table = this._same ? new Float32Array(0) : kernel(cutoff, this.reach);
  }

  /** The place in what is read of the n-th frame that comes out. @param {number} frame */
  placeOf(frame) {
    return Math.floor((frame * this._step) / this._parts);
  }

  /** The first frame that comes out at or behind a place in what is read. @param {number} place */
  frameOf(place) {
    return Math.ceil((place * this._parts) / this._step);
  }

  /**
   * The n-th sample that comes out.
   * @param {import("./ring.js").Ring} ring what is read
   * @param {number} origin its place of the frame 0
   * @param {number} frame
   */
  sample(ring, origin, frame) {
    const exact = frame * this._step;
    const place = Math.floor(exact / this._parts);
    if (this._same) return ring.at(origin + place);
    const phase = ((exact - place * this._parts) / this._parts) * PHASES;
    const row = Math.floor(phase);
    const blend = phase - row;
    const width = 2 * this.reach;
    const table = this._table;
    let sum = 0;
    for (let tap = 0, near = row * width, far = near + width; tap < width; tap++, near++, far++) {
      const weight = table[near] + blend * (table[far] - table[near]);
      sum += weight * ring.at(origin + place - this.reach + 1 + tap);
    }
    return sum;
  }
}

/**
 * A windowed sinc, one row for each phase: the weights of the frames around it. Each row sums to 1, so that a constant
 * stays what it is.
 * @param {number} cutoff @param {number} reach
 */
function kernel(cutoff, reach) {
  const width = 2 * reach;
  const table = new Float32Array((PHASES + 1) * width);
  for (let row = 0; row <= PHASES; row++) {
    let sum = 0;
    const weights = new Float64Array(width);
    for (let tap = 0; tap < width; tap++) {
      const x = tap - reach + 1 - row / PHASES;
      weights[tap] = cutoff * sinc(cutoff * x) * window(x / reach);
      sum += weights[tap];
    }
    for (let tap = 0; tap < width; tap++) table[row * width + tap] = weights[tap] / sum;
  }
  return table;
}

/** @param {number} x */
function sinc(x) {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Blackman's. @param {number} x from -1 to 1 */
function window(x) {
  return Math.abs(x) >= 1 ? 0 : 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);
}

/** @param {number} a @param {number} b @returns {number} */
function divisor(a, b) {
  return b ? divisor(b, a % b) : a;
}

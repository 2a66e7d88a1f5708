// @ts-check
/**
 * What stands under the picture at a moment: one sentence or two, its words as they are heard. Pure: the clock is told.
 *
 * @typedef {{text: string, shown: number}} Subtitle the first `shown` characters of it are heard by now
 */
const LINGER_SECONDS = 1.5;
/** Characters that are read at a glance. */
const MOST = 90;

export class Subtitles {
  constructor() {
    this._parts = /** @type {{text: string, from: number, to: number}[]} */ ([]);
    this._started = 0;
    this._seconds = 0;
    this._until = Number.NEGATIVE_INFINITY;
    this._stopped = /** @type {number | null} */ (null);
  }

  /** An utterance has begun to sound. @param {string} text @param {number} seconds how long @param {number} now */
  begin(text, seconds, now) {
    this._parts = parts(text.trim());
    this._started = now;
    this._seconds = seconds;
    this._until = now + seconds + LINGER_SECONDS;
    this._stopped = null;
  }

  /** More of the same utterance has come. @param {number} seconds how long it is in all */
  longer(seconds) {
    this._until += seconds - this._seconds;
    this._seconds = seconds;
  }

  /** It is over: at its end, or because somebody has interrupted it. @param {number} now @param {{interrupted: boolean}} how */
  end(now, { interrupted }) {
    if (interrupted) this._stopped ??= now;
    this._until = Math.min(this._until, now + (interrupted ? 0 : LINGER_SECONDS));
  }

  /** @param {number} now @returns {Subtitle | null} */
  at(now) {
    if (now >= this._until || this._parts.length === 0) return null;
    const length = this._parts[this._parts.length - 1].to;
    const heard = this._seconds > 0 ? Math.min(1, (now - this._started) / this._seconds) * length : length;
    const part = this._parts.find((one) => heard < one.to) ?? this._parts[this._parts.length - 1];
    return { text: part.text, shown: Math.max(0, Math.min(part.text.length, Math.ceil(heard - part.from))) };
  }
}

/** Pieces of a text that are short enough, cut behind sentences and clauses where there are any. @param {string} text */
export function parts(text) {
  /** @type {{text: string, from: number, to: number}[]} */
  const found = [];
  for (let from = 0; from < text.length; ) {
    let to = text.length;
    if (to - from > MOST) {
      const window = text.slice(from, from + MOST);
      const ends = [/^.*[.!?。！？](?=\s|[^.!?。！？\s]*$)/su, /^.*[,;:、，]/su, /^.*\s/su].map(
        (end) => end.exec(window)?.[0].length ?? 0,
      );
      to = from + (ends.find((end) => end > MOST / 3) ?? graphemeEnd(window));
    }
    found.push({ text: text.slice(from, to), from, to });
    from = to;
  }
  return found;
}

/** Where a text can be cut without breaking a character. @param {string} window */
function graphemeEnd(window) {
  const last = window.charCodeAt(window.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? window.length - 1 : window.length;
}

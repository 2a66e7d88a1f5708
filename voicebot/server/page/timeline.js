// @ts-check
/**
 * From frames that were heard to the clause that is lit.
 *
 * @typedef {[number, number, number]} Timed characters `start` to `end` of what is shown begin at `seconds`
 * @typedef {import("./turns.js").Turn} Turn
 * @typedef {{index: number, shown: string, rate: number, frames: number, before: number, timeline: Timed[] | null}} Clip
 *   `before`: seconds of the same utterance that were in clips before it
 * @typedef {{start: number, end: number}} Range
 */

/** How many characters of what is shown have begun to sound once `frame` frames of a clip were heard. @param {Clip} clip @param {number} frame */
export function charactersHeard(clip, frame) {
  if (clip.timeline?.length) {
    const seconds = frame / clip.rate;
    let heard = 0;
    for (const [, end, from] of clip.timeline) if (from <= seconds) heard = Math.max(heard, end);
    return Math.min(heard, clip.shown.length);
  }
  return clip.frames > 0 ? Math.round((clip.shown.length * Math.min(frame, clip.frames)) / clip.frames) : 0;
}

/** Where in the reply the sound of a clip has come to; null where its utterance is not known. @param {Turn} turn @param {Clip} clip @param {number} frame */
export function placeHeard(turn, clip, frame) {
  const utterance = turn.utterances.find((one) => one.index === clip.index);
  if (!utterance) return null;
  const places = placesInRaw(utterance.text, clip.shown);
  const whole = utterance.clips.reduce((sum, one) => sum + one.audio, 0);
  const isOneOfMany = clip.before > 0 || whole > clip.frames / clip.rate + 0.001;
  const count =
    isOneOfMany && !clip.timeline
      ? Math.round((clip.shown.length * (clip.before + frame / clip.rate)) / Math.max(whole, 0.001))
      : charactersHeard(clip, frame);
  const place = utterance.start + places[Math.max(0, Math.min(count, places.length) - 1)];
  return Math.min(place, utterance.end - 1);
}

/** The clause of a turn around a place. @param {Turn} turn @param {number} place @returns {Range | null} */
export function clausesOf(turn, place) {
  return clauseAt(turn.segments.length ? turn.segments : turn.utterances, place);
}

/**
 * Where each character of what is shown stands in what the model wrote, which has marks besides; one more for the end.
 * @param {string} raw @param {string} shown @returns {number[]}
 */
export function placesInRaw(raw, shown) {
  const places = [];
  let at = 0;
  for (let i = 0; i < shown.length; i++) {
    const found = raw.indexOf(shown[i], at);
    const isNear = found >= 0 && found - at <= FARTHEST;
    places.push(isNear ? found : Math.min(at, raw.length));
    if (isNear) at = found + 1;
  }
  places.push(Math.max(at, raw.trimEnd().length));
  return places;
}
const FARTHEST = 300;

/** The clause around a place: one of the `segments`, as far as they are known. @param {Range[]} segments in order @param {number} place @returns {Range | null} */
export function clauseAt(segments, place) {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle].end <= place) low = middle + 1;
    else high = middle;
  }
  const found = segments[low] ?? segments.at(-1);
  return found ?? null;
}

/** A part of a text without the whitespace at its ends. @param {string} text @param {Range} range @returns {Range} */
export function trimmed(text, { start, end }) {
  const part = text.slice(start, end);
  return { start: start + part.length - part.trimStart().length, end: end - part.length + part.trimEnd().length };
}

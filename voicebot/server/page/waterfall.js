// @ts-check
import { ticks } from "./units.js";

/**
 * A turn as bars on a time axis, in seconds.
 *
 * @typedef {{from: number, to: number, kind: "model" | "voice" | "heard" | "gap" | "wait", index: number, open: boolean}} Bar
 * @typedef {{row: "model" | "voice" | "heard", bars: Bar[]}} Row
 * @typedef {{seconds: number, ticks: number[], rows: Row[], cuts: number[]}} Waterfall
 */

/** @param {import("./turns.js").Turn} turn @returns {Waterfall} */
export function waterfall(turn) {
  const running = turn.state === "running";
  const lastCut = turn.segments.at(-1)?.at ?? turn.last;
  /** @type {Bar[]} */
  const model = [];
  if (turn.firstDelta !== null) {
    model.push({ from: 0, to: turn.firstDelta, kind: "wait", index: -1, open: false });
    model.push({
      from: turn.firstDelta,
      to: Math.max(turn.firstDelta, lastCut),
      kind: "model",
      index: -1,
      open: running,
    });
  }
  const voice = turn.utterances.flatMap((utterance) => utterance.clips.map((clip) => workOf(utterance, clip)));
  const heard = turn.utterances.flatMap((utterance) => soundOf(utterance, turn));
  const seconds = Math.max(0.1, turn.last, ...[...voice, ...heard].map((bar) => bar.to));
  /** @type {Row[]} */
  const rows = [
    { row: "model", bars: model },
    { row: "voice", bars: voice },
    { row: "heard", bars: heard },
  ];
  return { seconds, ticks: ticks(seconds), rows, cuts: turn.segments.map((segment) => segment.at) };
}

/** @param {import("./turns.js").Utterance} utterance @param {{at: number, synthesis: number}} clip @returns {Bar} */
function workOf(utterance, clip) {
  const from = Math.max(utterance.ready, clip.at - clip.synthesis);
  return { from, to: clip.at, kind: "voice", index: utterance.index, open: false };
}

/** @param {import("./turns.js").Utterance} utterance @param {import("./turns.js").Turn} turn @returns {Bar[]} */
function soundOf(utterance, turn) {
  const { started, finished, gap, index } = utterance;
  if (started === null) return [];
  const audio = utterance.clips.reduce((sum, clip) => sum + clip.audio, 0);
  const to = finished ?? (turn.state === "running" ? started + audio : Math.min(started + audio, turn.last));
  /** @type {Bar[]} */
  const bars = [{ from: started, to: Math.max(started, to), kind: "heard", index, open: finished === null }];
  if (gap > 0) bars.unshift({ from: started - gap, to: started, kind: "gap", index, open: false });
  return bars;
}

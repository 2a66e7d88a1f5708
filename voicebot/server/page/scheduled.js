// @ts-check
import { FADE_SECONDS, Player } from "./player.js";

/**
 * The same player where a page may have no worklet, as at a plain HTTP address of the local network: short buffers,
 * each scheduled to begin on the frame behind the one before.
 */
const BLOCK_FRAMES = 2048;
const AHEAD_SECONDS = 0.25;
const EVERY_MS = 40;

/** @param {AudioContext} context @param {(told: import("./sound.js").Told) => void} tell @returns {import("./sound.js").Engine} */
export function scheduledEngine(context, tell) {
  const player = new Player(context.sampleRate);
  /** @type {Set<AudioBufferSourceNode>} */
  const playing = new Set();
  let way = new GainNode(context);
  way.connect(context.destination);
  let latest = 0;
  let next = 0;

  function fill() {
    if (context.state !== "running") return;
    /** @type {import("./reports.js").TimedMark[]} */
    const marks = [];
    if (next < context.currentTime + 0.01) next = context.currentTime + 0.03;
    while (player.busy && next < context.currentTime + AHEAD_SECONDS) {
      const buffer = context.createBuffer(1, BLOCK_FRAMES, context.sampleRate);
      for (const { offset, ...mark } of player.render([buffer.getChannelData(0)]))
        marks.push({ ...mark, at: next + offset / context.sampleRate });
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(way);
      source.start(next);
      playing.add(source);
      source.onended = () => playing.delete(source);
      next += BLOCK_FRAMES / context.sampleRate;
    }
    tell({ marks, missing: player.missing, busy: player.busy, seconds: player.seconds });
  }

  /** End what is scheduled, without a click: nothing of it comes later. */
  function silence() {
    const over = context.currentTime + FADE_SECONDS;
    way.gain.setValueAtTime(1, context.currentTime);
    way.gain.linearRampToValueAtTime(0, over);
    for (const source of playing) source.stop(over);
    way = new GainNode(context);
    way.connect(context.destination);
    player.forget();
    next = 0;
  }

  const timer = setInterval(fill, EVERY_MS);
  return {
    send(command) {
      if (command.type === "begin") {
        latest = command.utterance;
        player.begin(command.utterance, command.rate, command.channels);
      } else if (command.type === "push") player.push(command.utterance, command.samples);
      else if (command.type === "end") player.end(command.utterance);
      else if (command.type === "pause") player.pause();
      else if (command.type === "resume") player.resume();
      else if ((command.utterance ?? Infinity) >= latest) silence();
      else player.flush(command.utterance);
    },
    close: () => clearInterval(timer),
  };
}

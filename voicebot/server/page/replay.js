// @ts-check
import { speech } from "./api.js";
import { clauseAt, clausesOf, placeHeard } from "./timeline.js";

/** Numbers that no clip of the server has. */
const FIRST_NUMBER = 2 ** 33;
const RATE = 24_000;

/** Says a part of a reply again, from the sound that was kept, else from the server; no turn of the conversation. */
export class Replay {
  /**
   * @param {import("./sound.js").Sound} sound @param {import("./clips.js").Clips} clips
   * @param {(turn: import("./turns.js").Turn, place: import("./timeline.js").Range | null) => void} light
   * @param {() => void} changed it has begun, or is over
   */
  constructor(sound, clips, light, changed) {
    this._sound = sound;
    this._clips = clips;
    this._light = light;
    this._changed = changed;
    this._next = FIRST_NUMBER;
    this._wanted = 0;
    /** @type {import("./turns.js").Turn | null} */
    this._turn = null;
    /** @type {Map<number, (frame: number) => import("./timeline.js").Range | null>} what each clip that is not over lights */
    this._running = new Map();
  }

  /** The turn that is heard again, if any. */
  get turn() {
    return this._turn;
  }

  /** Whether there was sound to be heard. @param {import("./turns.js").Turn} turn @param {import("./timeline.js").Range} range @param {string} voice */
  async play(turn, range, voice) {
    this.stop();
    this._turn = turn;
    this._changed();
    const wanted = ++this._wanted;
    const indexes = turn.utterances
      .filter((one) => one.start < range.end && one.end > range.start)
      .map((one) => one.index);
    const kept = this._clips.of(turn.id).filter((clip) => indexes.includes(clip.index));
    const isWhole =
      indexes.every((index) => !hasSound(turn, index) || kept.some((clip) => clip.index === index)) &&
      kept.every((clip) => clip.whole);
    if (kept.length && isWhole) {
      for (const clip of kept)
        this._send(clip.samples, clip.rate, clip.channels, (frame) =>
          clausesOf(turn, placeHeard(turn, clip, frame) ?? range.start),
        );
      return true;
    }
    try {
      const sound = await speech(turn.reply.slice(range.start, range.end), voice);
      if (wanted !== this._wanted || !this._turn) return true;
      const samples = new Int16Array(sound.slice(0, sound.byteLength & ~1));
      this._send([samples], RATE, 1, (frame) => {
        const place = range.start + Math.round(((range.end - range.start) * frame) / samples.length);
        return clauseAt([range], place);
      });
      return samples.length > 0;
    } catch {
      this.stop();
      return false;
    }
  }

  /** Take what was heard of it. @param {import("./reports.js").TimedMark} mark */
  owns(mark) {
    if (mark.utterance < FIRST_NUMBER) return false;
    const place = this._running.get(mark.utterance);
    if (!place || !this._turn) return true;
    this._light(this._turn, place(mark.frame));
    if (mark.over) this._running.delete(mark.utterance);
    if (this._running.size === 0) this.stop();
    return true;
  }

  stop() {
    this._wanted++;
    const turn = this._turn;
    if (!turn) return;
    this._turn = null;
    if (this._running.size) this._sound.send({ type: "flush" });
    this._running.clear();
    this._light(turn, null);
    this._changed();
  }

  /** @param {Int16Array[]} samples @param {number} rate @param {number} channels @param {(frame: number) => import("./timeline.js").Range | null} place */
  _send(samples, rate, channels, place) {
    const utterance = this._next++;
    this._running.set(utterance, place);
    this._sound.send({ type: "begin", utterance, rate, channels });
    for (const part of samples) this._sound.send({ type: "push", utterance, samples: part });
    this._sound.send({ type: "end", utterance });
  }
}

/** @param {import("./turns.js").Turn} turn @param {number} index */
function hasSound(turn, index) {
  return turn.utterances.some((one) => one.index === index && one.clips.some((clip) => clip.audio > 0));
}

// @ts-check
import { pathOf } from "./api.js";
import { Clips } from "./clips.js";
import { Live } from "./live.js";
import { Replay } from "./replay.js";
import { Reports } from "./reports.js";
import { clausesOf, placeHeard } from "./timeline.js";
import { Turns } from "./turns.js";

/**
 * One conversation in this tab: what the server says of it goes into its turns, what it sends to be heard to the
 * loudspeaker, and what was heard back to the server.
 *
 * Sends "turn" with a turn that changed, "turns" when all may have, "light" with the clause that is heard, "state" when
 * the connection has changed, "notice" and "refusal" with what the server says besides.
 */
export class Conversation extends EventTarget {
  /** @param {string} id @param {import("./sound.js").Sound} sound */
  constructor(id, sound) {
    super();
    this.id = id;
    this.turns = new Turns();
    this.known = false;
    this._sound = sound;
    this._clips = new Clips();
    this._reports = new Reports();
    this._replay = new Replay(
      sound,
      this._clips,
      (turn, place) => this._light(turn, place),
      () => this.dispatchEvent(new Event("state")),
    );
    this._silenced = "";
    this._asked = "";
    this._listens = false;
    /** @type {{voice: string, speed: number} | null} */
    this._voice = null;
    this._live = new Live(`${pathOf(id)}/live`);
    this._live.addEventListener("message", (event) => this._take(/** @type {CustomEvent} */ (event).detail));
    this._live.addEventListener("block", (event) => this._hear(/** @type {CustomEvent} */ (event).detail));
    this._live.addEventListener("state", () => this._connected());
    this._heard = (/** @type {Event} */ event) => this._report(/** @type {CustomEvent} */ (event).detail);
    sound.addEventListener("heard", this._heard);
  }

  get state() {
    return this._live.state;
  }

  /** Whether anything is being said, or about to be. */
  get speaks() {
    return this.speaking !== "";
  }

  /** The turn that is heard, or about to be; empty where there is none. */
  get speaking() {
    return this._replay.turn?.id ?? this.turns.live?.id ?? this.turns.queued?.id ?? "";
  }

  /** Whether the voice says a turn in this tab, or is about to. @param {import("./turns.js").Turn} turn */
  isHeard(turn) {
    return turn.state === "running" || turn.state === "waiting" ? this._listens : this._clips.of(turn.id).length > 0;
  }

  /** Whether it was sent. @param {string} text */
  ask(text) {
    this._replay.stop();
    this._silence();
    this._leaveLine();
    this._asked = text;
    return this._live.send({ type: "ask", text });
  }

  interrupt() {
    this._replay.stop();
    if (!this.turns.live && !this.turns.queued) return;
    this._leaveLine();
    this._silence();
    this._live.send({ type: "interrupt" });
  }

  pause() {
    this._live.send({ type: this.turns.paused ? "resume" : "pause" });
  }

  /** Whether replies are heard in this tab. @param {boolean} listens */
  listen(listens) {
    if (listens === this._listens) return;
    this._listens = listens;
    this._live.send({ type: "listen", audio: listens });
  }

  /** @param {string} voice @param {number} speed */
  choose(voice, speed) {
    this._voice = { voice, speed };
    this._tellVoice();
  }

  /** A part of a reply again, or all of it. @param {string} id @param {{start: number, end: number} | null} range @returns {Promise<boolean>} */
  async replay(id, range) {
    const turn = this.turns.find(id);
    if (!turn || this.turns.live) return true;
    return this._replay.play(turn, range ?? { start: 0, end: turn.reply.length }, this._voice?.voice ?? "");
  }

  close() {
    this._replay.stop();
    this._sound.removeEventListener("heard", this._heard);
    this._sound.send({ type: "flush" });
    this._live.close();
  }

  // ---------------------------------------------------------------- what comes

  /** @param {import("./wire.js").ServerMessage} message */
  _take(message) {
    switch (message.type) {
      case "snapshot":
        return this._restore(message);
      case "audio_begin":
        return this._begin(message);
      case "audio_end":
        this._clips.end(Number(message.utterance), Number(message.frames));
        return this._sound.send({ type: "end", utterance: Number(message.utterance) });
      case "flush":
        return this._sound.send({ type: "flush", utterance: Number(message.utterance) });
      case "pause":
      case "resume":
        this.turns.paused = message.type === "pause";
        this._sound.send({ type: message.type });
        return void this.dispatchEvent(new Event("state"));
      case "error":
        return void this.dispatchEvent(new CustomEvent("refusal", { detail: message }));
      case "queued":
        return this._queued(Number(message.position));
      case "pong":
        return undefined;
      default:
        return this._happened(message);
    }
  }

  /** @param {Record<string, any>} snapshot */
  _restore(snapshot) {
    if (!snapshot.resumed) {
      this.turns.restore(snapshot);
      this._sound.send({ type: "flush" });
    }
    this.turns.paused = Boolean(snapshot.paused);
    this.known = true;
    this.dispatchEvent(new Event("turns"));
  }

  /** @param {number} position */
  _queued(position) {
    const turn = this.turns.queue(this._asked, position);
    this.dispatchEvent(new CustomEvent("turn", { detail: { turn, event: { type: "queued" } } }));
    this.dispatchEvent(new CustomEvent("queued", { detail: position }));
  }

  /** What was asked waits in line no longer. */
  _leaveLine() {
    if (!this.turns.queued) return;
    this.turns.leaveLine();
    this.dispatchEvent(new Event("turns"));
  }

  /** @param {Record<string, any>} event */
  _happened(event) {
    const wasQueued = this.turns.queued !== undefined;
    const turn = this.turns.take(/** @type {import("./turns.js").Event} */ (event));
    if (event.type === "notice") this.dispatchEvent(new Event("notice"));
    if (event.type === "turn_started") this._replay.stop();
    if (turn && event.type === "turn_ended") {
      this._light(turn, null);
      if (event.outcome !== "completed" && this._clips.of(turn.id).length) this._sound.send({ type: "flush" });
    }
    if (wasQueued && !this.turns.queued) this.dispatchEvent(new Event("turns"));
    if (event.type === "turn_dropped") this.dispatchEvent(new Event("turns"));
    else if (turn) this.dispatchEvent(new CustomEvent("turn", { detail: { turn, event } }));
    if (event.type === "paused" || event.type === "resumed") this.dispatchEvent(new Event("state"));
  }

  /** @param {Record<string, any>} begin */
  _begin(begin) {
    if (begin.turn === this._silenced) return;
    this._replay.stop();
    this._clips.begin(begin);
    this._sound.send({ type: "begin", utterance: begin.utterance, rate: begin.rate, channels: begin.channels });
  }

  /** @param {import("./wire.js").Block} block */
  _hear({ utterance, samples }) {
    if (!this._clips.find(utterance)) return;
    this._clips.push(utterance, samples);
    this._sound.send({ type: "push", utterance, samples });
  }

  // ---------------------------------------------------------------- what goes

  _connected() {
    if (this._live.state === "open") {
      this._live.send({ type: "listen", audio: this._listens });
      this._tellVoice();
    } else {
      this._leaveLine();
      this._sound.send({ type: "flush" });
      this._sound.send({ type: "resume" }); // a pause is told again where it lasts
    }
    this.dispatchEvent(new Event("state"));
  }

  _tellVoice() {
    if (this._voice) this._live.send({ type: "voice", ...this._voice });
  }

  /** @param {import("./reports.js").TimedMark[]} marks */
  _report(marks) {
    for (const mark of marks) {
      if (this._replay.owns(mark)) continue;
      const clip = this._clips.find(mark.utterance);
      if (!clip) continue;
      if (this._reports.due(mark)) this._live.send({ type: "played", utterance: mark.utterance, frame: mark.frame });
      const turn = this.turns.find(clip.turn);
      if (turn?.state !== "running" || turn.id === this._silenced) continue; // it is over: nothing of it is lit again
      const place = placeHeard(turn, clip, mark.frame);
      if (place !== null) this._light(turn, clausesOf(turn, place));
    }
  }

  /** @param {import("./turns.js").Turn} turn @param {import("./timeline.js").Range | null} place */
  _light(turn, place) {
    this.dispatchEvent(new CustomEvent("light", { detail: { turn, place } }));
  }

  /** Be silent at once: the server hears of it a moment later. */
  _silence() {
    const live = this.turns.live;
    if (!live) return;
    this._silenced = live.id;
    this._sound.send({ type: "flush" });
    this._light(live, null);
  }
}

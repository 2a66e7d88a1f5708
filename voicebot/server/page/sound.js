// @ts-check
import { Heard } from "./reports.js";
import { scheduledEngine } from "./scheduled.js";

/**
 * The loudspeaker of the page.
 *
 * @typedef {{type: "begin", utterance: number, rate: number, channels: number}
 *   | {type: "push", utterance: number, samples: Int16Array}
 *   | {type: "end", utterance: number}
 *   | {type: "flush", utterance?: number}
 *   | {type: "pause"} | {type: "resume"}} Command
 * @typedef {{marks: import("./reports.js").TimedMark[], missing: number, busy: boolean, seconds: number}} Told
 * @typedef {{send: (command: Command) => void, close: () => void}} Engine
 * @typedef {"closed" | "blocked" | "interrupted" | "running"} SoundState
 *   blocked: the browser waits for a click; interrupted: something else, such as a call, has the loudspeaker
 */
export class Sound extends EventTarget {
  constructor() {
    super();
    /** @type {AudioContext | null} */
    this._context = null;
    /** @type {Engine | null} */
    this._engine = null;
    this._heard = new Heard();
    this._hasRun = false;
    /** @type {Command[]} */
    this._early = [];
    this.missing = 0;
    this.busy = false;
    this.kind = "";
  }

  /** @returns {SoundState} */
  get state() {
    if (!this._context || this._context.state === "closed") return "closed";
    if (this._context.state === "running") return "running";
    return this._hasRun ? "interrupted" : "blocked";
  }

  /** How often the browser had no sound ready for the sound card, where it counts that. */
  get underruns() {
    return this._context?.playbackStats?.underrunEvents ?? null;
  }

  /** Open it, or go on after an interruption; where nobody has clicked yet, browsers let it be blocked. */
  async start() {
    if (!this._context) {
      this._context = new AudioContext({ latencyHint: "balanced" });
      this._context.onstatechange = () => this._changed();
      await this._openEngine(this._context);
    }
    if (this._context.state !== "running") void this._context.resume().catch(() => {});
    this._changed();
  }

  /** @param {AudioContext} context */
  async _openEngine(context) {
    /** @param {Told} told */
    const tell = (told) => this._tell(told);
    if (context.audioWorklet) {
      await context.audioWorklet.addModule(new URL("worklet.js", import.meta.url));
      const node = new AudioWorkletNode(context, "player", { numberOfInputs: 0, outputChannelCount: [1] });
      node.port.onmessage = ({ data }) => tell(data);
      node.connect(context.destination);
      this.kind = "worklet";
      this._engine = { send: (command) => node.port.postMessage(command), close: () => node.disconnect() };
    } else {
      this.kind = "scheduled";
      this._engine = scheduledEngine(context, tell);
    }
    for (const command of this._early.splice(0)) this._engine.send(command);
  }

  /** @param {Command} command */
  send(command) {
    if (command.type === "begin") this.busy = true;
    if (command.type === "flush" && command.utterance === undefined) this._heard.clear();
    if (this._engine) this._engine.send(command);
    else this._early.push(command);
  }

  /** When the newest frame that is audible by now was rendered, in seconds of the sound card's clock. */
  get _audible() {
    const context = this._context;
    if (!context) return 0;
    const { contextTime } = context.getOutputTimestamp();
    const late = context.currentTime - (context.outputLatency || context.baseLatency || 0);
    return contextTime ? Math.min(contextTime, context.currentTime) : late;
  }

  /** @param {Told} told */
  _tell({ marks, missing, busy }) {
    this._heard.add(marks);
    this.missing = missing;
    this.busy = busy;
    const heard = this._heard.until(this._audible);
    if (heard.length) this.dispatchEvent(new CustomEvent("heard", { detail: heard }));
  }

  _changed() {
    if (this.state === "running") this._hasRun = true;
    this.dispatchEvent(new Event("state"));
  }

  close() {
    this._engine?.close();
    void this._context?.close();
  }
}

// @ts-check
import { Player } from "./player.js";

/** The browser's thread of sound: renders what the page has sent, and tells it how far it has come. */
const EVERY_FRAMES = 1024;
const LINGER_FRAMES = 24_000;

class PlayerProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this._player = new Player(sampleRate);
    /** @type {import("./reports.js").TimedMark[]} */
    this._marks = [];
    this._told = 0;
    this._quietFrom = 0;
    this.port.onmessage = ({ data }) => this._take(data);
  }

  /** @param {import("./sound.js").Command} command */
  _take(command) {
    const player = this._player;
    this._quietFrom = currentFrame + LINGER_FRAMES;
    if (command.type === "begin") player.begin(command.utterance, command.rate, command.channels);
    else if (command.type === "push") player.push(command.utterance, command.samples);
    else if (command.type === "end") player.end(command.utterance);
    else if (command.type === "flush") player.flush(command.utterance);
    else if (command.type === "pause") player.pause();
    else player.resume();
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    for (const { utterance, frame, over, offset } of this._player.render(outputs[0])) {
      const mark = { utterance, frame, over, at: (currentFrame + offset) / sampleRate };
      const last = this._marks.at(-1);
      if (last && !last.over && last.utterance === utterance) this._marks.pop();
      this._marks.push(mark);
    }
    if (this._player.busy) this._quietFrom = currentFrame + LINGER_FRAMES;
    if (currentFrame >= this._told + EVERY_FRAMES && currentFrame < this._quietFrom) {
      this._told = currentFrame;
      const { missing, busy, seconds } = this._player;
      this.port.postMessage({ marks: this._marks, missing, busy, seconds });
      this._marks = [];
    }
    return true;
  }
}

registerProcessor("player", PlayerProcessor);

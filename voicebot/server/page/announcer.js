// @ts-check
import { plainText } from "./markdown.js";

/**
 * What a screen reader is told of a reply while it comes: finished sentences, each once.
 */
const FINISHED = new Set(["sentence", "line", "paragraph", "end", "timeout", "forced"]);

export class Announcer {
  /** @param {HTMLElement} region */
  constructor(region) {
    this._region = region;
    this._turn = "";
    this._told = 0;
  }

  /** @param {import("./turns.js").Turn} turn @param {import("./turns.js").Event} event */
  hear(turn, event) {
    if (event.type === "turn_started") {
      this._turn = turn.id;
      this._told = 0;
      this._region.replaceChildren();
    }
    if (turn.id !== this._turn) return;
    const isLast = event.type === "turn_ended";
    if (!isLast && !(event.type === "segment_ready" && FINISHED.has(event.boundary))) return;
    const end = isLast ? turn.reply.length : Number(event.end);
    const text = plainText(turn.reply.slice(this._told, end));
    this._told = Math.max(this._told, end);
    if (!text.trim()) return;
    const sentence = document.createElement("span");
    sentence.textContent = `${text.trim()} `;
    this._region.append(sentence);
  }
}

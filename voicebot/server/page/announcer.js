// @ts-check
import { wordsOf } from "./markdown.js";

/**
 * What a screen reader is told of a reply: what no voice says in this tab. While the reply comes that is each finished
 * sentence, once; of a reply that is heard, only what the voice could not say. Two voices at once are understood by
 * nobody, and who would rather have the screen reader turns the sound off.
 */
const FINISHED = new Set(["sentence", "line", "paragraph", "end", "timeout", "forced"]);

export class Announcer {
  /** @param {HTMLElement} region */
  constructor(region) {
    this._region = region;
    this._turn = "";
    this._told = 0;
  }

  /**
   * @param {import("./turns.js").Turn} turn @param {import("./turns.js").Event} event
   * @param {boolean} isHeard whether the voice says the turn in this tab, or is about to
   */
  hear(turn, event, isHeard) {
    if (event.type === "turn_started") {
      this._turn = turn.id;
      this._told = 0;
      this._region.replaceChildren();
    }
    if (turn.id !== this._turn) return;
    if (event.type === "turn_ended") {
      this._tell(isHeard ? unheard(turn, event) : turn.reply.slice(this._told));
      this._told = turn.reply.length;
    } else if (!isHeard && event.type === "segment_ready" && FINISHED.has(event.boundary)) {
      const end = Number(event.end);
      this._tell(turn.reply.slice(this._told, end));
      this._told = Math.max(this._told, end);
    }
  }

  /** @param {string} written */
  _tell(written) {
    const text = wordsOf(written).trim();
    if (!text) return;
    const sentence = document.createElement("span");
    sentence.textContent = `${text} `;
    this._region.append(sentence);
  }
}

/** What the voice could not say of a turn that has ended. @param {import("./turns.js").Turn} turn @param {import("./turns.js").Event} event */
function unheard(turn, event) {
  if (event.outcome === "failed") return turn.reply.slice(turn.heard);
  return String(event.skipped ?? "");
}

// @ts-check
/**
 * Parts of the text that stand out: what is being spoken, what is not heard yet, what was never said. They are drawn by
 * the browser over the text, which stays one text for a screen reader, and for whoever selects it.
 *
 * @typedef {"spoken" | "ahead" | "unsaid" | "cut"} Mark
 */
const CAN_LIGHT = typeof Highlight !== "undefined" && "highlights" in CSS;

export class Lit {
  constructor() {
    /** @type {Map<string, Map<string, Range[]>>} */
    this._parts = new Map();
  }

  /** Mark parts of one turn, in place of those that were. @param {Mark} mark @param {string} turn @param {Range[]} ranges */
  set(mark, turn, ranges) {
    const turns = this._parts.get(mark) ?? new Map();
    this._parts.set(mark, turns);
    if (!ranges.length && !turns.has(turn)) return;
    if (ranges.length) turns.set(turn, ranges);
    else turns.delete(turn);
    if (CAN_LIGHT) CSS.highlights.set(mark, new Highlight(...[...turns.values()].flat()));
  }

  clear() {
    for (const mark of this._parts.keys()) if (CAN_LIGHT) CSS.highlights.delete(mark);
    this._parts.clear();
  }
}

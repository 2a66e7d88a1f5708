// @ts-check
import { drawing, element } from "./dom.js";
import { plainText } from "./markdown.js";
import { shortSeconds } from "./units.js";
import { waterfall } from "./waterfall.js";

/** The inside of a turn: what happened when, and where its text was cut. */
const WIDTH = 360;
const LEFT = 4;
const ROW = 34;
const BAR = 14;
const BOUNDARIES = /** @type {const} */ ([
  "clause",
  "phrase",
  "sentence",
  "line",
  "paragraph",
  "end",
  "forced",
  "timeout",
]);

export class Inside {
  /**
   * @param {HTMLElement} root @param {(key: import("./languages.js").Key, fields?: Record<string, unknown>) => string} say
   * @param {() => string} language @param {{missing: number, kind: string, underruns: number | null}} sound
   */
  constructor(root, say, language, sound) {
    this._root = root;
    this._root.tabIndex = 0; // so that the keyboard scrolls it
    this._say = say;
    this._language = language;
    this._sound = sound;
    /** @type {import("./turns.js").Turn | undefined} */
    this._turn = undefined;
    this._frame = 0;
  }

  /** @param {import("./turns.js").Turn | undefined} turn */
  show(turn) {
    this._turn = turn;
    if (!this._root.hidden) this._frame ||= requestAnimationFrame(() => this._draw());
  }

  _draw() {
    this._frame = 0;
    const turn = this._turn;
    const title = element("h2", {}, this._say("debug"));
    if (!turn?.utterances.length && !turn?.segments.length) {
      this._root.replaceChildren(title, element("p", { class: "faint" }, this._say("debug_empty")));
      return;
    }
    this._root.replaceChildren(
      title,
      this._figures(turn),
      element("h3", {}, this._say("waterfall")),
      this._chart(turn),
      element("h3", {}, this._say("cuts")),
      this._cuts(turn),
    );
  }

  /** @param {import("./turns.js").Turn} turn */
  _figures(turn) {
    const seconds = (/** @type {number | null | undefined} */ value) => shortSeconds(value, this._language());
    const metrics = turn.metrics ?? {};
    const started = turn.utterances.find((one) => one.started !== null && one.clips.length)?.started;
    const gaps = turn.utterances.filter((one) => one.gap > 0);
    const gapSeconds = gaps.reduce((sum, one) => sum + one.gap, 0);
    /** @type {[import("./languages.js").Key, string, string][]} */
    const figures = [
      ["figure_ttft", "TTFT", seconds(metrics.ttft ?? turn.firstDelta)],
      ["figure_ttfa", "TTFA", seconds(metrics.ttfa ?? started)],
      ["figure_gaps", "", gaps.length ? `${gaps.length} · ${seconds(gapSeconds)}` : "0"],
      ["figure_rtf", "RTF", Number.isFinite(metrics.rtf) ? metrics.rtf.toFixed(2) : "–"],
      ["figure_missing", this._sound.kind, String(this._sound.missing)],
    ];
    if (this._sound.underruns !== null) figures.push(["figure_underruns", "", String(this._sound.underruns)]);
    const list = element("dl", { class: "numbers" });
    for (const [key, short, value] of figures) {
      const term = element("dt", {}, this._say(key), ...(short ? [" ", element("abbr", {}, short)] : []));
      list.append(element("div", { "data-figure": key }, term, element("dd", {}, value)));
    }
    return list;
  }

  /** @param {import("./turns.js").Turn} turn */
  _chart(turn) {
    const { seconds, ticks, rows, cuts } = waterfall(turn);
    const x = (/** @type {number} */ at) => LEFT + (at / seconds) * (WIDTH - 2 * LEFT);
    const height = rows.length * ROW + 20;
    const label = rows
      .map(({ row, bars }) => `${this._say(/** @type {const} */ (`row_${row}`))}: ${bars.length}`)
      .join(", ");
    const chart = drawing("svg", {
      viewBox: `0 0 ${WIDTH} ${height}`,
      class: "waterfall",
      role: "img",
      "aria-label": label,
    });
    for (const tick of ticks) {
      chart.append(drawing("line", { x1: x(tick), x2: x(tick), y1: 0, y2: height - 16, class: "grid" }));
      const anchor = tick === 0 ? "start" : x(tick) > WIDTH - 20 ? "end" : "middle";
      chart.append(drawing("text", { x: x(tick), y: height - 4, "text-anchor": anchor, class: "tick" }, `${tick} s`));
    }
    for (const cut of cuts)
      chart.append(drawing("line", { x1: x(cut), x2: x(cut), y1: 14, y2: ROW - 4, class: "cut" }));
    rows.forEach(({ row, bars }, i) => {
      const top = i * ROW;
      chart.append(
        drawing("text", { x: LEFT, y: top + 11, class: "row" }, this._say(/** @type {const} */ (`row_${row}`))),
      );
      for (const bar of bars) {
        const shape = { x: x(bar.from), y: top + 15, width: Math.max(2, x(bar.to) - x(bar.from)), height: BAR, rx: 3 };
        const index = bar.index < 0 ? "" : ` ${bar.index + 1}`;
        const title = drawing("title", {}, `${bar.kind}${index}: ${bar.from.toFixed(2)}–${bar.to.toFixed(2)} s`);
        chart.append(
          drawing(
            "rect",
            { ...shape, class: `bar ${bar.kind}${bar.index % 2 === 1 ? " odd" : ""}${bar.open ? " open" : ""}` },
            title,
          ),
        );
      }
    });
    return chart;
  }

  /** @param {string} boundary */
  _boundary(boundary) {
    return isBoundary(boundary) ? this._say(`boundary_${boundary}`) : boundary;
  }

  /** @param {import("./turns.js").Turn} turn */
  _cuts(turn) {
    const text = element("p", { class: "cuts", dir: "auto" });
    const starts = new Set(turn.utterances.map((one) => one.start));
    for (const { start, end, boundary, rule } of turn.segments) {
      const isNew = starts.has(start);
      const part = element(
        "span",
        { class: isNew ? "segment utterance" : "segment", title: `${boundary} · ${rule}` },
        plainText(turn.reply.slice(start, end)),
      );
      text.append(part, element("small", { class: "boundary" }, this._boundary(boundary)));
    }
    return text;
  }
}

/** @param {string} boundary @returns {boundary is typeof BOUNDARIES[number]} */
function isBoundary(boundary) {
  return BOUNDARIES.some((known) => known === boundary);
}

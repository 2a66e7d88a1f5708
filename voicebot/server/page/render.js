// @ts-check
import { element, icon } from "./dom.js";
import { parse } from "./markdown.js";

/**
 * A reply as it stands, block by block: a block that has not changed keeps its elements, so that what is selected or
 * focused there stays so while the reply grows.
 *
 * @typedef {{node: Text, start: number, end: number}} Placed a text of the page, and where it stands in the reply
 */
const TAGS = { strong: "strong", em: "em", del: "del", code: "code", address: "span" };

export class Reply {
  /** @param {HTMLElement} root @param {(range: {start: number, end: number}) => void} replay @param {() => string} replayLabel */
  constructor(root, replay, replayLabel) {
    this._root = root;
    this._replay = replay;
    this._replayLabel = replayLabel;
    this._source = "";
    /** @type {{key: string, element: HTMLElement, texts: Placed[]}[]} */
    this._blocks = [];
  }

  /** @param {string} source */
  show(source) {
    if (source === this._source) return;
    this._source = source;
    const blocks = parse(source);
    blocks.forEach((block, i) => {
      const key = `${block.kind} ${block.start} ${source.slice(block.start, block.end)}`;
      if (this._blocks[i]?.key === key) return;
      /** @type {Placed[]} */
      const texts = [];
      const made = this._line(block, texts);
      if (this._blocks[i]) this._blocks[i].element.replaceWith(made);
      else this._root.append(made);
      this._blocks[i] = { key, element: made, texts };
    });
    for (const gone of this._blocks.splice(blocks.length)) gone.element.remove();
  }

  /** @param {import("./markdown.js").MarkdownBlock} block @param {Placed[]} texts */
  _line(block, texts) {
    const range = { start: block.start, end: block.end };
    const line = element("div", { class: "line", dir: "auto" }, blockElement(block, texts));
    if (block.kind !== "rule") {
      const again = element(
        "button",
        { type: "button", class: "again", "aria-label": this._replayLabel(), title: this._replayLabel() },
        icon("play"),
      );
      again.addEventListener("click", () => this._replay(range));
      line.prepend(again);
    }
    return line;
  }

  /** The parts of the page that show a part of the reply. @param {number} start @param {number} end @returns {Range[]} */
  ranges(start, end) {
    /** @type {Range[]} */
    const found = [];
    for (const { texts } of this._blocks) {
      for (const placed of texts) {
        const from = Math.max(start, placed.start);
        const to = Math.min(end, placed.end);
        if (from >= to) continue;
        const range = new Range();
        range.setStart(placed.node, from - placed.start);
        range.setEnd(placed.node, to - placed.start);
        found.push(range);
      }
    }
    return found;
  }
}

/** @param {import("./markdown.js").MarkdownBlock} block @param {Placed[]} texts @returns {HTMLElement} */
function blockElement(block, texts) {
  if (block.kind === "list") return listElement(block, texts);
  if (block.kind === "table") return tableElement(block, texts);
  const children = block.children.map((child) => inlineNode(child, texts));
  if (block.kind === "rule") return element("hr");
  if (block.kind === "code") return element("pre", { tabindex: 0 }, element("code", {}, ...children));
  if (block.kind === "quote") return element("blockquote", {}, ...children);
  if (block.kind === "heading")
    return element(
      "p",
      { role: "heading", "aria-level": Math.min(6, block.level + 2), class: `heading level-${block.level}` },
      ...children,
    );
  return element("p", {}, ...children);
}

/** @param {import("./markdown.js").List} block @param {Placed[]} texts @returns {HTMLElement} */
function listElement(block, texts) {
  const list = element(block.ordered ? "ol" : "ul", block.ordered && block.first !== 1 ? { start: block.first } : {});
  for (const item of block.items)
    list.append(
      element("li", { class: `depth-${item.depth}` }, ...item.children.map((child) => inlineNode(child, texts))),
    );
  return list;
}

/** @param {import("./markdown.js").Table} block @param {Placed[]} texts @returns {HTMLElement} */
function tableElement({ aligns, rows }, texts) {
  const [heading, ...others] = rows.map((cells, i) =>
    element(
      "tr",
      {},
      ...cells.map((children, column) =>
        element(
          i ? "td" : "th",
          { class: aligns[column] || undefined, scope: i ? undefined : "col" },
          ...children.map((child) => inlineNode(child, texts)),
        ),
      ),
    ),
  );
  const table = element("table", {}, element("thead", {}, heading), element("tbody", {}, ...others));
  return element("div", { class: "table", tabindex: 0 }, table);
}

/** @param {import("./markdown.js").Inline} inline @param {Placed[]} texts @returns {Node} */
function inlineNode(inline, texts) {
  if (inline.kind === "break") return element("br");
  if (inline.kind === "text") {
    const node = document.createTextNode(inline.text);
    if (inline.start >= 0) texts.push({ node, start: inline.start, end: inline.start + inline.text.length });
    return node;
  }
  const tag = /** @type {"strong" | "span"} */ (TAGS[inline.kind]);
  return element(
    tag,
    inline.kind === "address" ? { class: "address" } : {},
    ...inline.children.map((child) => inlineNode(child, texts)),
  );
}

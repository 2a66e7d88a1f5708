// @ts-check
import { tableAt } from "./tables.js";

/**
 * The little markdown that models write, as a tree of plain objects. Nothing in here makes HTML, and nothing is fetched:
 * links and images are text. Each text of the tree is an exact part of the source and knows where it stands there, so
 * that the clause being spoken can be found again.
 *
 * @typedef {{kind: "text", text: string, start: number}} Text `start` is -1 for what the source does not have
 * @typedef {{kind: "strong" | "em" | "del" | "code" | "address", children: Inline[]}} Marked
 * @typedef {{kind: "break"}} Break
 * @typedef {Text | Marked | Break} Inline
 * @typedef {{kind: "paragraph" | "quote" | "code" | "rule", start: number, end: number, children: Inline[]}} Plain
 * @typedef {{kind: "heading", level: number, start: number, end: number, children: Inline[]}} Heading
 * @typedef {{depth: number, children: Inline[]}} Item
 * @typedef {{kind: "list", ordered: boolean, first: number, start: number, end: number, items: Item[]}} List
 * @typedef {{kind: "table", aligns: import("./tables.js").Align[], start: number, end: number, rows: Inline[][][]}} Table
 * @typedef {Plain | Heading | List | Table} MarkdownBlock
 * @typedef {{text: string, start: number, end: number}} Line
 */

/** What turns text around or is not seen: it could make a text look like another. */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;
const DEEPEST = 5;
const FENCE = /^ {0,3}(```+|~~~+)/;
const HEADING = /^ {0,3}(#{1,6})[ \t]+/;
const ITEM = /^([ \t]{0,12})([-*+•]|(\d{1,9})[.)])[ \t]+/;
const QUOTE = /^ {0,3}>[ \t]?/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const LINK = /!?\[([^[\]\n]{1,300})\]\(((?:[^()\s]|\([^()\s]{0,200}\)){1,600})(?:[ \t]+"[^"\n]{0,200}")?\)/y;
/** @type {[string, "strong" | "em" | "del"][]} */
const MARKS = [
  ["**", "strong"],
  ["__", "strong"],
  ["~~", "del"],
  ["*", "em"],
  ["_", "em"],
];

/** The blocks of a text. @param {string} source @returns {MarkdownBlock[]} */
export function parse(source) {
  /** @type {MarkdownBlock[]} */
  const blocks = [];
  const lines = linesOf(source);
  for (let i = 0; i < lines.length; ) {
    if (!lines[i].text.trim()) i++;
    else i = readBlock(source, lines, i, blocks);
  }
  return blocks;
}

/** @param {string} source @param {Line[]} lines @param {number} i @param {MarkdownBlock[]} blocks @returns {number} */
function readBlock(source, lines, i, blocks) {
  const line = lines[i];
  const fence = FENCE.exec(line.text);
  if (fence) return readFence(source, lines, i, fence[1], blocks);
  const heading = HEADING.exec(line.text);
  if (heading) {
    const children = inline(source, line.start + heading[0].length, line.end);
    blocks.push({ kind: "heading", level: heading[1].length, start: line.start, end: line.end, children });
    return i + 1;
  }
  if (RULE.test(line.text)) {
    blocks.push({ kind: "rule", start: line.start, end: line.end, children: [] });
    return i + 1;
  }
  if (ITEM.test(line.text)) return readList(source, lines, i, blocks);
  const table = tableAt(lines, i);
  if (table) {
    const rows = table.rows.map((row) => row.map((cell) => inline(source, cell.start, cell.end)));
    blocks.push({ kind: "table", aligns: table.aligns, start: line.start, end: lines[table.next - 1].end, rows });
    return table.next;
  }
  const kind = QUOTE.test(line.text) ? "quote" : "paragraph";
  let next = i + 1;
  while (next < lines.length && lines[next].text.trim() && !begins(lines[next].text, kind) && !tableAt(lines, next))
    next++;
  /** @type {Inline[]} */
  const children = [];
  for (const part of lines.slice(i, next)) {
    if (children.length) children.push({ kind: "break" });
    const mark = kind === "quote" ? (QUOTE.exec(part.text)?.[0].length ?? 0) : 0;
    children.push(...inline(source, part.start + mark, part.end));
  }
  blocks.push({ kind, start: line.start, end: lines[next - 1].end, children });
  return next;
}

/** Whether a line begins another block than the one it stands behind. @param {string} text @param {string} kind */
function begins(text, kind) {
  if (FENCE.test(text) || HEADING.test(text) || ITEM.test(text) || RULE.test(text)) return true;
  return QUOTE.test(text) !== (kind === "quote");
}

/** @param {string} source @param {Line[]} lines @param {number} i @param {string} fence @param {MarkdownBlock[]} blocks */
function readFence(source, lines, i, fence, blocks) {
  let end = i + 1;
  while (
    end < lines.length &&
    !(lines[end].text.trim().startsWith(fence) && !lines[end].text.trim().slice(fence.length).trim())
  )
    end++;
  const from = i + 1 < lines.length ? lines[i + 1].start : lines[i].end;
  const to = end > i + 1 ? lines[end - 1].end : from;
  const last = lines[Math.min(end, lines.length - 1)];
  blocks.push({
    kind: "code",
    start: lines[i].start,
    end: last.end,
    children: texts(source, from, Math.max(from, to)),
  });
  return end + 1;
}

/** @param {string} source @param {Line[]} lines @param {number} i @param {MarkdownBlock[]} blocks */
function readList(source, lines, i, blocks) {
  const opening = /** @type {RegExpExecArray} */ (ITEM.exec(lines[i].text));
  const ordered = opening[3] !== undefined;
  const outer = opening[1].length;
  /** @type {Item[]} */
  const items = [];
  let next = i;
  for (; next < lines.length; next++) {
    const { text, start, end } = lines[next];
    const item = ITEM.exec(text);
    if (item && !RULE.test(text)) {
      if (item[1].length <= outer && (item[3] !== undefined) !== ordered) break;
      const depth = Math.min(3, Math.ceil(Math.max(0, item[1].length - outer) / 3));
      items.push({ depth, children: inline(source, start + item[0].length, end) });
    } else if (text.trim() && /^[ \t]{2,}/.test(text) && !FENCE.test(text)) {
      items[items.length - 1].children.push(
        { kind: "break" },
        ...inline(source, start + text.length - text.trimStart().length, end),
      );
    } else if (text.trim() || !ITEM.test(lines[next + 1]?.text ?? "")) break;
  }
  const block = { ordered, first: Number(opening[3] ?? 1), start: lines[i].start, end: lines[next - 1].end, items };
  blocks.push({ kind: "list", ...block });
  return next;
}

/** @param {string} source @param {number} from @param {number} to @returns {Inline[]} */
function inline(source, from, to) {
  return inlineOf(source, from, to, 0, new Map());
}

/**
 * @param {string} source @param {number} from @param {number} to @param {number} depth
 * @param {Map<string, number>} unclosed from where on a mark has no other, so that each is looked for once
 * @returns {Inline[]}
 */
function inlineOf(source, from, to, depth, unclosed) {
  /** @type {Inline[]} */
  const found = [];
  let plain = from;
  for (let at = from; at < to; ) {
    const read =
      "*_~`[!\\".includes(source[at]) && depth < DEEPEST ? special(source, at, from, to, depth, unclosed) : null;
    if (read) {
      found.push(...texts(source, plain, at), ...read.nodes);
      at = plain = read.end;
    } else at++;
  }
  found.push(...texts(source, plain, to));
  return found;
}

/**
 * What is marked at a place, and where it ends.
 * @param {string} source @param {number} at @param {number} from @param {number} to @param {number} depth
 * @param {Map<string, number>} unclosed @returns {{nodes: Inline[], end: number} | null}
 */
function special(source, at, from, to, depth, unclosed) {
  if (source[at] === "\\") {
    const escaped = at + 1 < to && /[!-/:-@[-`{-~]/.test(source[at + 1]);
    return escaped ? { nodes: texts(source, at + 1, at + 2), end: at + 2 } : null;
  }
  if (source[at] === "`") return codeSpan(source, at, to, unclosed);
  if (source[at] === "[" || source[at] === "!") return link(source, at, to, depth, unclosed);
  for (const [mark, kind] of MARKS) {
    if (!source.startsWith(mark, at)) continue;
    const inner = at + mark.length;
    if (inner >= to || /\s/.test(source[inner])) return null;
    if (mark[0] === "_" && at > from && /[\p{L}\p{N}]/u.test(source[at - 1])) return null;
    const end = closing(source, mark, inner, to, unclosed);
    if (end < 0) continue;
    return { nodes: [{ kind, children: inlineOf(source, inner, end, depth + 1, new Map()) }], end: end + mark.length };
  }
  return null;
}

/** @param {string} source @param {string} mark @param {number} from @param {number} to @param {Map<string, number>} unclosed */
function closing(source, mark, from, to, unclosed) {
  if (from >= (unclosed.get(mark) ?? Number.POSITIVE_INFINITY)) return -1;
  for (let at = source.indexOf(mark, from + 1); at >= 0 && at + mark.length <= to; at = source.indexOf(mark, at + 1)) {
    if (/\s/.test(source[at - 1]) || source[at - 1] === "\\") continue;
    if (mark.length === 1 && (source[at + 1] === mark || source[at - 1] === mark)) continue;
    if (mark[0] === "_" && at + mark.length < to && /[\p{L}\p{N}]/u.test(source[at + mark.length])) continue;
    return at;
  }
  unclosed.set(mark, from);
  return -1;
}

/** @param {string} source @param {number} at @param {number} to @param {Map<string, number>} unclosed */
function codeSpan(source, at, to, unclosed) {
  let open = at;
  while (open < to && source[open] === "`") open++;
  const mark = source.slice(at, open);
  if (open >= (unclosed.get(mark) ?? Number.POSITIVE_INFINITY)) return null;
  const end = source.indexOf(mark, open);
  if (end < 0 || end + mark.length > to) {
    unclosed.set(mark, open);
    return null;
  }
  /** @type {Inline} */
  const node = { kind: "code", children: texts(source, open, end) };
  return { nodes: [node], end: end + mark.length };
}

/**
 * A link or an image: its words, and its address behind them for everybody to see.
 * @param {string} source @param {number} at @param {number} to @param {number} depth @param {Map<string, number>} unclosed
 */
function link(source, at, to, depth, unclosed) {
  LINK.lastIndex = at;
  const match = LINK.exec(source);
  if (!match || at + match[0].length > to) return null;
  const words = at + match[0].indexOf("[") + 1;
  const address = at + match[0].indexOf("](") + 2;
  /** @type {Inline[]} */
  const nodes = [
    ...inlineOf(source, words, words + match[1].length, depth + 1, unclosed),
    added(" ("),
    { kind: "address", children: texts(source, address, address + match[2].length) },
    added(")"),
  ];
  return { nodes, end: at + match[0].length };
}

/** @param {string} text @returns {Text} */
function added(text) {
  return { kind: "text", text, start: -1 };
}

/** A part of the source without what is hidden in it. @param {string} source @param {number} from @param {number} to @returns {Text[]} */
function texts(source, from, to) {
  /** @type {Text[]} */
  const found = [];
  const part = source.slice(from, to);
  let at = 0;
  for (const match of part.matchAll(HIDDEN)) {
    if (match.index > at) found.push({ kind: "text", text: part.slice(at, match.index), start: from + at });
    at = match.index + match[0].length;
  }
  if (at < part.length) found.push({ kind: "text", text: part.slice(at), start: from + at });
  return found;
}

/** A text on one line, without what is hidden in it. @param {unknown} text */
export function plainText(text) {
  return String(text ?? "").replace(HIDDEN, "");
}

/** The words of a text without its marks, for who hears the page. @param {string} source */
export function wordsOf(source) {
  return parse(source).map(blockWords).join("\n");
}

/** @param {MarkdownBlock} block @returns {string} */
function blockWords(block) {
  if (block.kind === "list") return block.items.map((item) => inlineWords(item.children)).join("\n");
  if (block.kind === "table") return block.rows.map((row) => row.map(inlineWords).join(", ")).join("\n");
  return inlineWords(block.children);
}

/** @param {Inline[]} children @returns {string} */
function inlineWords(children) {
  return children
    .map((child) => (child.kind === "text" ? child.text : child.kind === "break" ? "\n" : inlineWords(child.children)))
    .join("");
}

/** @param {string} source @returns {Line[]} */
function linesOf(source) {
  /** @type {Line[]} */
  const lines = [];
  let start = 0;
  for (const text of source.split("\n")) {
    lines.push({ text, start, end: start + text.length });
    start += text.length + 1;
  }
  return lines;
}

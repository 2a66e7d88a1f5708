// @ts-check
/**
 * Tables of markdown: where their cells stand in the source.
 *
 * @typedef {{start: number, end: number}} Cell
 * @typedef {"" | "left" | "center" | "right"} Align
 */

/**
 * The table that begins at a line: its rows, the heading first, and how many lines it takes; null where none begins.
 * @param {import("./markdown.js").Line[]} lines @param {number} i
 * @returns {{aligns: Align[], rows: Cell[][], next: number} | null}
 */
export function tableAt(lines, i) {
  const aligns = alignsOf(lines[i + 1]);
  if (!aligns.length || !lines[i].text.includes("|")) return null;
  const heading = cellsOf(lines[i]);
  if (heading.length !== aligns.length) return null;
  const rows = [heading];
  let next = i + 2;
  for (; next < lines.length && lines[next].text.includes("|"); next++) rows.push(cellsOf(lines[next]));
  return { aligns, rows, next };
}

/** How the columns are aligned by the line below the heading; nothing where it is not such a line. @param {import("./markdown.js").Line | undefined} line */
function alignsOf(line) {
  if (!line || !/^[-|: \t]+$/.test(line.text) || !line.text.includes("|")) return [];
  const marks = cellsOf(line).map(({ start, end }) => line.text.slice(start - line.start, end - line.start));
  return marks.every((mark) => /^:?-+:?$/.test(mark)) ? marks.map(alignOf) : [];
}

/** @param {string} mark @returns {Align} */
function alignOf(mark) {
  if (mark.endsWith(":")) return mark.startsWith(":") ? "center" : "right";
  return mark.startsWith(":") ? "left" : "";
}

/** @param {import("./markdown.js").Line} line @returns {Cell[]} */
function cellsOf({ text, start }) {
  const inside = text.trimEnd();
  const to = inside.endsWith("|") && !inside.endsWith("\\|") ? inside.length - 1 : inside.length;
  let from = text.length - text.trimStart().length;
  if (text[from] === "|") from++;
  /** @type {Cell[]} */
  const cells = [];
  for (let at = from; at <= to; at++) {
    if (at < to && (text[at] !== "|" || text[at - 1] === "\\")) continue;
    const cell = text.slice(from, at);
    const blank = cell.length - cell.trimStart().length;
    cells.push({ start: start + from + blank, end: start + from + Math.max(blank, cell.trimEnd().length) });
    from = at + 1;
  }
  return cells;
}

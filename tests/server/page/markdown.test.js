import assert from "node:assert/strict";
import { test } from "node:test";
import { parse, plainText, wordsOf } from "../../../voicebot/server/page/markdown.js";

/** All the texts of a tree, in order. */
function textsOf(node) {
  if (node.kind === "text") return [node];
  return [...(node.children ?? []), ...(node.items ?? []), ...(node.rows ?? []).flat(2)].flatMap(textsOf);
}
const words = (source) =>
  parse(source)
    .flatMap(textsOf)
    .map((text) => text.text)
    .join("");
/** A short form of a tree. */
function shape(node) {
  if (node.kind === "text") return node.text;
  if (node.kind === "break") return "/";
  const inside = (node.children ?? node.items).map(shape);
  return [node.kind ?? "item", ...inside];
}
const shapes = (source) => parse(source).map(shape);

test("paragraphs, emphasis, code and what is struck out", () => {
  assert.deepEqual(shapes("One **two** *three* `f(x)` ~~four~~.\nFive\n\nSix"), [
    [
      "paragraph",
      "One ",
      ["strong", "two"],
      " ",
      ["em", "three"],
      " ",
      ["code", "f(x)"],
      " ",
      ["del", "four"],
      ".",
      "/",
      "Five",
    ],
    ["paragraph", "Six"],
  ]);
});

test("headings, lists, quotes, rules and fences", () => {
  assert.deepEqual(
    shapes("# Title\n- a\n- **b**\n  - c\n\n1. one\n2. two\n\n> so\n> it is\n\n---\n```js\nlet x = 1;\n\n```\nend"),
    [
      ["heading", "Title"],
      ["list", ["item", "a"], ["item", ["strong", "b"]], ["item", "c"]],
      ["list", ["item", "one"], ["item", "two"]],
      ["quote", "so", "/", "it is"],
      ["rule"],
      ["code", "let x = 1;\n"],
      ["paragraph", "end"],
    ],
  );
});

/** The words of each cell of a table, and how its columns are aligned. */
const table = (source) => {
  const [{ kind, aligns, rows }, ...others] = parse(source);
  const cells = rows.map((row) =>
    row.map((cell) =>
      cell
        .flatMap(textsOf)
        .map(({ text }) => text)
        .join(""),
    ),
  );
  return { kind, aligns, cells, others: others.map(shape) };
};

test("a table is its cells, whatever stands around it", () => {
  assert.deepEqual(table("| a | **b** | c |\n|---|:-:|--:|\n| 1 | 2 \\| 3 |\n4|5|6|7\nbehind"), {
    kind: "table",
    aligns: ["", "center", "right"],
    cells: [
      ["a", "b", "c"],
      ["1", "2 | 3"],
      ["4", "5", "6", "7"],
    ],
    others: [["paragraph", "behind"]],
  });
  assert.deepEqual(
    parse("These are:\n\u540d\u524d | \u5024\n:-- | --\n\u7532 | 1\n\n- x").map(({ kind }) => kind),
    ["paragraph", "table", "list"],
  );
});

test("a line with a bar is no table", () => {
  for (const source of ["a | b", "a | b\nc | d", "| a | b |\n|---|", "x\n---", "a | b\n|:", "| a |\n---", "|\n|"])
    assert.ok(
      parse(source).every(({ kind }) => kind !== "table"),
      source,
    );
});

test("Japanese emphasis needs no spaces around it", () => {
  assert.deepEqual(shapes("今日は**とても**いい天気です。"), [
    ["paragraph", "今日は", ["strong", "とても"], "いい天気です。"],
  ]);
});

test("names with underscores and sums with stars stay what they are", () => {
  for (const text of ["snake_case_name", "2 * 3 * 4", "a * b", "**", "* ", "5*", "f(*args)"])
    assert.equal(words(`x ${text}`), `x ${text}`);
});

test("a link is its words with its address behind them", () => {
  assert.equal(words("See [the bank](https://evil.example/login)!"), "See the bank (https://evil.example/login)!");
});

test("an address may have brackets", () => {
  assert.equal(
    words("[x](https://a.example/b_(c)) and [y](javascript:alert(1))"),
    "x (https://a.example/b_(c)) and y (javascript:alert(1))",
  );
});

test("an image is text: nothing is fetched", () => {
  assert.equal(words("![cat](http://tracker.example/p.png?secret=1)"), "cat (http://tracker.example/p.png?secret=1)");
});

test("tags, javascript addresses and entities are text", () => {
  for (const text of [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "&lt;b&gt;",
    "javascript:alert(1)",
    "<a href='javascript:x'>y</a>",
  ])
    assert.equal(words(text), text);
});

test("what turns text around is removed", () => {
  assert.equal(words("user\u202etxt.exe \u2066x\u2069 \u200f\u061c\u{e0041}ok\u0000"), "usertxt.exe x ok");
  assert.equal(plainText("a\u202eb\u0007"), "ab");
});

test("an emoji of several characters stays whole", () => {
  assert.equal(words("👩‍👩‍👧 **👍🏽**"), "👩‍👩‍👧 👍🏽");
});

test("a reply that is still being written is readable at every moment", () => {
  const text = "Well, **this is** `code` and:\n\n```py\nprint(1)\n```\n\n1. [a](b)\n2. ~~c~~";
  for (let end = 0; end <= text.length; end++) assert.doesNotThrow(() => parse(text.slice(0, end)));
});

/** Numbers that look random and are the same each time. */
function* numbers(seed) {
  for (let state = seed; ; state = (state * 1103515245 + 12345) % 2147483648) yield state >> 8;
}

test("each text is an exact part of the source, in order, whatever the source is", () => {
  const parts = [
    "*",
    "**",
    "_",
    "`",
    "```",
    "\n",
    "\n\n",
    "[",
    "](",
    ")",
    "!",
    "a",
    "b c",
    " ",
    "# ",
    "- ",
    "1. ",
    "> ",
    "~~",
    "\\",
    "。",
    "\u202e",
    "😀",
    "---",
    "\t",
    "<b>",
    "|",
    "|-|\n",
  ];
  const random = numbers(7);
  for (let round = 0; round < 3000; round++) {
    let source = "";
    for (let i = 0; i < random.next().value % 24; i++) source += parts[random.next().value % parts.length];
    let last = 0;
    for (const block of parse(source)) {
      assert.ok(block.start <= block.end && block.end <= source.length);
      for (const { text, start } of textsOf(block)) {
        if (start < 0) continue;
        assert.equal(source.slice(start, start + text.length), text);
        assert.ok(start >= last, JSON.stringify(source));
        last = start + text.length;
      }
    }
  }
});

for (const hostile of [
  "*",
  "**a",
  "_a",
  "`",
  "[",
  "![a](",
  "~~x",
  "> ",
  "- ",
  "\\",
  "**_",
  "[a](b",
  "`a``",
  "*a **b ",
  "|",
  "|-",
  "a|\n",
  "|\n|-\n",
  "a|b\n-|-\n",
  "- | ",
]) {
  test(`a hundred thousand times ${JSON.stringify(hostile)} takes no longer than text of that length may`, () => {
    const size = Math.floor(100_000 / hostile.length);
    const time = (count) => {
      const source = hostile.repeat(count);
      const before = process.cpuUsage().user;
      parse(source);
      return process.cpuUsage().user - before;
    };
    time(size);
    const small = Math.max(time(size / 10), 2000);
    assert.ok(time(size) < 60 * small, "more than linear");
  });
}

test("the words of a text are without its marks", () => {
  const source =
    "# A *big* day\n\n1. **one**\n2. `two`\n\n| a | b |\n|---|---|\n| 東京 | ~~x~~ |\n\n> so\nit\u202e goes";
  assert.equal(wordsOf(source), "A big day\none\ntwo\na, b\n東京, x\nso\nit goes");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { languageOf, languageOfText, refusalKey, say } from "../../../voicebot/server/page/languages.js";
import { MESSAGES } from "../../../voicebot/server/page/messages.js";
import { Heard, Reports } from "../../../voicebot/server/page/reports.js";
import { parts, Subtitles } from "../../../voicebot/server/page/subtitles.js";
import { shortSeconds, ticks, when } from "../../../voicebot/server/page/units.js";
import { readBlock, readMessage, waitSeconds } from "../../../voicebot/server/page/wire.js";

const mark = (utterance, frame, at, over = false) => ({ utterance, frame, at, over });

test("what was rendered is heard when it is audible, the latest of each utterance", () => {
  const heard = new Heard();
  heard.add([mark(0, 100, 1), mark(0, 200, 1.1, true), mark(1, 50, 1.2), mark(1, 90, 1.3)]);
  assert.deepEqual(heard.until(0.9), []);
  assert.deepEqual(heard.until(1.2), [mark(0, 200, 1.1, true), mark(1, 50, 1.2)]);
  assert.deepEqual(heard.until(9), [mark(1, 90, 1.3)]);
  assert.deepEqual(heard.until(9), []);
});

test("the first and the last of an utterance are reported, and one every so often", () => {
  const reports = new Reports(0.2);
  const due = [0, 0.05, 0.15, 0.2, 0.3, 0.4, 0.41].map((at, i) => reports.due(mark(0, i, at, i === 6)));
  assert.deepEqual(due, [true, false, false, true, false, true, true]);
  assert.ok(reports.due(mark(1, 1, 0.42)));
});

test("a block of sound is read as the server writes it", () => {
  const bytes = new Uint8Array([1, 1, 0, 0, 7, 0, 0, 0, 0, 1, 0, 0, 0xff, 0x7f, 0x00, 0x80]);
  const block = readBlock(bytes.buffer);
  assert.deepEqual([block.utterance, block.first, [...block.samples]], [7, 256, [32767, -32768]]);
});

test("blocks that are too short, odd or of another version are none", () => {
  for (const bytes of [
    [],
    [1, 1, 0, 0],
    [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [2, 1, ...Array(10).fill(0)],
    [1, 9, ...Array(10).fill(0)],
  ])
    assert.equal(readBlock(new Uint8Array(bytes).buffer), null);
});

test("messages that are no JSON, or have no type, are none", () => {
  for (const text of ["", "{", "null", "[]", "7", '"x"', "{}", '{"type":7}']) assert.equal(readMessage(text), null);
  assert.deepEqual(readMessage('{"type":"pong"}'), { type: "pong" });
});

test("attempts to connect come at longer and longer intervals, up to a limit", () => {
  const waits = Array.from({ length: 12 }, (_, i) => waitSeconds(i, 0.5));
  assert.deepEqual(
    waits,
    [...waits].sort((a, b) => a - b),
  );
  assert.ok(waits[0] < 0.5 && waits[11] === 10);
});

test("both languages say the same things, with the same fields", () => {
  assert.deepEqual(Object.keys(MESSAGES.ja), Object.keys(MESSAGES.en));
  const fields = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(MESSAGES.en)) assert.deepEqual(fields(MESSAGES.ja[key]), fields(MESSAGES.en[key]), key);
});

test("the first language that we have is taken", () => {
  assert.equal(languageOf(["", "fr-FR", "ja-JP", "en"]), "ja");
  assert.equal(languageOf(["en-GB", "ja"]), "en");
  assert.equal(languageOf(["de"]), "en");
});

test("a field that is not given stays as it stands, and one from outside is put in as it is", () => {
  assert.equal(say("en", "tool", {}), "Using {name}");
  assert.equal(say("en", "tool", { name: "$& {name}" }), "Using $& {name}");
});

test("kana is Japanese, letters alone are not", () => {
  assert.equal(languageOfText("今日はOKです"), "ja");
  assert.equal(languageOfText("Hello"), "en");
  assert.equal(languageOfText("123"), "");
});

test("each refusal has its words", () => {
  assert.equal(refusalKey({ status: 0 }), "error_network");
  assert.equal(refusalKey({ status: 429, code: "rate_limit_exceeded" }), "error_busy");
  assert.equal(refusalKey({ status: 404 }), "error_not_found");
  assert.equal(refusalKey({ status: 409, code: "too_many_conversations" }), "error_too_many");
  assert.equal(refusalKey({ status: 500 }), "error_other");
});

test("seconds are short where they are short", () => {
  assert.equal(shortSeconds(0.4267, "en"), "427 ms");
  assert.equal(shortSeconds(1.5, "en"), "1.50 sec");
  assert.equal(shortSeconds(null, "en"), "–");
  assert.equal(shortSeconds(0.4267, "ja"), "427 ms");
  assert.equal(shortSeconds(1.5, "ja"), "1.50 秒");
});

test("the marks of an axis are round numbers within it", () => {
  assert.deepEqual(ticks(10), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(ticks(0.35), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(0), [0]);
});

test("today is told by the hour, an earlier day by its date", () => {
  const now = new Date(2026, 6, 1, 18, 0);
  assert.match(when(new Date(2026, 6, 1, 9, 5).toISOString(), "en", now), /9:05/);
  assert.match(when(new Date(2026, 5, 3).toISOString(), "en", now), /Jun 3/);
  assert.equal(when("nonsense", "en", now), "");
});

test("subtitles come with the voice, stay a moment, and go", () => {
  const subtitles = new Subtitles();
  assert.equal(subtitles.at(0), null);
  subtitles.begin(" Hello there. ", 2, 10);
  assert.deepEqual(subtitles.at(10), { text: "Hello there.", shown: 0 });
  assert.equal(subtitles.at(11).shown, 6);
  subtitles.end(12, { interrupted: false });
  assert.equal(subtitles.at(13).shown, 12);
  assert.equal(subtitles.at(14), null);
});

test("subtitles of an interrupted utterance go at once", () => {
  const subtitles = new Subtitles();
  subtitles.begin("Hello there.", 2, 10);
  subtitles.end(11, { interrupted: true });
  assert.equal(subtitles.at(11), null);
});

for (const text of [
  "One. ".repeat(60),
  "今日はいい天気です。散歩に行きましょう。".repeat(12),
  "x".repeat(400),
  "😀".repeat(150),
])
  test(`a long text is cut into what is read at a glance: ${text.slice(0, 8)}`, () => {
    const found = parts(text);
    assert.equal(found.map((part) => part.text).join(""), text);
    assert.ok(found.every((part) => part.text.length <= 90 && part.text.isWellFormed?.() !== false));
  });

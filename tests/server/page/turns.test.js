import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer } from "../../../voicebot/server/page/announcer.js";
import { Clips } from "../../../voicebot/server/page/clips.js";
import { clausesOf, placeHeard, placesInRaw, trimmed } from "../../../voicebot/server/page/timeline.js";
import { Turns } from "../../../voicebot/server/page/turns.js";
import { waterfall } from "../../../voicebot/server/page/waterfall.js";

const REPLY = "Hello **there**, my friend. This is [a link](http://x.y).";
const EVENTS = [
  { type: "turn_started", turn: "t", at: 0, message: "Hi" },
  { type: "delta", turn: "t", at: 0.1, text: REPLY },
  { type: "segment_ready", turn: "t", at: 0.2, start: 0, end: 16, boundary: "clause", rule: "clause" },
  { type: "segment_ready", turn: "t", at: 0.2, start: 16, end: 27, boundary: "sentence", rule: "dot" },
  {
    type: "utterance_ready",
    turn: "t",
    at: 0.2,
    index: 0,
    text: "Hello **there**, my friend.",
    shown: "Hello there, my friend.",
    rule: "sentences",
    lead: 0,
  },
  { type: "segment_ready", turn: "t", at: 0.3, start: 27, end: 57, boundary: "end", rule: "end" },
  { type: "clip_ready", turn: "t", at: 0.5, index: 0, audio_seconds: 1.9, synthesis_seconds: 0.25, sample_rate: 24000 },
  { type: "playback_started", turn: "t", at: 0.6, index: 0, text: "Hello there, my friend.", audio_seconds: 1.9 },
];

function after(...more) {
  const turns = new Turns();
  for (const event of [...EVENTS, ...more]) turns.take(event);
  return turns;
}
const clipOf = (index, shown, frames, timeline = null) => ({
  index,
  shown,
  frames,
  timeline,
  rate: 1000,
  before: 0,
});

test("a turn is what its events say", () => {
  const turn = after().find("t");
  assert.equal(turn.message, "Hi");
  assert.equal(turn.reply, REPLY);
  assert.equal(turn.state, "running");
  assert.equal(turn.firstDelta, 0.1);
  assert.deepEqual([turn.utterances[0].start, turn.utterances[0].end, turn.utterances[0].state], [0, 27, "speaking"]);
});

test("what was not heard of an interrupted reply is known", () => {
  const ended = {
    type: "turn_ended",
    turn: "t",
    at: 1,
    outcome: "interrupted",
    heard: "Hello **there**, ",
    metrics: {},
  };
  const turn = after({ ...ended, unsaid: "my friend. This is [a link](http://x.y)." }).find("t");
  assert.equal(REPLY.slice(0, turn.heard), "Hello **there**, ");
  assert.equal(turn.state, "interrupted");
});

test("a completed reply was heard to its end", () => {
  const turn = after({ type: "turn_ended", turn: "t", at: 5, outcome: "completed", heard: REPLY, unsaid: "" }).find(
    "t",
  );
  assert.equal(turn.heard, REPLY.length);
});

test("what waits in line is there until its turn begins, or somebody takes it back", () => {
  const turns = new Turns();
  turns.queue("Am I next?", 2);
  turns.queue("Am I next?", 1);
  assert.deepEqual(
    turns.all.map(({ message, state, position }) => [message, state, position]),
    [["Am I next?", "waiting", 1]],
  );
  turns.take({ type: "turn_started", turn: "of another tab", at: 0, message: "Hi" });
  assert.equal(turns.queued?.message, "Am I next?");
  turns.take({ type: "turn_started", turn: "mine", at: 0, message: "Am I next?" });
  assert.deepEqual(
    turns.all.map(({ id }) => id),
    ["of another tab", "mine"],
  );
  turns.queue("Once more?", 1);
  turns.leaveLine();
  assert.equal(turns.queued, undefined);
});

test("events of a turn that is not known change nothing", () => {
  const turns = new Turns();
  assert.equal(turns.take({ type: "delta", turn: "x", at: 0, text: "a" }), undefined);
  assert.deepEqual(turns.all, []);
});

test("a turn that waits is shown, and gone when it is dropped", () => {
  const turns = new Turns();
  turns.take({ type: "turn_waiting", turn: "w", at: 0, position: 2 });
  assert.equal(turns.find("w").position, 2);
  turns.take({ type: "turn_dropped", turn: "w", at: 1, reason: "stopped" });
  assert.deepEqual(turns.all, []);
});

test("a snapshot brings back what was said, and keeps what is known better", () => {
  const turns = after({ type: "turn_ended", turn: "t", at: 5, outcome: "completed", heard: REPLY, unsaid: "" });
  const before = { message: "A", heard: "Yes", unsaid: " and no", outcome: "interrupted", at: "2026-01-01T00:00:00Z" };
  turns.restore({
    said: [
      { turn: "", ...before },
      { turn: "t", message: "Hi", heard: REPLY, unsaid: "", outcome: "completed" },
    ],
  });
  assert.deepEqual(
    turns.all.map((turn) => [turn.reply, turn.heard, turn.utterances.length]),
    [
      ["Yes and no", 3, 0],
      [REPLY, REPLY.length, 1],
    ],
  );
});

test("a turn that was running when the connection broke is taken from the snapshot", () => {
  const turns = after();
  turns.restore({ said: [{ turn: "t", message: "Hi", heard: "Hello", unsaid: "", outcome: "interrupted" }] });
  assert.deepEqual([turns.find("t").state, turns.find("t").reply], ["interrupted", "Hello"]);
});

test("the floor is paused until it goes on, or the turn ends", () => {
  const turns = after({ type: "paused", turn: "t", at: 1, seconds: 300 });
  assert.ok(turns.paused);
  turns.take({ type: "resumed", turn: "t", at: 2 });
  assert.ok(!turns.paused);
});

test("each character of what is shown is found in what the model wrote", () => {
  const raw = "Hello **there**, my [friend](http://x).";
  const shown = "Hello there, my friend.";
  const places = placesInRaw(raw, shown);
  assert.equal(places.length, shown.length + 1);
  assert.equal([...shown].map((_, i) => raw[places[i]]).join(""), shown);
});

test("what is shown may be quite another text", () => {
  const places = placesInRaw("a", "something else");
  assert.ok(places.every((place) => place <= 1));
});

test("the clause is the one that is heard, by time where the engine tells no more", () => {
  const turn = after().find("t");
  const clip = clipOf(0, "Hello there, my friend.", 1900);
  const clause = (frame) => {
    const range = trimmed(REPLY, clausesOf(turn, placeHeard(turn, clip, frame)));
    return REPLY.slice(range.start, range.end);
  };
  assert.equal(clause(100), "Hello **there**,");
  assert.equal(clause(1200), "my friend.");
  assert.equal(clause(1900), "my friend.");
});

test("the clause is the one that is heard, by what the engine tells", () => {
  const turn = after().find("t");
  const clip = clipOf(0, "Hello there, my friend.", 1900, [
    [0, 5, 0],
    [5, 12, 0.2],
    [12, 15, 0.3],
    [15, 23, 0.5],
  ]);
  assert.equal(clausesOf(turn, placeHeard(turn, clip, 250)).end, 16);
  assert.equal(clausesOf(turn, placeHeard(turn, clip, 600)).start, 16);
});

test("a clip of an utterance that is not known lights nothing", () => {
  assert.equal(placeHeard(after().find("t"), clipOf(9, "x", 10), 5), null);
});

test("the waterfall has each bar where it was", () => {
  const { rows, cuts, seconds } = waterfall(after().find("t"));
  assert.deepEqual(cuts, [0.2, 0.2, 0.3]);
  assert.deepEqual(
    rows.map((row) => row.bars.map((bar) => [bar.kind, bar.from, bar.to])),
    [
      [
        ["wait", 0, 0.1],
        ["model", 0.1, 0.3],
      ],
      [["voice", 0.25, 0.5]],
      [["heard", 0.6, 2.5]],
    ],
  );
  assert.equal(seconds, 2.5);
});

test("a gap stands before what came too late", () => {
  const turns = new Turns();
  for (const event of EVENTS.slice(0, -1)) turns.take(event);
  turns.take({ type: "gap", turn: "t", at: 0.6, index: 0, seconds: 0.4, within: false });
  turns.take(EVENTS.at(-1));
  const heard = waterfall(turns.find("t")).rows[2].bars;
  assert.equal(heard[0].kind, "gap");
  assert.ok(Math.abs(heard[0].to - heard[0].from - 0.4) < 1e-9);
});

test("the sound of a turn is kept, the oldest first to go", () => {
  const clips = new Clips(2500);
  for (const number of [0, 1, 2]) {
    clips.begin({ utterance: number, turn: "t", index: number, rate: 1000, channels: 1, frames: 1000, shown: "" });
    clips.push(number, new Int16Array(1000));
    clips.end(number, 1000);
  }
  assert.deepEqual(
    clips.of("t").map((clip) => [clip.number, clip.whole]),
    [
      [1, true],
      [2, true],
    ],
  );
});

test("the second clip of an utterance knows what was before it", () => {
  const clips = new Clips();
  const begin = { turn: "t", index: 0, rate: 1000, channels: 1, frames: 500, shown: "" };
  clips.begin({ ...begin, utterance: 0 });
  assert.equal(clips.begin({ ...begin, utterance: 1 }).before, 0.5);
});

function announced(context, isHeard, ended) {
  const told = [];
  const region = { replaceChildren: () => void told.push("/"), append: (node) => void told.push(node.textContent) };
  globalThis.document = { createElement: () => ({ textContent: "" }) };
  context.after(() => void delete globalThis.document);
  const announcer = new Announcer(region);
  const turns = new Turns();
  for (const event of [...EVENTS, { type: "turn_ended", turn: "t", at: 5, outcome: "completed", ...ended }]) {
    const turn = turns.take(event);
    announcer.hear(turn, event, isHeard(event));
  }
  return told;
}

test("a screen reader is told each finished sentence once where nobody says it", (context) => {
  const told = ["/", "Hello there, my friend. ", "This is a link (http://x.y). "];
  assert.deepEqual(
    announced(context, () => false, {}),
    told,
  );
});

test("a screen reader does not speak into the voice", (context) => {
  assert.deepEqual(
    announced(context, () => true, {}),
    ["/"],
  );
  const interrupted = { outcome: "interrupted", heard: "Hello **there**, ", unsaid: "my friend." };
  assert.deepEqual(
    announced(context, () => true, interrupted),
    ["/"],
  );
});

test("a screen reader is told what the voice could not say", (context) => {
  const skipped = { skipped: "This is [a link](http://x.y)." };
  assert.deepEqual(
    announced(context, () => true, skipped),
    ["/", "This is a link (http://x.y). "],
  );
  const failed = { outcome: "failed", heard: "Hello **there**, ", unsaid: REPLY.slice(17) };
  assert.deepEqual(
    announced(context, () => true, failed),
    ["/", "my friend. This is a link (http://x.y). "],
  );
});

test("a screen reader is told the whole reply at its end where no sound has come after all", (context) => {
  assert.deepEqual(
    announced(context, (event) => event.type !== "turn_ended", {}),
    ["/", "Hello there, my friend. This is a link (http://x.y). "],
  );
});

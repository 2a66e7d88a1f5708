import assert from "node:assert/strict";
import { test } from "node:test";
import { Player } from "../../../voicebot/server/page/player.js";
import { Resampler } from "../../../voicebot/server/page/resampler.js";
import { Ring } from "../../../voicebot/server/page/ring.js";

const tone = (rate, seconds, hertz = 440, level = 0.5, from = 0) =>
  Int16Array.from({ length: rate * seconds }, (_, i) =>
    Math.round(32767 * level * Math.sin((2 * Math.PI * hertz * (i + from)) / rate)),
  );

/** Render until `frames` came out, in blocks of the worklet's size. */
function rendered(player, frames, size = 128) {
  const sound = [];
  const marks = [];
  for (let done = 0; done < frames; done += size) {
    const block = new Float32Array(size);
    for (const mark of player.render([block])) marks.push({ ...mark, offset: done + mark.offset });
    sound.push(...block);
  }
  return { sound, marks };
}

function said(player, utterance, samples, rate, size = 960) {
  player.begin(utterance, rate, 1);
  for (let at = 0; at < samples.length; at += size) player.push(utterance, samples.subarray(at, at + size));
  player.end(utterance);
}

test("a ring gives back what was written, by its place, however much it grows", () => {
  const ring = new Ring(4);
  for (let i = 0; i < 1000; i++) {
    ring.write([i]);
    if (i % 3 === 0) ring.discard(i - 50);
  }
  assert.equal(ring.at(999), 999);
  assert.equal(ring.at(960), 960);
  assert.equal(ring.at(1000), 0);
  assert.equal(ring.at(3), 0);
});

test("a ring takes one channel of several", () => {
  const ring = new Ring();
  ring.write([1, 2, 3, 4], 1, 2);
  assert.deepEqual([ring.at(0), ring.at(1), ring.next], [2, 4, 2]);
});

for (const [from, to] of [
  [24000, 48000],
  [24000, 44100],
  [22050, 48000],
  [48000, 44100],
  [48000, 48000],
  [16000, 48000],
]) {
  test(`a tone of ${from} frames a second stays that tone at ${to}`, () => {
    const ring = new Ring();
    ring.write(Float32Array.from(tone(from, 1), (sample) => sample / 32768));
    const resampler = new Resampler(from, to);
    let worst = 0;
    for (let frame = 2000; frame < to - 2000; frame++) {
      const wanted = 0.5 * Math.sin((2 * Math.PI * 440 * frame) / to);
      worst = Math.max(worst, Math.abs(resampler.sample(ring, 0, frame) - wanted));
    }
    assert.ok(worst < 0.001, `off by ${worst}`);
  });
}

test("what is above the new rate's band does not come back as another tone", () => {
  const ring = new Ring();
  ring.write(Float32Array.from(tone(48000, 0.5, 20000), (sample) => sample / 32768));
  const resampler = new Resampler(48000, 24000);
  let loudest = 0;
  for (let frame = 1000; frame < 11000; frame++)
    loudest = Math.max(loudest, Math.abs(resampler.sample(ring, 0, frame)));
  assert.ok(loudest < 0.002, `${loudest}`);
});

test("two utterances in a row have no seam", () => {
  const player = new Player(48000);
  const whole = tone(24000, 1);
  said(player, 0, whole.subarray(0, 11111), 24000);
  said(player, 1, whole.subarray(11111), 24000);
  const { sound } = rendered(player, 48128);
  const start = 480; // past the rise at the beginning
  for (let frame = start; frame < 47900; frame++) {
    const wanted = 0.5 * Math.sin((2 * Math.PI * 440 * frame) / 48000);
    assert.ok(Math.abs(sound[frame] - wanted) < 0.002, `frame ${frame}: ${sound[frame]} for ${wanted}`);
  }
  assert.equal(player.missing, 0);
});

for (const [from, to] of [
  [24000, 48000],
  [24000, 44100],
  [22050, 44100],
  [44100, 48000],
]) {
  test(`the frames that are counted are those of the utterance, ${from} at ${to}`, () => {
    const player = new Player(to);
    said(player, 7, tone(from, 0.5), from);
    said(player, 8, tone(from, 0.2), from);
    const { marks } = rendered(player, to);
    const over = marks.filter((mark) => mark.over);
    assert.deepEqual(
      over.map((mark) => [mark.utterance, mark.frame]),
      [
        [7, from * 0.5],
        [8, from * 0.2],
      ],
    );
    assert.ok(Math.abs(over[0].offset / to - 0.5) < 0.004);
    assert.ok(Math.abs(over[1].offset / to - 0.7) < 0.004);
    let before = 0;
    for (const mark of marks.filter((mark) => mark.utterance === 7)) {
      assert.ok(mark.frame >= before);
      before = mark.frame;
    }
    assert.ok(!player.busy);
  });
}

test("utterances of different rates follow each other", () => {
  const player = new Player(48000);
  said(player, 0, tone(24000, 0.1), 24000);
  said(player, 1, tone(16000, 0.1), 16000);
  said(player, 2, tone(48000, 0.1), 48000);
  const { sound, marks } = rendered(player, 48000);
  assert.deepEqual(
    marks.filter((mark) => mark.over).map((mark) => mark.utterance),
    [0, 1, 2],
  );
  const last = sound.findLastIndex((sample) => Math.abs(sample) > 0.01);
  assert.ok(Math.abs(last / 48000 - 0.3) < 0.01, `${last}`);
});

test("what comes too late is counted as missing, and goes on where it stopped", () => {
  const player = new Player(48000);
  const whole = tone(24000, 0.2);
  player.begin(0, 24000, 1);
  player.push(0, whole.subarray(0, 2400));
  const first = rendered(player, 128 * 100);
  assert.ok(player.missing > 0);
  const before = player.missing;
  player.push(0, whole.subarray(2400));
  player.end(0);
  const second = rendered(player, 128 * 100);
  assert.equal(player.missing, before);
  assert.equal(second.marks.at(-1).frame, 4800);
  const heard = [...first.sound, ...second.sound].filter((sample) => sample !== 0).length;
  assert.ok(Math.abs(heard - 9600) < 300, `${heard}`);
});

test("waiting for the first sound of an utterance is not missing sound", () => {
  const player = new Player(48000);
  player.begin(0, 24000, 1);
  rendered(player, 1280);
  assert.equal(player.missing, 0);
});

test("a flush is silent within five milliseconds and without a click, and forgets", () => {
  const player = new Player(48000);
  said(player, 3, tone(24000, 1), 24000);
  const before = rendered(player, 4800).sound;
  player.flush(3);
  const { sound, marks } = rendered(player, 4800);
  const steps = [before.at(-1), ...sound].map((sample, i, all) => (i ? Math.abs(sample - all[i - 1]) : 0));
  assert.ok(Math.max(...steps) < 0.06, `${Math.max(...steps)}`);
  assert.ok(sound.slice(240).every((sample) => sample === 0));
  assert.ok(!marks.some((mark) => mark.over));
  assert.ok(!player.busy);
});

test("a flush of an earlier utterance leaves the later one", () => {
  const player = new Player(48000);
  said(player, 0, tone(24000, 0.5), 24000);
  said(player, 1, tone(24000, 0.5), 24000);
  rendered(player, 1280);
  player.flush(0);
  const { marks } = rendered(player, 48000);
  assert.deepEqual(
    marks.filter((mark) => mark.over).map((mark) => [mark.utterance, mark.frame]),
    [[1, 12000]],
  );
});

test("what still comes for a flushed utterance is not heard", () => {
  const player = new Player(48000);
  player.begin(0, 24000, 1);
  player.push(0, tone(24000, 0.5));
  rendered(player, 1280);
  player.flush(0);
  rendered(player, 1280);
  player.push(0, tone(24000, 0.5));
  player.end(0);
  assert.ok(rendered(player, 4800).sound.every((sample) => sample === 0));
});

test("a pause holds what there is, and loses nothing", () => {
  const player = new Player(48000);
  said(player, 0, tone(24000, 0.5), 24000);
  const first = rendered(player, 12800);
  player.pause();
  const pause = rendered(player, 48000);
  assert.ok(pause.sound.slice(400).every((sample) => sample === 0));
  player.resume();
  const second = rendered(player, 24000);
  assert.equal(second.marks.at(-1).frame, 12000);
  assert.equal(player.missing, 0);
  const heard = [...first.sound, ...pause.sound, ...second.sound].filter((sample) => sample !== 0).length;
  assert.ok(Math.abs(heard - 24000) < 400, `${heard}`);
});

test("a flush in a pause leaves silence, and the next utterance is heard after it", () => {
  const player = new Player(48000);
  said(player, 0, tone(24000, 0.5), 24000);
  player.pause();
  rendered(player, 1280);
  player.flush();
  player.resume();
  assert.ok(!player.busy);
  said(player, 1, tone(24000, 0.1), 24000);
  assert.equal(rendered(player, 9600).marks.at(-1).frame, 2400);
});

test("whatever the sizes of the blocks that come and go, the sound is the same", () => {
  const play = (size, blocks) => {
    const player = new Player(44100);
    said(player, 0, tone(24000, 0.3), 24000, size);
    return rendered(player, 20480, blocks).sound;
  };
  const once = play(7200, 128);
  for (const [size, blocks] of [
    [1, 128],
    [960, 256],
    [333, 2048],
  ]) {
    const again = play(size, blocks);
    once.forEach((sample, i) => void assert.ok(Math.abs(sample - again[i]) < 1e-6));
  }
});

test("stereo keeps its sides apart", () => {
  const player = new Player(48000);
  player.begin(0, 48000, 2);
  player.push(
    0,
    Int16Array.from({ length: 2000 }, (_, i) => (i % 2 ? 16384 : 0)),
  );
  player.end(0);
  const left = new Float32Array(1024);
  const right = new Float32Array(1024);
  player.render([left, right]);
  assert.equal(left[800], 0);
  assert.equal(right[800], 0.5);
});

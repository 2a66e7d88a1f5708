"""How soon a reply is silent: by the frames that are rendered after the key, and by what the loudspeaker is given.

The time on the clock is that of the machine, too: of several attempts the best one counts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.machine import watched_machine
from tests.null_sink import NullSink, sounds, wait_until
from tests.server.page.browser import MISSING, EchoChat, PersonsVoice, Visitor, visit
from tests.server.page.test_in_browser import LONG, heard
from tests.server.running import running_server, until

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
SILENT_SECONDS = 0.06
ATTEMPTS = 3
WATCHED_SECONDS = 2.2
"""More than the server is ahead of the ear."""
KEEPS_WHAT_IS_RENDERED = """
window.AudioContext = class extends AudioContext { constructor(options) { super(options); window.speaker = this; } };
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...more) {
  if (to === this.context.destination) {
    window.rendered ??= new AnalyserNode(this.context, { fftSize: 32768 });
    connect.call(this, rendered);
  }
  return connect.call(this, to, ...more);
};
window.pressed = window.lastSound = 0;
const samples = new Float32Array(32768);
function look() {
  if (window.rendered) {
    const now = speaker.currentTime;
    rendered.getFloatTimeDomainData(samples);
    const last = samples.findLastIndex((sample) => Math.abs(sample) > 0.003);
    if (last >= 0) lastSound = Math.max(lastSound, now - (samples.length - 1 - last) / speaker.sampleRate);
  }
  requestAnimationFrame(look);
}
look();
addEventListener("keydown", ({ key }) => { if (key === "Escape") pressed = speaker.currentTime; }, true);
"""
NO_WORKLET = "delete BaseAudioContext.prototype.audioWorklet;"
CUTS = """
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) { if (!window.isCut) send.call(this, data); };
"""


async def press_escape(visitor: Visitor, sink: NullSink) -> tuple[float, float]:
    """Seconds of sound that are rendered after the key, and until nothing sounds any more."""
    pressed = time.monotonic()
    await visitor.page.keyboard.press("Escape")
    wait_until(lambda: sink.moment(len(sink.samples())) > pressed + WATCHED_SECONDS, "the recording has stopped")
    await visitor.until("speaker.currentTime > pressed + 0.5")
    rendered = float(await visitor.page.evaluate("lastSound - pressed"))
    late = sink.moment(sounds(sink.samples())[-1][1]) - pressed
    print(f"{1000 * rendered:.0f} ms rendered after the key, silent {1000 * late:.0f} ms after it")
    return rendered, late


@pytest.mark.parametrize("script", ["", NO_WORKLET], ids=["worklet", "scheduled"])
async def test_escape_ends_the_reply_and_shows_what_was_not_said(sink: NullSink, browser: Browser, script: str) -> None:
    """Without a worklet a piece of the reply sounded once more 30 ms after it was silent."""
    voice = PersonsVoice(slow=True)
    found: list[tuple[float, float]] = []
    async with (
        running_server(EchoChat(), voice) as running,
        visit(browser, running, script=KEEPS_WHAT_IS_RENDERED + script) as visitor,
    ):
        with watched_machine() as machine:
            for number in range(1, ATTEMPTS + 1):
                await visitor.ask(LONG)
                await visitor.has_spoken()
                await until(lambda: sink.last_sound > time.monotonic() - 0.1)
                found.append(await press_escape(visitor, sink))
                await visitor.ended(number, state="interrupted")
                if max(found[-1]) < SILENT_SECONDS:
                    break
        unsaid = await visitor.page.locator(".reply").last.evaluate(
            "(reply) => [...CSS.highlights.get('unsaid')].filter((one) => reply.contains(one.startContainer)).join('')"
        )
        assert unsaid.strip() != ""
        assert LONG.strip().endswith(unsaid.strip())
    assert min(rendered for rendered, _ in found) < SILENT_SECONDS
    assert min(late for _, late in found) < SILENT_SECONDS or not machine.was_quiet
    assert len(heard(sink)) < 0.5 * len(found) * len(voice.sound([LONG]))


async def test_escape_is_silence_however_far_the_server_is(sink: NullSink, browser: Browser) -> None:
    """A server that hears of it late, or never, must not let the reply go on."""
    for _ in range(ATTEMPTS):
        rendered, late = await press_escape_behind_a_cut(sink, browser)
        if rendered < 0.5 and late < 1.0:
            return
    raise AssertionError("the reply went on each time")


async def press_escape_behind_a_cut(sink: NullSink, browser: Browser) -> tuple[float, float]:
    """As `press_escape`, where nothing reaches the server any more."""
    async with (
        running_server(EchoChat(), PersonsVoice(slow=True)) as running,
        visit(browser, running, script=KEEPS_WHAT_IS_RENDERED + CUTS) as visitor,
    ):
        await visitor.ask(LONG)
        await visitor.has_spoken()
        await until(lambda: sink.last_sound > time.monotonic() - 0.1)
        await visitor.page.evaluate("window.isCut = true")
        found = await press_escape(visitor, sink)
        assert await visitor.page.get_attribute("article", "data-state") == "running"  # as far as the server knows
        return found

"""The page in a real browser: what is read, what is lit, and what is heard."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.machine import PATIENCE_SECONDS, Machine, watched_machine
from tests.null_sink import RATE, NullSink, Samples, best_match, null_sink, sounds, wait_until
from tests.server.page.browser import ELSEWHERE, MISSING, EchoChat, HeldChat, PersonsVoice, open_browser, visit
from tests.server.running import TOKEN, running_server
from voicebot.config.models import ServerConfig
from voicebot.server.certificates import tls_files
from voicebot.server.reach import page_address, reached_hosts
from voicebot.tts.tone import tone

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
TEXT = "The first thing is short. The second one, which has a clause in it, is longer. And this is the end of it."
CLAUSES = ("The first thing is short.", "which has a clause in it,", "And this is the end of it.")
"""Of it."""
WAITS_FOR_A_CLICK = """
let touched = false;
addEventListener("pointerdown", () => { touched = true; }, true);
const resume = AudioContext.prototype.resume;
AudioContext.prototype.resume = function () { return touched ? resume.call(this) : new Promise(() => {}); };
window.AudioContext = class extends AudioContext {
  constructor(options) { super(options); void this.suspend(); }
};
Object.defineProperty(navigator, "userActivation", { value: { get hasBeenActive() { return touched; } } });
"""
KEEPS_THE_SPEAKER = """
window.AudioContext = class extends AudioContext { constructor(options) { super(options); window.speaker = this; } };
"""
SUBTITLES = """
window.subtitles = [];
function note() { subtitles.push(document.querySelector("#subtitle.shown")?.textContent); }
new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
"""
UNDERRUNS = "speaker.playbackStats.underrunEvents"
LOW, HIGH = 400, 1500
PIECE = RATE // 10
ATTEMPTS = 3
PHONE = {"width": 360, "height": 740}
LONG = "It goes on, " * 24 + "and on."


def heard(sink: NullSink) -> Samples:
    """All that has sounded, without the silence before, between and behind."""
    return audible(sink.samples())


def audible(samples: Samples) -> Samples:
    """What of it can be heard, joined."""
    return np.concatenate([samples[:0], *(samples[first : last + 1] for first, last in sounds(samples, pause=0.001))])


def likeness(recorded: Samples, wanted: Samples) -> float:
    """How much of the sound that is `wanted` has been `recorded`, piece by piece."""
    pieces = np.array_split(wanted, max(1, len(wanted) // PIECE))
    return float(np.mean([best_match(recorded, piece)[1] > 0.9 for piece in pieces]))


def assert_heard(sink: NullSink, voice: PersonsVoice, texts: Sequence[str]) -> None:
    """Every text has sounded as it is, one behind the other, and nothing else has.

    A machine with other things to do stops the sound for moments, which is not the page's fault: how long is printed.
    """
    recorded, wanted = heard(sink), [voice.sound([text]) for text in texts]
    found = [likeness(recorded, sound) for sound in wanted]
    places = [best_match(recorded, sound)[0] for sound in wanted]
    length = sum(map(len, wanted))
    print(f"{len(recorded) / RATE:.3f} s of {length / RATE:.3f} s, {silence(sink.samples()):.3f} s of silence between;")
    print("as it should be:", *(f"{part:.0%}" for part in found))
    assert places == sorted(places)
    assert min(found) > 0.5  # a short one may be half of what a busy machine breaks
    assert np.average(found, weights=[len(text) for text in texts]) > 0.8
    assert len(recorded) == pytest.approx(length, rel=0.05)


def assert_unbroken(sink: NullSink, voice: PersonsVoice, texts: Sequence[str], machine: Machine) -> None:
    """Where the `machine` had nothing else to do meanwhile, `texts` at the end have sounded without a break.

    A page that breaks the sound breaks each text; a hiccup of the machine that nothing counts breaks one.
    """
    samples = sink.samples()
    places = [best_match(samples, voice.sound([text])) for text in texts]
    print("correlation:", *(f"{match:.3f}" for _, match in places))
    if machine.was_quiet:
        assert max(match for _, match in places) > 0.95
        assert silence(samples[places[0][0] :]) < 0.05


def silence(samples: Samples) -> float:
    """How many seconds of it there are between the first sound and the last."""
    parts = sounds(samples, pause=0.001)
    return (parts[-1][1] - parts[0][0]) / RATE - len(audible(samples)) / RATE


@pytest.mark.parametrize("sample_rate", [24_000, 22_050])
async def test_a_reply_is_read_lit_and_heard_to_its_last_frame(
    opened: tuple[NullSink, Browser], sample_rate: int
) -> None:
    """A page that is late is late for each clip, and each time: of several replies one comes as it should."""
    for _ in range(ATTEMPTS):
        recording = opened[0].recorded_anew()
        try:
            came_in_time, machine = await hear_a_reply(recording, opened[1], PersonsVoice(sample_rate))
        finally:
            recording.stop_recording()
        if came_in_time:
            return
    assert not machine.was_quiet


async def hear_a_reply(recording: NullSink, browser: Browser, voice: PersonsVoice) -> tuple[bool, Machine]:
    """Whether a reply that is right in everything else was lit clause by clause, and its sound was there in time."""
    async with (
        running_server(EchoChat(), voice) as running,
        visit(browser, running, script=KEEPS_THE_SPEAKER) as visitor,
    ):
        await visitor.page.click("#inside")
        await visitor.ask(TEXT)
        await visitor.has_spoken()
        before = await visitor.page.evaluate(UNDERRUNS)
        with watched_machine() as machine:
            await visitor.ended()
        underruns = int(await visitor.page.evaluate(UNDERRUNS) - before)
        print(f"{underruns} underruns, {before} while the browser and its sound began")
        spoken = await visitor.page.evaluate("spoken")
        lit = [one for one in spoken if one.endswith(CLAUSES)]
        print("lit:", *lit, sep="\n")
        assert [TEXT.index(one) for one in spoken] == sorted(TEXT.index(one) for one in spoken)
        missing = await visitor.figure("missing")
        print(f"{missing} s missing")
        assert await visitor.reply() == TEXT
        assert await visitor.lit() == await visitor.lit("ahead") == ""
        conversations = (await running.client.get("/api/conversations")).json()["conversations"]
        said = (await running.client.get(f"/api/conversations/{conversations[0]['id']}")).json()["said"]
        assert (said[0]["heard"], said[0]["unsaid"]) == (TEXT, "")
    assert_heard(recording, voice, voice.said)
    came_in_time = underruns == 0 and missing == "0" and len(lit) == len(CLAUSES)
    if came_in_time:
        assert_unbroken(recording, voice, voice.said[1:], machine)
    wait_until(lambda: time.monotonic() - recording.last_sound > 0.2, "the page of a test that has ended goes on")
    return came_in_time, machine


async def test_a_click_on_the_reply_that_is_heard_ends_it(browser: Browser) -> None:
    """Only Esc and the button did. Selecting some of it, or a click on another reply, ends nothing."""
    async with (
        running_server(EchoChat(), PersonsVoice(slow=True)) as running,
        visit(browser, running) as visitor,
    ):
        await visitor.ask("First.")
        await visitor.ended()
        await visitor.ask(LONG)
        await visitor.has_spoken()
        await visitor.page.click(".reply >> nth=0")
        line = await visitor.page.locator(".reply").nth(1).bounding_box()
        assert line
        await visitor.page.mouse.move(line["x"] + 5, line["y"] + 12)
        await visitor.page.mouse.down()
        await visitor.page.mouse.move(line["x"] + 90, line["y"] + 12, steps=4)
        await visitor.page.mouse.up()
        assert await visitor.page.evaluate("String(getSelection())") != ""
        assert await visitor.page.get_attribute("article >> nth=1", "data-state") == "running"
        await visitor.page.click(".reply >> nth=1")
        await visitor.ended(2, state="interrupted")
        await visitor.page.reload()  # so that all of it is asked for again, and not the little that was heard
        await visitor.ended(2, state="interrupted")
        await visitor.page.locator("article >> nth=1").locator(".tools button").first.click()
        await visitor.page.locator("article[data-heard] .reply").click()
        await visitor.until("!document.body.hasAttribute('data-speaks')")
        await visitor.until("!document.querySelector('article[data-heard]')")


async def test_a_pause_holds_the_sound_until_it_goes_on(sink: NullSink, browser: Browser) -> None:
    """The reply is held, too: on a slow machine it had ended before the click."""
    voice, chat = PersonsVoice(), HeldChat()
    async with running_server(chat, voice) as running, visit(browser, running) as visitor:
        await visitor.ask(TEXT)
        await visitor.has_spoken()
        await visitor.page.click("#pause[aria-pressed=false]")
        await visitor.page.locator("#pause[aria-pressed=true]").wait_for()
        chat.goes_on.set()
        await visitor.until(f"document.querySelector('.reply').innerText === {TEXT!r}")
        await visitor.ended(state="running")
        await visitor.page.click("#pause[aria-pressed=true]")
        await visitor.ended()
        assert await visitor.lit("unsaid") == ""
    assert_heard(sink, voice, voice.said)


async def test_a_pause_is_seen_in_every_tab_and_ended_in_any(sink: NullSink, browser: Browser) -> None:
    """The other tabs of a person showed a reply that went on, and their button held nothing.

    The reply is held, too: on a slow machine it had ended before the click.
    """
    voice, chat = PersonsVoice(), HeldChat()
    async with running_server(chat, voice) as running, visit(browser, running) as visitor:
        other = await visitor.page.context.new_page()
        await other.goto(visitor.page.url)
        await visitor.ask(TEXT)
        await visitor.has_spoken()
        await visitor.page.click("#pause[aria-pressed=false]")
        await other.locator("#pause[aria-pressed=true]").wait_for()
        await other.reload()
        await other.click("#pause[aria-pressed=true]")
        await visitor.page.locator("#pause[aria-pressed=false]").wait_for()
        chat.goes_on.set()
        await visitor.ended()
        await other.locator("#pause").wait_for(state="hidden")
        assert await visitor.lit("unsaid") == ""
    assert_heard(sink, voice, voice.said)


class TwoPitches(PersonsVoice):
    """A voice that says English low and Japanese high: a busy machine may break it anywhere, and it is known still."""

    def pcm(self, text: str) -> bytes:
        return tone(LOW if text.isascii() else HIGH, 0.05 * len(text), self.format.sample_rate)


def power(samples: Samples, pitch: float) -> float:
    """How much of it is within 50 Hz of `pitch`."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    at = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(spectrum[np.abs(at - pitch) < 50].sum())


async def test_two_people_do_not_hear_each_other(sink: NullSink, browser: Browser) -> None:
    texts = {
        "ann": "Ann hears this and nothing else at all.",
        "bob": "ボブが聞くのは、まったく別の話です。ほかには何も聞こえません。",
    }
    with null_sink() as other:
        async with (
            running_server(EchoChat(), TwoPitches()) as running,
            open_browser(other) as bobs,
            visit(browser, running, person="ann") as at_ann,
            visit(bobs, running, person="bob") as at_bob,
        ):
            await at_ann.ask(texts["ann"])
            await at_bob.ask(texts["bob"])
            await at_ann.ended()
            await at_bob.ended()
            assert (await at_ann.reply(), await at_bob.reply()) == (texts["ann"], texts["bob"])
        for recorded, own, foreign in ((sink, LOW, HIGH), (other, HIGH, LOW)):
            samples = recorded.samples()
            assert sounds(samples)
            assert power(samples, own) > 20 * power(samples, foreign)


async def test_a_reload_brings_everything_back_and_goes_on(browser: Browser) -> None:
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        await visitor.ask("First of all.")
        await visitor.ended()
        address = visitor.page.url
        assert "#" not in address
        await visitor.page.reload()
        await visitor.ended()
        assert (visitor.page.url, await visitor.reply()) == (address, "First of all.")
        assert await visitor.page.locator(".message .words").inner_text() == "First of all."
        await visitor.ask("Second of all.")
        await visitor.ended(2)
        assert await visitor.reply() == "Second of all."
        await visitor.page.reload()
        await visitor.ended(2)


async def test_no_page_of_the_past_has_the_launch_token_in_its_address(browser: Browser) -> None:
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        assert "#" not in visitor.page.url
        await visitor.page.go_back()
        assert visitor.page.url.startswith(running.url)
        assert "#" not in visitor.page.url


async def test_a_reload_in_mid_reply_shows_how_far_it_was_heard_and_goes_on(browser: Browser) -> None:
    """What nobody hears is not said: a tab that goes away ends its turn, and finds it as far as it came."""
    async with (
        running_server(EchoChat(), PersonsVoice(slow=True)) as running,
        visit(browser, running) as visitor,
    ):
        await visitor.ask(LONG)
        await visitor.has_spoken()
        await visitor.page.reload()
        await visitor.ended(state="interrupted")
        assert await visitor.reply() == LONG
        unsaid = await visitor.lit("unsaid")
        assert unsaid
        assert LONG.endswith(unsaid)
        await visitor.ask("And now?")
        await visitor.ended(2)
        assert await visitor.reply() == "And now?"
        assert len(await visitor.page.locator("article.turn").all()) == 2


async def test_the_page_says_that_it_is_offline_and_comes_back_by_itself(browser: Browser) -> None:
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        await visitor.ask("Before.")
        await visitor.ended()
        await visitor.page.context.set_offline(True)
        await visitor.page.locator("#connection").wait_for(state="visible")
        await visitor.ask("Not lost.")
        assert await visitor.page.input_value("#message") == "Not lost."
        await visitor.page.context.set_offline(False)
        await visitor.page.locator("#connection").wait_for(state="hidden")
        await visitor.page.press("#message", "Enter")
        await visitor.ended(2)
        assert await visitor.reply() == "Not lost."
        visitor.complaints[:] = [one for one in visitor.complaints if "ERR_INTERNET_DISCONNECTED" not in one]


async def test_who_leaves_a_conversation_before_it_is_connected_hears_no_complaint(browser: Browser) -> None:
    """Browsers write an error when a WebSocket is closed before it is open."""
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        async with visitor.page.expect_websocket() as opened:
            await visitor.page.evaluate(
                """Promise.all([import("/page/live.js"), import("/page/api.js")]).then(async ([{ Live }, api]) => {
                  const { id } = await api.create();
                  new Live(`${api.pathOf(id)}/live`).close();
                })"""
            )
        socket = await opened.value
        if not socket.is_closed():
            await socket.wait_for_event("close")


async def test_the_page_comes_back_where_only_the_connection_was_lost(browser: Browser) -> None:
    """A browser does not tell the page that its server was restarted."""
    sockets = """
    window.sockets = [];
    window.WebSocket = class extends WebSocket {
      constructor(...given) { super(...given); sockets.push(this); }
    };
    """
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, script=sockets) as visitor,
    ):
        await visitor.ask("Before.")
        await visitor.ended()
        await visitor.page.evaluate(
            """new Promise((resolve) => {
              const banner = document.querySelector("#connection");
              new MutationObserver(() => !banner.hidden && resolve(null)).observe(banner, { attributes: true });
              sockets.at(-1).close();
            })"""
        )
        await visitor.page.locator("#connection").wait_for(state="hidden")
        await visitor.ask("Behind.")
        await visitor.ended(2)
        assert await visitor.reply() == "Behind."


async def test_what_a_hostile_model_writes_is_text(browser: Browser) -> None:
    hostile = (
        "<script>document.title='owned'</script> <img src=http://evil.test/a.png onerror=alert(1)> "
        "![pixel](http://evil.test/b.png) [the bank](javascript:alert(2)) <a href='http://evil.test'>x</a> "
        "\u202egnp.exe\u2066 <iframe src=//evil.test></iframe> <style>*{display:none}</style> `<b>` **<i>y</i>**"
    )
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        visitor.page.on("dialog", lambda dialog: visitor.complaints.append(dialog.message))
        await visitor.page.click("#sound")
        await visitor.ask(hostile)
        await visitor.ended()
        reply = await visitor.reply()
        assert "<script>document.title='owned'</script>" in reply
        assert "pixel (http://evil.test/b.png)" in reply
        assert "the bank (javascript:alert(2))" in reply
        assert not {"\u202e", "\u2066"} & set(await visitor.page.inner_text("main"))
        elements = "#log :is(script, img, a, iframe, style, i, b, object, embed, form, input, link, meta)"
        assert await visitor.page.locator(elements).count() == 0
        assert all(address.startswith((running.url, running.url.replace("http", "ws"))) for address in visitor.requests)
        assert "owned" not in (await visitor.page.title()).split("–")[-1]


async def test_sound_that_waits_for_a_click_is_seen_and_started_by_one(sink: NullSink, browser: Browser) -> None:
    """For a browser that is driven by a program everything counts as a click, so this one is made to wait for one."""
    voice = PersonsVoice()
    async with (
        running_server(EchoChat(), voice) as running,
        visit(browser, running, script=WAITS_FOR_A_CLICK) as visitor,
    ):
        await visitor.page.evaluate("document.querySelector('.example').click()")
        await visitor.page.locator("#start-sound").wait_for()
        assert await visitor.page.get_attribute("#sound", "data-state") == "blocked"
        await visitor.ended()
        assert len(heard(sink)) == 0
        await visitor.page.click("#start-sound-button")
        await visitor.page.locator("#start-sound").wait_for(state="hidden")
        again = "Now it is heard as it would have been from the beginning on and nothing comes before it."
        await visitor.ask(again)
        await visitor.ended(2)
    assert_heard(sink, voice, voice.said)
    assert " ".join(voice.said).endswith(again)


async def test_it_is_heard_where_there_is_no_worklet(sink: NullSink, browser: Browser) -> None:
    """A page from a plain HTTP address of the network has none; a browser without it stands in for such a page."""
    voice = PersonsVoice()
    script = "delete BaseAudioContext.prototype.audioWorklet;"
    async with running_server(EchoChat(), voice) as running, visit(browser, running, script=script) as visitor:
        await visitor.page.click("#inside")
        await visitor.ask(TEXT)
        await visitor.has_spoken()
        with watched_machine() as machine:
            await visitor.ended()
        assert await visitor.page.locator("[data-figure=figure_missing] abbr").inner_text() == "scheduled"
        assert await visitor.figure("missing") == "0"
    assert_heard(sink, voice, voice.said)
    assert_unbroken(sink, voice, voice.said[1:], machine)


@pytest.mark.skipif(reached_hosts("0.0.0.0")[0] == "localhost", reason="needs a network")
async def test_at_a_plain_address_of_the_network_it_is_heard_and_copied_all_the_same(
    sink: NullSink, browser: Browser
) -> None:
    """There browsers have neither worklets nor a clipboard for pages: copying a reply failed."""
    voice = PersonsVoice()
    async with (
        running_server(EchoChat(), voice, host="0.0.0.0", token=TOKEN, plain_http=True) as running,
    ):
        origin = page_address(running.server.config.server, reached_hosts("0.0.0.0")[0], running.port)
        async with visit(browser, running, origin=origin) as visitor:
            page = visitor.page
            assert await page.evaluate("[isSecureContext, navigator.clipboard, crypto.subtle]") == [False, None, None]
            await page.click("#inside")
            await visitor.ask(TEXT)
            await visitor.ended()
            assert await page.locator("[data-figure=figure_missing] abbr").inner_text() == "scheduled"
            await page.click(".tools button >> nth=1")
            await page.locator("#notice-text", has_text="Copied").wait_for()
            await page.focus("#message")
            await page.keyboard.press("Control+V")
            assert await page.input_value("#message") == TEXT
    assert_heard(sink, voice, voice.said)


async def test_with_a_certificate_of_its_own_it_is_heard_by_a_worklet(
    sink: NullSink, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    voice, tls = PersonsVoice(), tls_files(ServerConfig(tls_self_signed=True), [ELSEWHERE])
    async with running_server(EchoChat(), voice, tls=tls, hosts=[ELSEWHERE]) as running:
        origin = f"https://{ELSEWHERE}:{running.port}"
        async with visit(browser, running, origin=origin, ignore_https_errors=True) as visitor:
            assert await visitor.page.evaluate("isSecureContext")
            await visitor.page.click("#inside")
            await visitor.ask(TEXT)
            await visitor.ended()
            assert await visitor.page.locator("[data-figure=figure_missing] abbr").inner_text() == "worklet"
            [cookie] = await visitor.page.context.cookies()
            assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
    assert_heard(sink, voice, voice.said)


async def test_a_line_is_heard_again_without_being_asked_for_again(sink: NullSink, browser: Browser) -> None:
    voice = PersonsVoice()
    async with running_server(EchoChat(), voice) as running, visit(browser, running) as visitor:
        await visitor.ask("One line.\n\nAnother line.")
        await visitor.ended()
        said, before = list(voice.said), len(heard(sink))
        await visitor.page.locator(".line").nth(1).hover()
        await visitor.forget_spoken()
        await visitor.page.locator(".again").nth(1).click()
        await visitor.has_spoken("Another line.")
        await visitor.until("!document.body.hasAttribute('data-speaks')")
        assert voice.said == said
        assert await visitor.page.locator("article.turn").count() == 1
    assert len(heard(sink)) > before + 0.9 * len(voice.sound(["Another line."]))


async def test_a_line_that_was_heard_before_a_reload_is_asked_for_again(sink: NullSink, browser: Browser) -> None:
    voice = PersonsVoice()
    async with running_server(EchoChat(), voice) as running, visit(browser, running) as visitor:
        await visitor.ask("One line.")
        await visitor.ended()
        await visitor.page.reload()
        await visitor.ended()
        before = len(heard(sink))
        await visitor.page.locator(".line").hover()
        await visitor.page.locator(".again").click()
        await visitor.has_spoken("One line.")
        await visitor.until("!document.body.hasAttribute('data-speaks')")
        assert await visitor.page.locator("article.turn").count() == 1
    assert len(heard(sink)) > before + 0.8 * len(voice.sound(["One line."]))


async def test_who_waits_in_line_sees_the_place_until_the_reply_begins(browser: Browser) -> None:
    """It was told for eight seconds, however long the line was."""
    async with (
        running_server(HeldChat(), PersonsVoice(), max_turns=1) as running,
        visit(browser, running, person="ann") as ann,
        visit(browser, running, person="bob") as bob,
    ):
        await bob.page.clock.install()
        await ann.ask(LONG)
        await ann.page.locator("article.turn[data-state=running]").wait_for()
        await bob.ask("Am I next?")
        await bob.page.locator("#notice-text", has_text="you are number 1 in line").wait_for()
        await bob.page.clock.fast_forward(60_000)
        assert await bob.page.locator("#notice").is_visible()
        await ann.page.keyboard.press("Escape")
        await bob.page.locator("#notice").wait_for(state="hidden")
        await bob.page.locator("article.turn[data-state=running]").wait_for()
        await bob.page.keyboard.press("Escape")


async def test_everything_is_done_with_the_keyboard_alone(browser: Browser) -> None:
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        page = visitor.page
        assert await page.evaluate("document.activeElement.id") == "message"
        await page.keyboard.type("Hello there.")
        await page.keyboard.press("Enter")
        await visitor.ended()
        await page.locator("#list .current .name", has_text="Hello there.").wait_for()
        await page.focus("#list .current .rename")
        await page.keyboard.press("Enter")
        await page.locator("#rename").wait_for()
        await page.keyboard.type("My own name")
        await page.keyboard.press("Enter")
        await page.locator("#title", has_text="My own name").wait_for()
        await page.focus("#new")
        await page.keyboard.press("Enter")
        await page.locator("#list li").nth(1).wait_for()
        assert await page.evaluate("document.activeElement.id") == "message"
        await page.focus("#list li:nth-child(2) .open")
        await page.keyboard.press("Enter")
        await visitor.ended()
        await page.focus("#list .current .delete")
        await page.keyboard.press("Enter")
        await page.locator("#delete").wait_for()
        await page.locator("#delete [value=yes]").focus()
        await page.keyboard.press("Enter")
        await visitor.until("document.querySelectorAll('#list li').length === 1")
        await page.locator("#empty").wait_for()


async def test_it_speaks_the_language_of_the_browser_and_any_that_is_chosen(browser: Browser) -> None:
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, locale="ja-JP", color_scheme="dark") as visitor,
    ):
        page = visitor.page
        assert await page.get_attribute("html", "lang") == "ja"
        assert await page.inner_text("#new") == "新しい会話"
        dark = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        await page.click("#open-settings")
        await page.select_option("#language", "en")
        await page.select_option("#theme", "light")
        assert await page.inner_text("#new") == "New conversation"
        assert await page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
        await page.reload()
        await page.locator("#list .current").wait_for()
        assert await page.inner_text("#new") == "New conversation"
        assert await page.evaluate("document.documentElement.dataset.theme") == "light"


async def test_subtitles_come_with_the_voice_and_go(browser: Browser) -> None:
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, person="ann") as visitor,
        visit(browser, running, person="ann", path="/overlay", script=SUBTITLES) as overlay,
    ):
        assert await overlay.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
        async with overlay.page.expect_response("**/events*"):
            await overlay.page.reload()
        await visitor.ask("Under the picture.")
        await overlay.until("subtitles.includes('Under the picture.')")
        await visitor.ended()
        await overlay.until("!document.querySelector('#subtitle').classList.contains('shown')")


async def test_a_stranger_is_asked_for_the_token(browser: Browser) -> None:
    async with running_server(EchoChat(), PersonsVoice()) as running:
        page = await browser.new_page()
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        await page.goto(running.url)
        await page.locator("#login").wait_for()
        await page.fill("#token", "wrong")
        await page.press("#token", "Enter")
        await page.locator("#login-error", has_text="not the server's token").wait_for()
        await page.fill("#token", "the-token-of-the-test")
        await page.press("#token", "Enter")
        await page.locator("#login").wait_for(state="hidden")
        await page.locator("#list .current").wait_for()
        await page.close()


async def test_sound_that_something_else_has_taken_is_seen_and_taken_back(sink: NullSink, browser: Browser) -> None:
    """A call takes the loudspeaker of a phone away; a loudspeaker that is suspended stands in for that."""
    voice = PersonsVoice()
    async with (
        running_server(EchoChat(), voice) as running,
        visit(browser, running, script=KEEPS_THE_SPEAKER) as visitor,
    ):
        page = visitor.page
        await visitor.ask("Before the call everything is heard as it is said.")
        await visitor.ended()
        await page.evaluate("speaker.suspend()")
        await page.locator("#start-sound-why", has_text="Something else has taken the loudspeaker").wait_for()
        assert await page.get_attribute("#sound", "data-state") == "blocked"
        await page.click("#start-sound-button")
        await page.locator("#start-sound").wait_for(state="hidden")
        await visitor.ask("Behind the call it goes on as if there had been none.")
        await visitor.ended(2)
    assert_heard(sink, voice, voice.said)


async def test_on_a_phone_everything_fits_and_the_list_comes_and_goes(browser: Browser) -> None:
    async with (
        running_server(HeldChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=PHONE, has_touch=True, is_mobile=True) as visitor,
    ):
        page = visitor.page
        await visitor.ask(f"{TEXT} " + "ながいながい文" * 20 + " " + "a" * 200)
        await visitor.ended(state="running")
        await page.tap("#stop")
        await visitor.ended(state="interrupted")
        assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        assert not await page.locator("#side").is_visible()
        await page.tap("#open-side")
        await page.locator("#list .current").wait_for(state="visible")
        await page.tap("#close-side")
        await page.locator("#side").wait_for(state="hidden")
        for button in await page.locator("button:visible").all():
            box = await button.bounding_box()
            assert box
            assert 0 <= box["x"] <= box["x"] + box["width"] <= 360, await button.get_attribute("aria-label")


async def test_nothing_moves_for_who_wants_that_and_every_control_has_a_name(browser: Browser) -> None:
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, reduced_motion="reduce", viewport=PHONE) as visitor,
    ):
        page = visitor.page
        moving = "(e) => Math.max(...getComputedStyle(e).transitionDuration.split(',').map(parseFloat))"
        assert await page.locator("#side").evaluate(moving) < 0.01
        await visitor.ask("One line.\n\nAnother line.")
        await visitor.ended()
        nameless = """() => [...document.querySelectorAll("button, select, textarea, input:not([hidden])")].filter(
            (one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length)
        ).map((one) => one.id || one.className)"""
        assert await page.evaluate(nameless) == []


async def test_a_screen_reader_says_only_what_the_voice_does_not(browser: Browser) -> None:
    """It spoke each sentence of the reply at the same time as the voice: neither could be understood."""
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        page = visitor.page
        await visitor.ask("One line.\n\nAnother line.")
        await visitor.ended()
        assert await page.inner_text("#announced") == ""
        await page.click("#sound")
        await visitor.ask("A third.\n\nA fourth.")
        await visitor.ended(2)
        assert (await page.inner_text("#announced")).split() == ["A", "third.", "A", "fourth."]

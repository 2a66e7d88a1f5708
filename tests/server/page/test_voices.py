"""Which voice speaks to somebody who has chosen one, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import pytest

from tests.fake_voicevox import fake_voicevox
from tests.server.page.browser import MISSING, EchoChat, PersonsVoice, Visitor, visit
from tests.server.running import running_server
from voicebot.config.models import TtsVoicevox
from voicebot.speech import AS_CONFIGURED, Style

if TYPE_CHECKING:
    from playwright.async_api import Browser, Route

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]


CHOSEN = "ずんだもん/あまあま"


@asynccontextmanager
async def visited(browser: Browser, voice: PersonsVoice, *, remembers: str = "") -> AsyncIterator[Visitor]:
    """The page of somebody who has chosen the voice `remembers` before, where VOICEVOX has others."""
    script = f"localStorage.getItem('voicebot.voice') ?? localStorage.setItem('voicebot.voice', '{remembers}');"
    with fake_voicevox() as engine:
        tts = TtsVoicevox(kind="voicevox", base_url=engine.url)
        async with (
            running_server(EchoChat(), voice, tts=tts) as running,
            visit(browser, running, locale="ja-JP", script=script if remembers else "") as visitor,
        ):
            yield visitor


async def test_the_voice_and_the_speed_that_are_chosen_speak_and_are_remembered(browser: Browser) -> None:
    voice = PersonsVoice()
    async with visited(browser, voice) as visitor:
        await choose_a_voice(visitor, voice, CHOSEN)


async def choose_a_voice(visitor: Visitor, voice: PersonsVoice, chosen: str) -> None:
    page = visitor.page
    await page.click("#open-settings")
    assert "ずんだもん/あまあま · 日本語" in await page.locator("#voice option").all_inner_texts()
    await page.select_option("#voice", chosen)
    await page.select_option("#speed", "1.5")
    await page.keyboard.press("Escape")
    await visitor.ask("In another voice.")
    await visitor.ended()
    await page.reload()
    await visitor.ended()
    await visitor.ask("And again.")
    await visitor.ended(2)
    assert voice.styles == [Style(chosen, 1.5)] * len(voice.said)
    await page.click("#open-settings")
    assert (await page.input_value("#voice"), await page.input_value("#speed")) == (chosen, "1.5")
    await page.select_option("#voice", "")
    await page.select_option("#speed", "1")
    await page.keyboard.press("Escape")
    await visitor.ask("As before.")
    await visitor.ended(3)
    assert voice.styles[-1] == AS_CONFIGURED


async def test_the_remembered_voice_speaks_before_the_list_of_voices_has_come(browser: Browser) -> None:
    """Who asked in the moment after a reload was answered in the usual voice."""
    voice, asked, answered = PersonsVoice(), anyio.Event(), anyio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await answered.wait()
        await route.continue_()

    async with visited(browser, voice, remembers=CHOSEN) as visitor:
        page = visitor.page
        await page.route("**/api/voices", hold)
        await page.reload()
        await asked.wait()
        await visitor.ask("In my voice.")
        await visitor.ended()
        assert voice.styles == [Style(CHOSEN)]
        await page.click("#open-settings")
        await page.select_option("#speed", "1.25")
        answered.set()
        await page.wait_for_selector(f'#voice option[value="{CHOSEN}"]', state="attached")
        assert (await page.input_value("#voice"), await page.input_value("#speed")) == (CHOSEN, "1.25")
        await page.keyboard.press("Escape")
        await visitor.ask("And still.")
        await visitor.ended(2)
        assert voice.styles[-1] == Style(CHOSEN, 1.25)


async def test_a_remembered_voice_that_is_gone_is_told_once_and_the_usual_one_speaks(browser: Browser) -> None:
    """The engine is another one than last time."""
    voice = PersonsVoice()
    async with visited(browser, voice, remembers="nobody") as visitor:
        page = visitor.page
        await page.locator("#notice-text", has_text="選んだ声は使えなくなりました").wait_for()
        await visitor.ask("Who speaks?")
        await visitor.ended()
        assert voice.styles == [AS_CONFIGURED]
        await page.reload()
        await page.wait_for_selector(f'#voice option[value="{CHOSEN}"]', state="attached")
        await visitor.ask("And now?")
        await visitor.ended(2)
        assert voice.styles[-1] == AS_CONFIGURED
        assert not await page.locator("#notice").is_visible()


async def test_a_list_of_voices_that_did_not_come_is_asked_for_again_with_the_settings(browser: Browser) -> None:
    """The engine was started behind the page: no voice could be chosen until a reload."""

    async def fail(route: Route) -> None:
        await route.fulfill(status=502, json={"error": {"message": "the voice is away", "code": None}})

    async with visited(browser, PersonsVoice()) as visitor:
        page = visitor.page
        await page.route("**/api/voices", fail)
        await page.reload()
        await page.locator("#notice-text", has_text="the voice is away").wait_for()
        assert await page.evaluate("document.activeElement.id") == "message"
        await page.unroute("**/api/voices")
        await page.click("#open-settings")
        await page.select_option("#voice", CHOSEN)
        visitor.complaints[:] = [one for one in visitor.complaints if "502" not in one]

"""Which voice speaks to somebody who has chosen one, in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.fake_voicevox import fake_voicevox
from tests.server.page.browser import MISSING, EchoChat, PersonsVoice, Visitor, visit
from tests.server.running import running_server
from voicebot.config.models import TtsVoicevox
from voicebot.speech import AS_CONFIGURED, Style

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]


async def test_the_voice_and_the_speed_that_are_chosen_speak_and_are_remembered(browser: Browser) -> None:
    voice, chosen = PersonsVoice(), "ずんだもん/あまあま"
    with fake_voicevox() as engine:
        tts = TtsVoicevox(kind="voicevox", base_url=engine.url)
        async with (
            running_server(EchoChat(), voice, tts=tts) as running,
            visit(browser, running, locale="ja-JP") as visitor,
        ):
            await choose_a_voice(visitor, voice, chosen)


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
    await page.wait_for_selector(f'#voice option[value="{chosen}"]', state="attached")  # the list has come
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

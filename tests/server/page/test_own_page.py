"""docs/examples/own_page.html, in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.markdown import read
from tests.null_sink import NullSink
from tests.server.page.browser import MISSING, EchoChat, PersonsVoice
from tests.server.page.test_in_browser import assert_heard
from tests.server.running import TOKEN, running_server

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
TEXT = "The first thing is short. The second one is longer. And this is the end of it."


async def test_a_page_of_ones_own_shows_and_speaks_the_reply_and_can_interrupt_it(
    browser: Browser, sink: NullSink
) -> None:
    voice = PersonsVoice()
    async with running_server(EchoChat(), voice) as running:
        page = await browser.new_page(permissions=["local-network-access"])  # Playwright's answer has no address
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept(TOKEN))
        own = f"{running.url}/own_page.html"
        await page.route(
            own, lambda route: route.fulfill(body=read("docs/examples/own_page.html"), content_type="text/html")
        )
        async with page.expect_websocket() as live:
            await page.goto(own)
        await (await live.value).wait_for_event("framereceived")

        await page.fill("#message", TEXT)
        async with (await live.value).expect_event(
            "framereceived", lambda frame: '"turn_ended"' in str(frame)
        ) as ended:
            await page.press("#message", "Enter")
        assert '"completed"' in str(await ended.value)
        assert await page.inner_text("#reply") == TEXT
        assert_heard(sink, voice, voice.said)

        await page.fill("#message", TEXT * 5)
        async with (await live.value).expect_event(
            "framereceived", lambda frame: '"turn_ended"' in str(frame)
        ) as ended:
            await page.press("#message", "Enter")
            await (await live.value).wait_for_event("framereceived", lambda frame: isinstance(frame, bytes))
            await page.click("#stop")
        assert '"interrupted"' in str(await ended.value)
        assert complaints == []
        await page.close()

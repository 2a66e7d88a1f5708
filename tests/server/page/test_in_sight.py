"""What is being said stays in sight, however long the reply is, and wherever the person has scrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.server.page.browser import MISSING, EchoChat, PersonsVoice, visit
from tests.server.running import running_server

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
LOW = {"width": 360, "height": 420}
SENTENCES = [f"This is sentence number {number} of very many that are said." for number in range(60)]
IN_SIGHT = """
(() => {
  const [part] = CSS.highlights.get(%r) ?? [];
  const { top, bottom } = document.querySelector("#scroller").getBoundingClientRect();
  const lines = part ? [...part.getClientRects()] : [];
  return lines.length > 0 && lines[0].top >= top && lines[0].bottom <= bottom;
})()
"""
TO_THE_END = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)"
AT_THE_END = f"{TO_THE_END}(document.querySelector('#scroller')) < 2"
SCROLL_TO_THE_END = "(scroller => { scroller.scrollTop = scroller.scrollHeight })(document.querySelector('#scroller'))"
ALL_IS_WRITTEN = f"document.querySelector('.reply')?.innerText.endsWith({SENTENCES[-1]!r})"


def was_said(number: int) -> str:
    """Whether this sentence has been said, or a part of it."""
    return f"spoken.some((one) => one.includes(' {number} of'))"


async def test_what_is_said_stays_in_sight_of_a_reply_that_is_longer_than_the_page(browser: Browser) -> None:
    """The page went to the end of what was written, and what was being said left it at the top."""
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=LOW) as visitor,
    ):
        await visitor.ask(" ".join(SENTENCES))
        for number in (0, 2, 4):
            await visitor.until(f"{ALL_IS_WRITTEN} && {was_said(number)}")
            await visitor.until(IN_SIGHT % "spoken")
        await visitor.page.keyboard.press("Escape")
        await visitor.ended(state="interrupted")
        await visitor.until(IN_SIGHT % "unsaid")


async def test_who_reads_ahead_is_not_taken_back_to_what_is_said(browser: Browser) -> None:
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=LOW) as visitor,
    ):
        page = visitor.page
        await visitor.ask(" ".join(SENTENCES))
        await visitor.until(f"{ALL_IS_WRITTEN} && {was_said(0)}")
        await page.evaluate(SCROLL_TO_THE_END)
        await visitor.until(was_said(2))
        assert await page.evaluate(AT_THE_END)
        await page.evaluate("document.querySelector('#scroller').scrollTop /= 2")
        halfway = await page.evaluate("document.querySelector('#scroller').scrollTop")
        await visitor.until(was_said(4))
        assert await page.evaluate("document.querySelector('#scroller').scrollTop") == halfway


async def test_what_is_said_again_is_brought_into_sight(browser: Browser) -> None:
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=LOW) as visitor,
    ):
        page = visitor.page
        await visitor.ask(" ".join(SENTENCES[:10]))
        await visitor.until(was_said(1))
        await page.keyboard.press("Escape")
        await visitor.ended(state="interrupted")
        await page.evaluate(SCROLL_TO_THE_END)
        await visitor.until(AT_THE_END)
        await page.locator(".tools button").first.click()
        await visitor.until(IN_SIGHT % "spoken")

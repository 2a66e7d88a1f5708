"""The page for everybody: what is shown stays in its place, the keyboard is never lost, any language reads well.

Screens of every size, in both themes, are also checked by axe, where it is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.machine import PATIENCE_SECONDS
from tests.server.page.browser import MISSING, EchoChat, HeldChat, PersonsVoice, Visitor, visit
from tests.server.running import running_server, until
from voicebot.speech import Boundary

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE, TABLET, DESK = ({"width": width, "height": height} for width, height in ((360, 740), (820, 1180), (1280, 860)))
ZOOMED = {"width": 640, "height": 430}
"""A window of 1,280 by 860 pixels at 200 %."""
MANY_THINGS = (
    "# A heading\n\nIt is **bold** and `code`.\n\n- one\n- two\n\n> said by somebody\n\n"
    "| Name | Value |\n|---|--:|\n| alpha | 1 |\n| 名前 | 22,000 |\n\n```py\nprint('ok')\n```\n\n"
    "مرحبا، كيف حالك؟\n\n終わりです。"
)
NEVER_ENDS = "It goes on, " * 40


async def has_focus(page: Page) -> str:
    """What of the page the keyboard is on."""
    return str(await page.evaluate("document.activeElement.id || document.activeElement.className"))


async def box(page: Page, selector: str) -> dict[str, float]:
    """Where something stands."""
    found = await page.locator(selector).bounding_box()
    assert found, selector
    return {"x": found["x"], "y": found["y"], "width": found["width"], "height": found["height"]}


async def test_the_keyboard_goes_on_where_a_control_goes_away(browser: Browser) -> None:
    """Behind Stop, Dismiss, and the bin of a conversation it was at the beginning of the page again."""
    async with running_server(HeldChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        page = visitor.page
        await visitor.ask(NEVER_ENDS)
        await page.focus("#stop")
        await page.keyboard.press("Enter")
        await visitor.ended(state="interrupted")
        assert await has_focus(page) == "message"
        await page.focus(".tools button >> nth=1")
        await page.keyboard.press("Enter")
        await page.focus("#dismiss")
        await page.keyboard.press("Enter")
        assert await has_focus(page) == "message"
        for count in (2, 3):
            await page.click("#new")
            await visitor.until(f"document.querySelectorAll('#list li').length === {count}")
        for left in (2, 1):
            await page.focus("#list .current .open")
            await page.keyboard.press("Tab")
            await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
            await page.locator("#delete [value=yes]").focus()
            await page.keyboard.press("Enter")
            await visitor.until(f"document.querySelectorAll('#list li').length === {left}")
            assert await has_focus(page) == "open"


async def test_the_menu_of_a_phone_takes_the_keyboard_and_gives_it_back(browser: Browser) -> None:
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=PHONE) as visitor,
    ):
        page = visitor.page
        for key in ("Enter", "Escape"):
            await page.focus("#open-side")
            await page.keyboard.press("Enter")
            assert await has_focus(page) == "close-side"
            await page.keyboard.press(key)
            assert await has_focus(page) == "open-side"


async def test_the_skip_link_is_no_launch_token_of_the_next_visit(browser: Browser) -> None:
    """Its place in the address was sent to the server as a token at the next reload."""
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        page = visitor.page
        await page.focus(".skip")
        await page.keyboard.press("Enter")
        assert await has_focus(page) == "message"
        await page.reload()
        await page.locator("#list .current").wait_for()
        assert sum(address.endswith("/api/login") for address in visitor.requests) == 1


async def test_a_conversation_has_its_name_from_the_first_word_on(browser: Browser) -> None:
    """It was called New conversation until its first reply had been said to the end."""
    async with running_server(HeldChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        await visitor.ask(f"Tell me. {NEVER_ENDS}")
        await visitor.page.locator("#title", has_text="Tell me.").wait_for()
        await visitor.page.locator("#list .current .name", has_text="Tell me.").wait_for()
        await visitor.ended(state="running")
        await visitor.page.keyboard.press("Escape")


async def test_who_waits_in_line_sees_what_they_said_and_may_leave_it(browser: Browser) -> None:
    """What was sent was gone until its turn began, and neither Esc nor a button took it back."""
    chat = HeldChat()
    async with (
        running_server(chat, PersonsVoice(), max_turns=1) as running,
        visit(browser, running, person="ann") as ann,
        visit(browser, running, person="bob") as bob,
    ):
        await ann.ask(NEVER_ENDS)
        await ann.ended(state="running")
        for text in ("Am I next?", "I ask again."):
            await bob.ask(text)
            await bob.page.locator(".message .words", has_text=text).wait_for()
            await bob.page.locator("article .state", has_text="number 1").wait_for()
            assert await bob.page.locator("article.turn").count() == 1
        await bob.page.keyboard.press("Escape")
        await bob.page.locator("article.turn").wait_for(state="detached")
        await bob.page.locator("#notice").wait_for(state="hidden")
        await until(lambda: running.server.admission.waiting == 0)
        await bob.ask("Now, please.")
        await bob.page.locator("article .state", has_text="number 1").wait_for()
        chat.goes_on.set()
        await ann.page.keyboard.press("Escape")
        await bob.ended()
        assert await bob.page.locator("article.turn").count() == 1
        assert await bob.reply() == "Now, please."


async def test_what_is_told_in_passing_moves_nothing(browser: Browser) -> None:
    """All that was read jumped down by a line, and up again behind it."""
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        await visitor.page.click("#sound")
        await visitor.ask("One line.")
        await visitor.ended()
        before = await box(visitor.page, ".reply")
        await visitor.page.click(".tools button >> nth=1")
        await visitor.page.locator("#notice").wait_for()
        assert await box(visitor.page, ".reply") == before


WHERE_THE_WORDS_END = """(() => {
  const words = document.createRange();
  words.selectNodeContents(document.querySelector(".reply"));
  return [...words.getClientRects()].map(({ right, bottom }) => `${right} ${bottom}`).sort().join();
})()"""


async def test_a_reply_stands_on_a_phone_as_it_was_written_when_it_has_ended(browser: Browser) -> None:
    """The button to hear a line again took its room only then, and the words went to other lines."""
    async with (
        running_server(HeldChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=PHONE) as visitor,
    ):
        await visitor.ask(text := "とても長い話をゆっくりと聞かせてください。" * 3)
        await visitor.until(f"document.querySelector('.reply')?.innerText === {text[: -HeldChat.KEPT]!r}")
        await visitor.ended(state="running")
        before = await visitor.page.evaluate(WHERE_THE_WORDS_END)
        assert not await visitor.page.locator(".again").is_visible()
        await visitor.page.keyboard.press("Escape")
        await visitor.ended(state="interrupted")
        await visitor.page.locator(".again").wait_for()
        assert await visitor.page.evaluate(WHERE_THE_WORDS_END) == before


async def test_the_end_of_what_is_said_stays_in_sight_where_the_window_becomes_lower(browser: Browser) -> None:
    """The keyboard that a telephone shows lay over the last lines."""
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=PHONE) as visitor,
    ):
        page = visitor.page
        await page.click("#sound")
        await visitor.ask(NEVER_ENDS + NEVER_ENDS)
        await visitor.ended()
        await page.set_viewport_size({"width": 360, "height": 420})
        end = "(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)"
        await visitor.until(f"{end}(document.querySelector('#scroller')) < 2")


@pytest.mark.parametrize("locale", ["en-GB", "ja-JP"])
async def test_the_settings_stand_below_each_other_on_a_phone(browser: Browser, locale: str) -> None:
    """Each began where its name ended."""
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=PHONE, locale=locale) as visitor,
    ):
        await visitor.page.click("#open-settings")
        boxes = [await each.bounding_box() for each in await visitor.page.locator("dialog[open] select").all()]
        assert len(boxes) == 4
        assert len({(each["x"], each["width"]) for each in boxes if each}) == 1


@pytest.mark.parametrize("screen", [PHONE, ZOOMED, TABLET, DESK], ids=["phone", "zoomed", "tablet", "desk"])
async def test_the_inside_of_a_turn_covers_nothing(browser: Browser, screen: dict[str, int]) -> None:
    """On a phone and a tablet it stood over the end of the conversation, where nobody could scroll it up."""
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=screen) as visitor,
    ):
        page = visitor.page
        await page.click("#sound")
        await visitor.ask(MANY_THINGS)
        await visitor.ended()
        await page.click("#inside")
        inside, main = await box(page, "#debug"), await box(page, "main")
        assert inside["x"] >= main["x"] + main["width"] or inside["y"] >= main["y"] + main["height"]
        assert (await box(page, "#scroller"))["height"] > 60
        assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


async def test_every_line_reads_in_its_own_direction_and_code_in_its_own_letters(browser: Browser) -> None:
    """An Arabic paragraph behind an English one stood on its head, and code was proportional in a Japanese reply."""
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        page = visitor.page
        await page.click("#sound")
        await visitor.ask(MANY_THINGS)
        await visitor.ended()
        directions = await page.locator(".line").evaluate_all(
            "(all) => all.map((one) => getComputedStyle(one).direction)"
        )
        assert directions == ["ltr"] * 6 + ["rtl", "ltr"]
        assert await page.locator(".reply").get_attribute("lang") == "ja"
        assert await page.locator("pre code").evaluate(
            """(code) => {
              const width = (text) => { code.textContent = text; const range = document.createRange();
                range.selectNodeContents(code); return range.getBoundingClientRect().width; };
              return Math.abs(width("iiii") - width("MMMM")) < 1;
            }"""
        )


async def test_a_table_is_a_table_and_is_lit_like_any_text(browser: Browser) -> None:
    """It was shown as bars and dashes."""
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, viewport=PHONE) as visitor,
    ):
        await visitor.ask("| Name | Value |\n|---|--:|\n| alpha | 1 |\n| beta | 2 |")
        await visitor.ended()
        lit = "\n".join(await visitor.page.evaluate("spoken"))
        assert "alpha" in lit
        assert "|" not in lit
        cells = await visitor.page.locator("table :is(th, td)").all_inner_texts()
        assert cells == ["Name", "Value", "alpha", "1", "beta", "2"]


async def test_where_the_reply_was_cut_is_told_in_the_language_of_the_page(browser: Browser) -> None:
    async with (
        running_server(EchoChat(), PersonsVoice()) as running,
        visit(browser, running, locale="ja-JP") as visitor,
    ):
        await visitor.page.click("#sound")
        await visitor.page.click("#inside")
        await visitor.ask("一つ目の文です。二つ目の文です。")
        await visitor.ended()
        assert await visitor.page.locator(".boundary").all_inner_texts() == ["文", "文"]
        assert await visitor.page.locator(".cuts .segment").all_inner_texts() == [
            "一つ目の文です。",
            "二つ目の文です。",
        ]


async def test_what_happened_when_is_drawn(browser: Browser) -> None:
    async with running_server(EchoChat(), PersonsVoice()) as running, visit(browser, running) as visitor:
        await visitor.page.click("#inside")
        await visitor.ask("The first. And the second.")
        await visitor.ended()
        assert await visitor.page.locator("svg.waterfall").get_attribute("aria-label")
        kinds = await visitor.page.locator("svg.waterfall rect").evaluate_all(
            "(all) => all.map((one) => one.classList[1])"
        )
        assert {"model", "voice", "heard"} <= set(kinds)
        assert await visitor.page.locator("svg.waterfall line.cut").count() == 2


def test_every_boundary_has_a_name() -> None:
    messages = (Path(__file__).parents[3] / "voicebot" / "server" / "page" / "messages.js").read_text(encoding="utf-8")
    for boundary in Boundary:
        assert messages.count(f" boundary_{boundary}:") == 2, boundary


async def broken_rules(visitor: Visitor) -> Sequence[str]:
    """What axe finds wrong with the page as it stands."""
    await visitor.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = await visitor.page.evaluate(
        """(rules) => axe.run(document, { resultTypes: ["violations"], runOnly: rules }).then(({ violations }) =>
             violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) =>
               `${id}: ${target}: ${failureSummary}`)))""",
        RULES,
    )
    return found


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe: make page-tools")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("screen", [PHONE, DESK], ids=["phone", "desk"])
async def test_axe_finds_nothing_wrong_with_any_state_of_the_page(
    browser: Browser, screen: dict[str, int], theme: str
) -> None:
    """Names, roles, contrast, what the keyboard reaches."""
    chat = HeldChat()
    async with (
        running_server(chat, PersonsVoice()) as running,
        visit(browser, running, viewport=screen, color_scheme=theme, reduced_motion="reduce") as visitor,
    ):
        page = visitor.page
        assert await broken_rules(visitor) == []
        await visitor.ask(NEVER_ENDS)
        await visitor.has_spoken()
        assert await broken_rules(visitor) == []
        await page.keyboard.press("Escape")
        await visitor.ended(state="interrupted")
        chat.goes_on.set()
        await page.click("#sound")
        await visitor.ask(MANY_THINGS)
        await visitor.ended(2)
        await page.click("#inside")
        assert await broken_rules(visitor) == []
        await page.click("#inside")
        for dialog in ("#open-settings", "#list .current .rename", "#list .current .delete"):
            await page.locator(dialog).evaluate("(button) => button.click()")
            assert await broken_rules(visitor) == []
            await page.keyboard.press("Escape")


@pytest.mark.skipif(not AXE.is_file(), reason="needs axe: make page-tools")
async def test_axe_finds_nothing_wrong_with_the_login_and_the_subtitles(browser: Browser) -> None:
    async with running_server(EchoChat(), PersonsVoice()) as running:
        stranger = Visitor(await browser.new_page())
        stranger.page.set_default_timeout(1000 * PATIENCE_SECONDS)
        await stranger.page.goto(running.url)
        await stranger.page.locator("#login").wait_for()
        assert await broken_rules(stranger) == []
        await stranger.page.close()
        async with visit(browser, running, person="ann", path="/overlay") as visitor:
            await visitor.page.locator("#help").wait_for()
            assert [one for one in await broken_rules(visitor) if not one.startswith("page-has-heading-one")] == []

"""A real browser at a real server: its loudspeaker is a recording, and whatever it complains about is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import numpy as np
import soxr

from tests.machine import PATIENCE_SECONDS
from tests.null_sink import RATE, NullSink, Samples
from tests.server.running import RunningServer
from voicebot.messages import Message
from voicebot.server.security import cookie_name
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style

if TYPE_CHECKING:  # dear, and only for whom has a browser
    from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

CHROMIUM = "/usr/bin/chromium"
MISSING = None if os.access(CHROMIUM, os.X_OK) and shutil.which("pulseaudio") else "needs chromium and pulseaudio"
"""Why there can be no browser on this machine, or None."""
ELSEWHERE = "voice.test"
"""A name of this machine that browsers take for one of another."""
_OPTIONS = [
    f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NOTES = """
window.violations = [];
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
  violations.push(`${violatedDirective} ${blockedURI}`);
});
window.spoken = [];
const set = HighlightRegistry.prototype.set;
HighlightRegistry.prototype.set = function (mark, ranges) {
  const text = [...ranges].join("");
  if (mark === "spoken" && text && text !== spoken.at(-1)) spoken.push(text);
  return set.call(this, mark, ranges);
};
const later = window.setTimeout;
window.setTimeout = (act, wait, ...given) => (wait === 8000 ? 0 : later(act, wait, ...given));
"""
"""What has been forbidden, and what has been lit, though a test on a slow machine looks later; notices stay."""


class EchoChat:
    """A chat model that says what it was told, a few characters at a time."""

    name = "echo"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield the last message again."""
        text = messages[-1].content
        for start in range(0, len(text), 5):
            yield text[start : start + 5]


class HeldChat(EchoChat):
    """A chat model that keeps the last words back until it is let go: a slow browser still finds the reply going on."""

    KEPT = 5
    """Characters."""

    def __init__(self) -> None:
        self.goes_on = anyio.Event()
        """Set to let replies come to their ends."""

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        """Yield the last message again, and its last words only when `goes_on` is set."""
        text = messages[-1].content
        yield text[: -self.KEPT]
        await self.goes_on.wait()
        yield text[-self.KEPT :]


class PersonsVoice:
    """A voice whose every text is a sweep of its own: whoever hears it knows whose it is and which text."""

    name = identity = "persons' voice"
    credit = ""
    capabilities = Capabilities()

    def __init__(self, sample_rate: int = 24_000, *, slow: bool = False) -> None:
        self.format = AudioFormat(sample_rate)
        self._seconds = 0.3 if slow else 0.03
        """Of a character; a slow voice still speaks when a slow browser comes to it."""
        self.said: list[str] = []
        """The texts, in order."""
        self.styles: list[Style] = []
        """How each was asked for."""

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Yield the sweep of `text`."""
        self.said.append(text)
        self.styles.append(style)
        yield Audio(self.pcm(text), self.format)

    def pcm(self, text: str) -> bytes:
        """What `text` sounds like."""
        frames = round(self.format.sample_rate * self._seconds * len(text))
        seconds = np.arange(frames) / self.format.sample_rate
        random = np.random.default_rng(list(text.encode()))
        low, high = random.uniform(200, 900), random.uniform(1000, 3000)
        sweep = np.sin(2 * np.pi * (low * seconds + (high - low) * seconds**2 / (2 * max(seconds[-1], 0.01))))
        pcm: bytes = (sweep * 0.4 * 32767).astype("<i2").tobytes()
        return pcm

    def sound(self, texts: Sequence[str]) -> Samples:
        """What `texts`, one after the other, sound like in a recording."""
        frames = np.frombuffer(b"".join(self.pcm(text) for text in texts), "<i2").astype(float) / 32768
        heard: Samples = soxr.resample(frames, self.format.sample_rate, RATE)
        return heard


@dataclass(slots=True)
class Visitor:
    """One person's browser at the page."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of its console, and exceptions."""
    requests: list[str] = field(default_factory=list)
    """Addresses it has asked for."""

    async def ask(self, text: str) -> None:
        """Type a message and send it."""
        await self.page.fill("#message", text)
        await self.forget_spoken()
        await self.page.press("#message", "Enter")

    async def ended(self, count: int = 1, state: str = "completed") -> None:
        """Wait until the latest of `count` turns has come to its end."""
        await (
            self.page.locator("article.turn").nth(count - 1).and_(self.page.locator(f"[data-state={state}]")).wait_for()
        )

    async def reply(self, number: int = -1) -> str:
        """What stands in a reply."""
        return await self.page.locator(".reply").nth(number).inner_text()

    async def until(self, expression: str) -> None:
        """Wait until something is true in the page, whose policy lets no text be code."""
        look = f"const look = () => ({expression}) ? resolve() : requestAnimationFrame(look); look();"
        with anyio.fail_after(PATIENCE_SECONDS):
            await self.page.evaluate(f"new Promise((resolve) => {{ {look} }})")

    async def has_spoken(self, text: str = "") -> None:
        """Wait until something that ends with `text` has been lit as spoken since the latest message."""
        await self.until(f"spoken.some((one) => one.endsWith({text!r}))")

    async def forget_spoken(self) -> None:
        """Wait for what is spoken from now on."""
        await self.page.evaluate("spoken.length = 0")

    async def lit(self, mark: str = "spoken") -> str:
        """The text that stands out as `mark`."""
        return str(await self.page.evaluate("(mark) => [...(CSS.highlights.get(mark) ?? [])].join('')", mark))

    async def figure(self, name: str) -> str:
        """A figure of the inside of the turn."""
        return await self.page.locator(f"[data-figure=figure_{name}] dd").inner_text()

    async def complaints_of(self) -> list[str]:
        """All that it complained about, and what its policy has forbidden."""
        return self.complaints + list(await self.page.evaluate("violations"))


@asynccontextmanager
async def open_browser(sink: NullSink) -> AsyncIterator[Browser]:
    """A browser that is heard: without its usual option it would be muted."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            ignore_default_args=["--mute-audio"],
            args=_OPTIONS,
            env={**os.environ, **sink.environment},
            timeout=1000 * PATIENCE_SECONDS,
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visit(
    browser: Browser,
    running: RunningServer,
    *,
    person: str = "",
    script: str = "",
    path: str = "/",
    origin: str = "",
    **settings: Any,  # Any: what a context of Playwright takes
) -> AsyncIterator[Visitor]:
    """Open the page for `person`, else with a launch token; at the end it must not have complained of anything.

    `origin` is the address of the server, if not the usual one.
    """
    context = await browser.new_context(**{"locale": "en-GB", **settings})
    try:
        context.set_default_timeout(1000 * PATIENCE_SECONDS)
        await context.add_init_script(_NOTES + script)
        if person:
            await _give_cookie(context, running, person)
        visitor = Visitor(await context.new_page())
        visitor.page.on("console", lambda message: _complained(visitor, message))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitor.page.on("request", lambda request: visitor.requests.append(request.url))
        token = "" if person else f"#{running.server.keys.new_launch_token()}"
        await visitor.page.goto(f"{origin or running.url}{path}{token}")
        if path == "/":
            await visitor.until("document.querySelector('#list .current') && !document.querySelector('#empty').hidden")
        yield visitor
        complaints = await visitor.complaints_of()
        assert complaints == [], complaints
    finally:
        await context.close()


async def _give_cookie(context: BrowserContext, running: RunningServer, person: str) -> None:
    cookie = running.server.keys.new_cookie(person)
    await context.add_cookies([{"name": cookie_name(running.port), "value": cookie, "url": running.url}])


def _complained(visitor: Visitor, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        visitor.complaints.append(message.text)

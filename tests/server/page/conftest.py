"""A browser that the tests of one file share, and what is heard of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.null_sink import NullSink, null_sink, wait_until
from tests.server.page.browser import open_browser

if TYPE_CHECKING:
    from playwright.async_api import Browser


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all tests, since they share a browser."""
    return "asyncio"


@pytest.fixture(scope="module")
async def opened() -> AsyncIterator[tuple[NullSink, Browser]]:
    """A browser without a page, and its loudspeaker: it takes longer to start than most tests take."""
    with null_sink() as sink:
        async with open_browser(sink) as browser:
            yield sink, browser


@pytest.fixture
def browser(opened: tuple[NullSink, Browser]) -> Browser:
    """Each visit has a context of its own, that knows nothing of the others."""
    return opened[1]


@pytest.fixture
def sink(opened: tuple[NullSink, Browser]) -> Iterator[NullSink]:
    """What is heard from now on."""
    recording = opened[0].recorded_anew()
    yield recording
    wait_until(lambda: time.monotonic() - recording.last_sound > 0.2, "the page of a test that has ended goes on")
    recording.stop_recording()

"""`voicebot serve` for whoever started it: what a terminal shows, the page that opens, and the end in mid-reply."""

from __future__ import annotations

import re
import signal
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import segno

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal of Unix is needed", allow_module_level=True)

from tests.cli.terminal import Terminal
from tests.machine import PATIENCE_SECONDS
from tests.server.test_serve import LONG, QUIET, served
from voicebot.cli.serve import qr_code

ADDRESS = r"https?://[\w.\[\]:]+/#[\w-]+"
PICTURE = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}


def logged_in(address: str, verify: ssl.SSLContext | bool = True) -> int:
    """What the server answers to a page that was opened with the launch token of `address`."""
    page, _, launch = address.partition("/#")
    return httpx.post(f"{page}/api/login", json={"launch": launch}, verify=verify).status_code


def test_the_picture_for_telephones_is_that_of_its_text() -> None:
    """Rows that change places in pairs have the same edge, and no telephone reads them."""
    text = "https://192.168.1.2:8765/#launch"
    rows: list[list[int]] = []
    for line in qr_code(text):
        halves = [PICTURE[block] for block in line]
        rows += [[upper for upper, _ in halves], [lower for _, lower in halves]]
    wanted = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    assert rows[: len(wanted)] == wanted
    assert rows[len(wanted) :] in ([], [[0] * len(wanted[0])])


@contextmanager
def on_terminal(home: Path, *arguments: str, **more: str) -> Iterator[Terminal]:
    """`voicebot serve` in a terminal, until the block ends."""
    terminal = Terminal(home, "serve", "--port", "0", *QUIET, *arguments, columns=120, **more)
    try:
        yield terminal
    finally:
        terminal.close()


def test_a_terminal_shows_an_address_that_opens_the_door_once(tmp_path: Path) -> None:
    with on_terminal(tmp_path) as terminal:
        [address] = re.findall(ADDRESS, terminal.expect(f"open this once.*{ADDRESS}"))
        terminal.expect("token for programs")
        assert (logged_in(address), logged_in(address)) == (204, 401)
        assert "█" not in terminal.screen  # no telephone reaches this
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 0


def test_a_terminal_shows_a_picture_to_whoever_lets_telephones_in(tmp_path: Path) -> None:
    options = ["--host", "0.0.0.0", "--tls-self-signed"]
    with on_terminal(tmp_path, *options, VOICEBOT_SERVER__TOKEN=LONG) as terminal:
        [address] = re.findall(ADDRESS, terminal.expect(f"open this once.*{ADDRESS}"))
        lines = len(qr_code(address))
        terminal.expect_on_screen(rf"(?:[█▀▄ ]{{{2 * lines - 3},}}\n){{{lines - 2},}}")
        trusted = ssl.create_default_context(cafile=tmp_path / ".local" / "state" / "voicebot" / "server.pem")
        assert logged_in(address, trusted) == 204


def test_the_page_is_opened_where_that_is_asked_for(tmp_path: Path) -> None:
    """A browser of the terminal returns when it is closed: the server waited for that, and the browser for the page."""
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    load = f'curl -s -o /dev/null "${{1%%/#*}}/" && printf %s "$1" > {opened}'
    browser.write_text(f"#!/bin/sh\n{load} && touch {opened}.whole\nwhile kill -0 $PPID; do sleep 0.1; done 2>&-\n")
    browser.chmod(0o755)
    with served(tmp_path, "--open", BROWSER=f"{browser} %s") as server:
        until_there(opened.with_suffix(".whole"))
        assert opened.read_text().startswith(f"{server.address.replace('127.0.0.1', 'localhost')}/#")
        assert logged_in(opened.read_text()) == 204
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(PATIENCE_SECONDS) == 0


def test_that_no_browser_can_be_opened_is_told(tmp_path: Path) -> None:
    """On a machine without one nothing happened, and nobody knew whether to wait."""
    with on_terminal(tmp_path, "--open", BROWSER="no-such-browser %s", PATH=str(tmp_path)) as terminal:
        terminal.expect(ADDRESS)
        terminal.expect("no browser could be opened here")
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 0


def until_there(path: Path) -> None:
    """Wait for a file that another program makes."""
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_ends_behind_the_reply_that_runs(tmp_path: Path) -> None:
    """Told to stop by SIGTERM it takes no new turn, and says so."""
    slow = ["--set", "chat.deltas_per_second=20"]
    with served(tmp_path, *slow, VOICEBOT_SERVER__TOKEN=LONG, lines=1) as server:
        right = {"authorization": f"Bearer {LONG}"}
        with (
            httpx.Client(base_url=server.address, headers=right, timeout=PATIENCE_SECONDS) as client,
            client.stream("POST", "/chat", json={"text": "tell me a short story"}) as answer,
        ):
            parts = answer.iter_text()
            begun = next(parts)
            server.process.send_signal(signal.SIGTERM)
            while (health := httpx.get(f"{server.address}/health")).status_code == 200:
                pass
            assert (health.status_code, health.json()) == (503, {"status": "draining"})
            refused = httpx.post(f"{server.address}/chat", json={"text": "More?"}, headers=right)
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
            reply = begun + "".join(parts)
        assert len(reply) > len(begun)
        assert server.process.wait(PATIENCE_SECONDS) == 0

"""The page and the subtitles: what is served, to whom, and that it needs nothing but itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import voicebot.server
from tests.server.running import running_server
from voicebot.server.pages import OPEN_PATHS

pytestmark = pytest.mark.anyio
PAGE = Path(voicebot.server.__file__).parent / "page"
KINDS = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


def test_every_file_of_the_page_is_served_and_no_other() -> None:
    served = {path.removeprefix("/page/") for path in OPEN_PATHS if path.startswith("/page/")}
    assert served == {file.name for file in PAGE.iterdir() if file.suffix in (".js", ".css", ".svg")}


async def test_strangers_get_the_page_and_each_of_its_files_as_what_it_is() -> None:
    async with running_server() as running, running.stranger() as stranger:
        for path in OPEN_PATHS:
            answer = await stranger.get(path)
            kind = KINDS.get(Path(path).suffix, "text/html")
            assert (path, answer.status_code) == (path, 200)
            assert answer.headers["content-type"].partition(";")[0] == kind
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_who_only_asks_whether_anybody_is_there_is_sent_no_content() -> None:
    """Watchers of web servers ask with HEAD, and were told 405: the server counted as down."""
    async with running_server() as running:
        for path in ("/health", "/v1/models", *OPEN_PATHS):
            answer = await running.client.head(path)
            assert (path, answer.status_code, answer.content) == (path, 200, b"")
            assert answer.headers["content-length"] == str(len((await running.client.get(path)).content))


@pytest.mark.parametrize(
    "path",
    [
        "/page/",
        "/page/package.json",
        "/page/../pages.py",
        "/page/..%2fpages.py",
        "/page/%2e%2e/pages.py",
        "/page/..\\pages.py",
        "/page//etc/passwd",
        "/page/app.js%00.html",
        "/page/APP.JS",
        "/index.html",
        "//overlay",
    ],
)
async def test_no_other_file_is_served_whatever_the_path(path: str) -> None:
    async with running_server() as running:
        answer = await running.client.get(running.url + path)
        assert answer.status_code == 404


async def test_a_browser_that_has_a_file_is_not_sent_it_again() -> None:
    async with running_server() as running, running.stranger() as stranger:
        first = await stranger.get("/page/app.js")
        tag = first.headers["etag"]
        for shown in (tag, f'"old", W/{tag}'):
            again = await stranger.get("/page/app.js", headers={"if-none-match": shown})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        other = await stranger.get("/page/app.js", headers={"if-none-match": '"other"'})
        assert other.content == first.content


@pytest.mark.parametrize("ranges", ["bytes=0-3", "bytes=-5", ",".join(f"bytes={i}-{i + 1}" for i in range(500))])
async def test_who_asks_for_parts_of_a_file_is_sent_the_whole(ranges: str) -> None:
    async with running_server() as running, running.stranger() as stranger:
        answer = await stranger.get("/page/app.js", headers={"range": ranges})
        assert (answer.status_code, len(answer.content)) == (200, len((PAGE / "app.js").read_bytes()))


async def test_pages_of_ours_alone_may_frame_the_subtitles_and_nobody_the_page() -> None:
    async with running_server() as running, running.stranger() as stranger:
        page, overlay = [(await stranger.get(path)).headers["content-security-policy"] for path in ("/", "/overlay")]
        assert "frame-ancestors 'none'" in page
        assert "frame-ancestors 'self'" in overlay
        assert page.replace("'none'", "") == overlay.replace("'none'", "").replace(
            "frame-ancestors 'self'", "frame-ancestors "
        )
        assert "unsafe" not in page + overlay


def test_the_page_asks_for_nothing_from_elsewhere_and_writes_no_html() -> None:
    """A policy keeps it from doing so; the page does not even try."""
    for file in PAGE.iterdir():
        text = file.read_text("utf-8")
        assert not re.findall(r"https?://(?!www\.w3\.org/)", text), file.name
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function", text), (
            file.name
        )
        if file.suffix == ".html":
            assert not re.findall(r"<script>|<style|\sstyle=|\son\w+=|javascript:", text), file.name


def test_each_module_imports_only_what_is_served() -> None:
    for file in PAGE.glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"|import\("\./([^"]+)"\)', file.read_text("utf-8")):
            assert (PAGE / "".join(name)).is_file(), (file.name, name)

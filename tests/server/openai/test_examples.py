"""The programs of docs/openai.md and of its Japanese twin, as they are printed, against a running server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from tests.markdown import blocks, read
from tests.server.running import REPLY, TOKEN, running_server
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
PAGES = ["docs/openai.md", "docs/openai.ja.md"]
PROGRAMS = [program for page in PAGES for program in blocks(read(page), "python")]


def made_for(text: str, url: str) -> str:
    """An example with the address and the token of a test."""
    assert "http://127.0.0.1:8765" in text
    assert "TOKEN" in text
    return text.replace("http://127.0.0.1:8765", url).replace("TOKEN", TOKEN)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: str(PROGRAMS.index(program)))
async def test_each_program_runs(program: str, tmp_path: Path) -> None:
    async with running_server(voice=ToneSynthesizer()) as running:
        code = made_for(program, running.url)
        done = await anyio.run_process([sys.executable, "-c", code], cwd=tmp_path, stderr=subprocess.STDOUT)
    printed = done.stdout.decode()
    assert printed.strip() in ("", REPLY)
    assert printed or (tmp_path / "morning.mp3").stat().st_size > 1000


@pytest.mark.parametrize("page", PAGES)
async def test_the_line_for_curl_makes_a_file(page: str, tmp_path: Path) -> None:
    [line] = [block for block in blocks(read(page), "sh") if block.startswith("curl")]
    async with running_server(voice=ToneSynthesizer()) as running:
        await anyio.run_process(["sh", "-c", made_for(line, running.url)], cwd=tmp_path)
    assert (tmp_path / "morning.wav").read_bytes()[:4] == b"RIFF"

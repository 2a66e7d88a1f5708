"""What others wrote steers no terminal, whichever command prints it: one canary, sent through every door."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from anyio import to_thread

from tests.chat.dialects import OLLAMA, OPENAI, Dialect
from tests.cli.command import start, voicebot
from tests.fake_voicevox import fake_voicevox
from tests.fault_server import Close, FaultServer, head, serve, whole

pytestmark = pytest.mark.anyio

CANARY = (
    "canary\x1b]52;c;Y2FuYXJ5\x07\x1b[2J\x9b31m\x90q\x9c\x85\u2028\b\x7f\rhidden\u202egnp\u2066x\u2069\U000e0041 end"
)
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u206f\U000e0000-\U000e007f]")
QUIET = ("--tts", "tone", "--set", "audio.kind=silent")


@pytest.fixture
def anyio_backend() -> str:
    """The command runs elsewhere; the server here may run on either event loop."""
    return "asyncio"


def check(done: subprocess.CompletedProcess[str]) -> None:
    """Nothing that was printed is harmful, and the canary did come by."""
    for printed in (done.stdout, done.stderr):
        assert HARMFUL.search(printed) is None, printed
    assert "canary" in (done.stdout + done.stderr)


async def run(home: Path, *arguments: str, input: str | bytes = "") -> subprocess.CompletedProcess[str]:
    done = await to_thread.run_sync(partial(voicebot, home, *arguments, input=input))
    check(done)
    return done


def chat(dialect: Dialect, server: FaultServer) -> tuple[str, ...]:
    return ("--chat", dialect.kind, "--model", "m", "--base-url", dialect.base_url(server))


@pytest.mark.parametrize("dialect", [OLLAMA, OPENAI], ids=lambda dialect: dialect.kind)
@pytest.mark.parametrize("how", [["--no-audio"], list(QUIET), ["--no-audio", "--json"]], ids=["text", "spoken", "json"])
async def test_a_reply_is_harmless(tmp_path: Path, dialect: Dialect, how: list[str]) -> None:
    """`--no-audio` printed the deltas as they came: a model could write to the clipboard."""
    async with serve() as server:
        server.answer(dialect.path, dialect.reply("one \x1b", "]52;c;Y2Fu\x07 ", CANARY, CANARY))
        done = await run(tmp_path, "ask", CANARY, *chat(dialect, server), *how)
        assert done.returncode == 0


@pytest.mark.parametrize("how", [[], ["--json"]], ids=["text", "json"])
async def test_an_error_is_harmless(tmp_path: Path, how: list[str]) -> None:
    """Reason phrases, error bodies and addresses of redirects were printed as the server sent them."""
    c1 = "canary\x9b31m\x85\x90"
    body = json.dumps({"error": {"message": CANARY}}, ensure_ascii=False)
    async with serve() as server:
        for answer in (
            whole(body, status="400 Bad"),
            whole("", status=f"400 {c1}"),
            [head(f"302 {c1}", location=f"http://{c1}/", content_length="0")],
            whole(CANARY, content_type="text/plain", status="418 No"),
            [*OPENAI.reply("canary", "\x1b]0;x\x07")[:-2], Close()],
        ):
            server.answer(OPENAI.path, answer)
            done = await run(tmp_path, "ask", "Hello", *chat(OPENAI, server), *QUIET, *how)
            assert done.returncode == 4


async def test_a_traceback_is_harmless(tmp_path: Path) -> None:
    async with serve() as server:
        server.answer(OPENAI.path, whole(CANARY, content_type="text/plain", status="418 No"))
        process = start(tmp_path, "ask", "Hello", *chat(OPENAI, server), "--no-audio", "--debug")
        _, printed = await to_thread.run_sync(process.communicate)
    assert b"Traceback" in printed
    assert HARMFUL.search(printed.decode()) is None


@pytest.mark.parametrize("how", [[], ["--json"]], ids=["text", "json"])
async def test_names_of_models_and_voices_are_harmless(tmp_path: Path, how: list[str]) -> None:
    async with serve() as server:
        server.answer("/api/tags", whole(json.dumps({"models": [{"name": CANARY}]})))
        server.answer("/v1/models", whole(json.dumps({"data": [{"id": CANARY}]})))
        for dialect in (OLLAMA, OPENAI):
            await run(tmp_path, "models", "--chat", dialect.kind, "--base-url", dialect.base_url(server), *how)
    with fake_voicevox() as engine:
        engine.speakers = [{"name": CANARY, "speaker_uuid": "x", "styles": [{"name": CANARY, "id": 1, "type": "talk"}]}]
        await run(tmp_path, "voices", "--tts", "voicevox", "--base-url", engine.url, *how)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody whose history holds the canary in every field."""
    home = tmp_path_factory.mktemp("home")
    assert voicebot(home, "ask", "Hello", "--chat", "demo", *QUIET).returncode == 0
    exchanged = json.dumps(
        [
            {
                "role": "tool",
                "content": CANARY,
                "tool_name": CANARY,
                "tool_call_id": "1",
                "tool_calls": [],
                "interrupted": False,
            }
        ]
    )
    (file,) = home.rglob("history.db")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE conversation SET name = ?, summary = ?", (CANARY, CANARY))
        connection.execute(
            "UPDATE turn SET outcome = 'failed',"
            " message = ?, heard = ?, unsaid = ?, error = ?, model = ?, exchanged = ?",
            (*[CANARY] * 5, exchanged),
        )
        connection.execute("UPDATE words SET said = ?", (CANARY,))
    return home


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--all"],
        ["list", "--all", "--json"],
        ["show"],
        ["show", "--json"],
        ["search", "canary"],
        ["search", "canary", "--json"],
        ["export"],
        ["export", "--format", "md"],
    ],
    ids=" ".join,
)
async def test_the_history_is_harmless(home: Path, arguments: list[str]) -> None:
    await run(home, "history", *arguments)


@pytest.mark.parametrize("name", ["out.md", "out.jsonl"])
async def test_an_exported_file_is_harmless(home: Path, name: str) -> None:
    done = await to_thread.run_sync(voicebot, home, "history", "export", "-o", name)
    assert done.returncode == 0
    content = (home / name).read_text(encoding="utf-8")
    assert "canary" in content
    assert HARMFUL.search(content) is None


async def test_a_conversation_that_goes_on_has_a_harmless_name(home: Path) -> None:
    await run(home, "ask", "Hello", "-c", "--chat", "demo", *QUIET)


@pytest.mark.parametrize(
    "arguments",
    [
        ["chunk"],
        ["chunk", "--json"],
        ["chunk", "text.txt"],
        ["say", "-", "--no-audio"],
        ["say", "-", *QUIET],
        ["say", "-", *QUIET, "--json"],
        ["lab", "explain", "-"],
        ["lab", "explain", "-", "--json"],
        ["lab", "replay", "canary.jsonl"],
        ["lab", "replay", "canary.jsonl", "--json"],
        ["lab", "compare", "a.toml", "b.toml", "canary.jsonl"],
        ["lab", "compare", "a.toml", "b.toml", "canary.jsonl", "--json"],
        ["lab", "replay", "broken.jsonl"],
    ],
    ids=" ".join,
)
async def test_a_text_is_harmless(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "text.txt").write_text(CANARY, encoding="utf-8")
    text = f"{CANARY}, then more of it. And a second sentence {CANARY}. "
    lines = [json.dumps({"t_ms": 10, "token": text}), json.dumps({"t_ms": 20, "token": "End."})]
    (tmp_path / "canary.jsonl").write_text("\n".join(lines))
    (tmp_path / "broken.jsonl").write_text(json.dumps({"t_ms": 10, "token": [CANARY]}))
    (tmp_path / "a.toml").write_text("")
    (tmp_path / "b.toml").write_text('chunking.strategy = "newline"')
    await run(tmp_path, *arguments, input=CANARY)


async def test_a_recorded_reply_is_harmless(tmp_path: Path) -> None:
    async with serve() as server:
        server.answer(OPENAI.path, OPENAI.reply("one \x1b", "]52;c;Y2Fu\x07 ", CANARY))
        await run(tmp_path, "lab", "record", "-o", "trace.jsonl", "Hello", *chat(OPENAI, server))


@pytest.mark.parametrize("arguments", [["show"], ["show", "--json"], ["show", "--origin"]], ids=" ".join)
async def test_a_configuration_is_harmless(tmp_path: Path, arguments: list[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text(
        f"chat.model = {json.dumps(CANARY[:-5].replace(chr(0xE0041), ''))}\nconversation.system_prompt = 'x'\n"
    )
    await run(tmp_path, "config", *arguments)
    config.write_text(f"[chat]\n{json.dumps('canary' + chr(0x9B) + chr(0x202E))} = 1\nkind = 'canary\x9b'\n")
    await run(tmp_path, "config", *arguments)


@pytest.mark.skipif(sys.platform == "win32", reason="a pseudo-terminal of Unix is needed")
@pytest.mark.parametrize("command", [["chat"], ["ask", "hello"]], ids=" ".join)
async def test_a_reply_in_a_real_terminal_is_harmless(tmp_path: Path, command: list[str]) -> None:
    from tests.cli.terminal import Terminal

    def talk() -> str:
        terminal = Terminal(tmp_path, *command, *chat(OPENAI, server), "--no-audio")
        try:
            seen = ""
            if command == ["chat"]:
                seen += terminal.expect("›")
                terminal.type("hello\r")
            return seen + terminal.expect("the very end")
        finally:
            terminal.close()

    async with serve() as server:
        server.answer(OPENAI.path, OPENAI.reply("one \x1b", "]52;c;Y2Fu\x07 ", CANARY, " the very end"))
        seen = await to_thread.run_sync(talk)
    assert "·]52;c;Y2Fu·" in seen
    assert not re.search("\x1b\\]52|\x1b\\[2J|\x07|[\x7f-\x9f\u2028\u202e\u2066\U000e0041]", seen)

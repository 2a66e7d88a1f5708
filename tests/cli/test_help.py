"""Help: nothing cut off, options in groups, examples that work; and it is there at once."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.cli.command import environment, voicebot
from tests.cli.test_command import commands_of
from tests.machine import PATIENCE_SECONDS
from voicebot.cli.completion import model_in
from voicebot.cli.help import text_and_examples
from voicebot.cli.main import app, with_command

COMMANDS = dict(commands_of(typer.main.get_command(app)))
WITHOUT = ["voicebot config edit", "voicebot config path", "voicebot config schema", "voicebot config show"]
OURS = [name for name in COMMANDS if name not in (*WITHOUT, "voicebot config trust")]


def test_no_description_of_a_command_is_cut_off(tmp_path: Path) -> None:
    """Lists of commands ended in "..." after 45 characters."""
    for group in ((), ("lab",), ("history",), ("config",)):
        shown = voicebot(tmp_path, *group, "--help").stdout
        assert "..." not in shown.replace("[ARGS]...", ""), group
    assert "server on this machine." in " ".join(voicebot(tmp_path, "--help").stdout.split())


def test_options_stand_in_groups(tmp_path: Path) -> None:
    shown = voicebot(tmp_path, "ask", "--help").stdout
    headings = [line for line in shown.splitlines() if re.fullmatch(r"\w[\w ]*:", line)]
    assert headings == [
        "Arguments:", "Chat options:", "Voice options:", "Audio options:", "Output options:", "Daemon options:",
        "Common options:",
        "Examples:",
    ]  # fmt: skip
    places = [shown.index(text) for text in ("--model", "Voice options", "--rate", "Audio", "--force", "--help")]
    assert places == sorted(places)
    assert "\x1b" not in shown


@pytest.mark.parametrize("name", OURS)
def test_every_command_has_an_example_that_is_understood(name: str) -> None:
    examples = (COMMANDS[name].epilog or "").splitlines()
    assert examples
    assert any(example for example in examples if name in example or name == "voicebot ask")
    for example in examples:
        part = next(part.strip() for part in example.split(" | ") if part.strip().startswith("voicebot"))
        command: Any = typer.main.get_command(app)  # Any: typer brings its own click along
        arguments = with_command(shlex.split(part)[1:])
        while hasattr(command, "commands"):
            command, arguments = command.commands[arguments[0]], arguments[1:]
        context = command.make_context(name, arguments)
        assert context.get_help()  # that of the worker failed: its options had a heading of their own


def test_an_example_is_one_command() -> None:
    """Those of `config` and `paths` stood in one line, with a dot between them that the shell took for a word."""
    assert [name for name, command in COMMANDS.items() if "·" in (command.epilog or "")] == []


def test_no_type_of_python_is_shown() -> None:
    """A newer typer wrote <list[str]>, <path> and <int range>."""
    for name, command in COMMANDS.items():
        shown = command.get_help(command.make_context(name, ["--help"], resilient_parsing=True))
        assert re.findall(r"<(?!jsonl\|md|char\|token\|whole)\w[^>]*>|\[\[", shown) == [], name


def test_examples_are_taken_out_of_the_docstring_as_they_stand() -> None:
    assert text_and_examples("Do it.\n\n    Examples:\n      a | b\n      c  d\n    ") == ("Do it.", "a | b\nc  d")
    assert text_and_examples("Do it. Example: no.") == ("Do it. Example: no.", "")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who has talked, with a voice of their own."""
    home = tmp_path_factory.mktemp("home")
    quiet = ("--chat", "demo", "--set", "audio.kind=silent", "--set", "chat.deltas_per_second=1000")
    assert voicebot(home, "ask", "Hi", *quiet, "-v", "en-us", "--conversation", "台所").returncode == 0
    return home


def completions(home: Path, *words: str) -> list[str]:
    code = "import sys; sys.argv[0] = 'voicebot'; from voicebot.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=home,
        env=environment(
            home,
            _VOICEBOT_COMPLETE="complete_bash",
            COMP_WORDS=" ".join(["voicebot", *words]),
            COMP_CWORD=str(len(words)),
        ),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("ask", "--tts", "v"), ["voicevox"]),
        (("ask", "--chat", "ol"), ["ollama"]),
        (("chunk", "--strategy", "s"), ["sentence"]),
        (("ask", "--conversation", ""), ["台所"]),
        (("history", "show", "台"), ["台所"]),
        (("say", "--voice", "gmw"), ["gmw/en-us"]),
        (("say", "-v", "Jap"), ["Japanese"]),
        (("chat", "--model", "x"), []),
        (("hist",), ["history"]),
    ],
)
def test_the_shell_offers_what_is_known(home: Path, words: tuple[str, ...], offered: list[str]) -> None:
    assert completions(home, *words) == offered


def test_models_that_have_answered_are_offered(home: Path) -> None:
    (home / "config.toml").write_text('[chat]\nkind = "ollama"\nmodel = "qwen3"\n')
    try:
        assert completions(home, "ask", "--model", "q") == ["qwen3"]
    finally:
        (home / "config.toml").unlink()


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("ollama qwen3:4b", "qwen3:4b"),
        ("llama3.2 at http://127.0.0.1:8080/v1", "llama3.2"),
        ("my model at home at https://host/v1", "my model at home"),
        ("demo", ""),
        ("langchain agent:make", ""),
    ],
)
def test_an_address_is_not_offered_as_a_model(name: str, model: str) -> None:
    """Whoever had talked with an OpenAI-compatible server was offered "at http://…" for --model."""
    assert model_in(name) == model


def test_whatever_is_wrong_nothing_is_offered_made_or_mended(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[memory]\npath = "h.db"\n')
    assert completions(tmp_path, "ask", "--conversation", "") == []
    assert not (tmp_path / "h.db").exists()
    (tmp_path / "h.db").write_bytes(b"garbage" * 1000)
    assert completions(tmp_path, "ask", "--conversation", "") == []
    assert [file.name for file in tmp_path.glob("h*")] == ["h.db"]
    (tmp_path / "config.toml").write_text("[chat\n")
    assert completions(tmp_path, "ask", "--model", "") == []


@pytest.mark.parametrize(
    ("language", "hint"),
    [
        ("C.UTF-8", '  → options stand behind the command: voicebot ask "How are you?" --no-audio'),
        ("ja_JP.UTF-8", '  → オプションはコマンドの後ろに書きます：voicebot ask "元気ですか" --no-audio'),
    ],
)
def test_who_types_options_before_a_question_is_told_where_they_stand(tmp_path: Path, language: str, hint: str) -> None:
    """`voicebot --no-audio ask Hello` told of unexpected arguments of `chat`, which nobody had typed."""
    done = voicebot(tmp_path, "--no-audio", "ask", "Hello", LANG=language)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == hint


def test_what_is_no_number_is_told_once(tmp_path: Path) -> None:
    """Behind it stood that x cannot be parsed as an integer."""
    done = voicebot(tmp_path, "lab", "sweep", "e.toml", "--jobs", "x")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == "Error: Invalid value for '--jobs' / '-j': Input should be a valid integer"

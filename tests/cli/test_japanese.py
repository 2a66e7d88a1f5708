"""What somebody with a Japanese locale reads: Japanese, with commands, keys and names as they are typed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import typer.main

from tests.chat.dialects import OLLAMA
from tests.cli.command import environment, json_lines, voicebot
from tests.cli.terminal import Terminal
from tests.cli.test_command import commands_of
from tests.fake_voicevox import nobody_there
from tests.fault_server import Stall, serve
from voicebot.cli.main import app

JAPANESE = {"LANG": "ja_JP.UTF-8"}
GROUPS = ["voicebot", "voicebot config", "voicebot lab", "voicebot history"]
COMMANDS = [*GROUPS, *(name for name, _ in commands_of(typer.main.get_command(app)))]
NAMES = {
    *"voicebot chat ask say chunk voices models devices paths config lab history".split(),
    *"auto ollama openai demo langchain pyttsx3 voicevox tone silent adaptive sentence punctuation newline".split(),
    *"show path init edit get set check trust schema replay record compare explain score sweep tune list search".split(),
    *"export delete status on off jsonl md lines char token whole str int float segments matrix settings".split(),
    *"cpu-fast cpu-slow gpu cloud instant objective WAV JSON TOML VOICEVOX Ollama Markdown OpenAI Ctrl Enter Esc".split(),
    *"Alt Shift true false text optional exact hard lost delay".split(),
}
"""What is typed, or is a name, and therefore the same in both languages."""


def english_in(shown: str) -> list[str]:
    """The words in `shown` that are English and neither a name nor anything that is typed."""
    text = re.split(r"^例:$", shown, flags=re.MULTILINE)[0]  # examples stand as they are typed
    text = re.sub(r"\{\"id\".*?\}", "", text, flags=re.DOTALL)
    text = re.sub(
        r"[^\s、。：「」（）]*[/.=_<>$@\[\]{}|*][^\s、。：「」（）]*", " ", text
    )  # paths, addresses, keys, places
    text = re.sub(r"(?<!\w)--?[\w-]+", " ", text)
    words = re.findall(r"[A-Za-z][A-Za-z0-9'-]+", text)
    return [
        word
        for word in words
        if word not in NAMES and not word.isupper() and not re.fullmatch(r"[A-Z0-9a-z]?\d+", word)
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_japanese(tmp_path: Path, command: str) -> None:
    shown = voicebot(tmp_path, *command.split()[1:], "--help", **JAPANESE).stdout
    assert shown.startswith("使い方: voicebot")
    assert english_in(shown) == []

"""Runs the samples of the pages, and writes what they print: `python -m tools.samples`.

A sample is a block of text that begins with `$ ` and a command. It is run in an empty home with the demo and the test
tone, in the language of its page. What differs from run to run (numbers, ids, names of voice and audio output) may
differ, and `…` stands for what is left out. The examples of a page in `EVENTS` are the events of one such run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
EVENTS = {
    "docs/events.md": 'voicebot ask --json --chat demo "Tell me a joke"',
    "docs/events.ja.md": 'voicebot ask --json --chat demo "冗談を言って"',
}
"""The pages that show every event, and the command whose events they are."""
NOT_HERE = {
    "voicebot chat": "it is typed at a terminal",
    "voicebot models": "it needs Ollama",
    "voicebot ask --no-audio --model qwen3:8b": "it needs Ollama",
    "voicebot worker": "it needs RabbitMQ",
    "voicebot say -o out.wav": "it is said by workers",
    "voicebot say -o nobody.wav": "it asks for workers",
    "python docs/examples/rpc_": "it needs RabbitMQ",
}
"""The beginnings of commands that cannot be run everywhere, and why."""
BEFORE = {
    "voicebot history search taro": [
        'voicebot ask --chat demo --conversation kitchen "My name is Taro."',
        'voicebot ask --chat demo --conversation kitchen "What is my name?"',
    ],
    "voicebot history search 太郎": [
        'voicebot ask --chat demo --conversation 台所 "私の名前は太郎です。"',
        'voicebot ask --chat demo --conversation 台所 "私の名前は？"',
    ],
    "VOICEBOT_CONFIG=bad.toml voicebot config check": [
        "printf '[chat]\\ntemprature = 1\\n[tts]\\nrate = \"fast\"\\n' >bad.toml",
    ],
}
"""What has to have happened before a sample."""

_MAY_DIFFER = re.compile(
    r"""
      (?P<lines> ^…\n)
    | (?P<rest> …)
    | (?P<turn> "turn":[ ]"[^"]*")
    | (?P<voice> tone | pyttsx3[ ]espeak)
    | (?P<audio> "audio":[ ]"[^"]*")
    | \d+(?:\.\d+)?
    """,
    re.MULTILINE | re.VERBOSE,
)
_DELTA = re.compile(r'^\{"type": "delta".*\n', re.MULTILINE)
"""Deltas come between other events, now before and now behind one."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A command on a page, and what the page says that it prints."""

    page: str
    command: str
    shown: str

    def printed(self) -> str:
        """What it prints now."""
        return run(self.command, japanese=self.page.endswith(".ja.md"))


def samples() -> Iterator[Sample]:
    """Every sample that can be run here."""
    for path in [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]:
        for block in re.findall(r"^```text\n(\$ .*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S):
            for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
                command, _, shown = part.partition("\n")
                if not command.startswith(tuple(NOT_HERE)):
                    yield Sample(path.relative_to(ROOT).as_posix(), command, shown)


@cache
def run(command: str, *, japanese: bool = False) -> str:
    """What a command prints in an empty home: on both streams, with `--json` on standard output alone."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "LANG": "ja_JP.UTF-8" if japanese else "C.UTF-8",
            "PYTHONUTF8": "1",
            "XDG_RUNTIME_DIR": home,
            "XDG_CONFIG_HOME": home,
        }
        own = Path(home, "voicebot", "config.toml")
        own.parent.mkdir()
        realtime = "true" if "--json" in command else "false"
        own.write_text(f'[tts]\nkind = "tone"\n[audio]\nkind = "silent"\nrealtime = {realtime}\n', encoding="utf-8")
        for first in BEFORE.get(command, []):
            subprocess.run(["sh", "-c", first], cwd=home, env=environment, capture_output=True, check=True, timeout=50)
        streams = "exec 2>/dev/null" if "--json" in command else "exec 2>&1"
        shell = ["sh", "-c", f"{streams}; {command}"]
        made = subprocess.run(shell, cwd=home, env=environment, capture_output=True, check=False, timeout=50)
    return made.stdout.decode("utf-8")


def matches(shown: str, printed: str) -> bool:
    """Whether that is what is shown, up to what may differ."""
    shown, printed = _DELTA.sub("", shown), _DELTA.sub("", printed)
    pattern = _MAY_DIFFER.sub("\0", shown).split("\0")
    between = [_like(found) for found in _MAY_DIFFER.finditer(shown)] + [""]
    return re.fullmatch("".join(re.escape(a) + b for a, b in zip(pattern, between, strict=True)), printed) is not None


def _like(found: re.Match[str]) -> str:
    """What may stand in place of what was found in a sample."""
    if found["lines"]:
        return r"(?:.*\n)*?"
    if found["rest"]:
        return ".*"
    if found["turn"]:
        return '"turn": "[^"]*"'
    if found["voice"]:
        return "(?:tone|pyttsx3 espeak)"
    if found["audio"]:
        return '"audio": "(?:silent|default)"'
    return r"\d+(?:\.\d+)?"


def events(printed: str) -> list[dict[str, Any]]:  # Any: JSON
    """The events that `--json` printed."""
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


def example(event: dict[str, Any]) -> str:  # Any: JSON
    """An event as a page shows it."""
    return json.dumps(event, ensure_ascii=False)


def with_events(text: str, printed: str) -> str:
    """The page with the first event of each kind that was printed in place of its example."""
    first: dict[str, dict[str, Any]] = {}  # Any: JSON
    for event in events(printed):
        first.setdefault(event["type"], event)
    for line in re.findall(r"^\{.*\}$", text, re.M):
        if event := first.pop(json.loads(line)["type"], {}):
            text = text.replace(line, example(event), 1)
    return text


def main() -> None:
    """Write every sample anew that is shown whole, and the examples of the events."""
    for sample in samples():
        if "…" not in sample.shown:
            page = ROOT / sample.page
            text = page.read_text(encoding="utf-8")
            page.write_text(text.replace(sample.shown, sample.printed()), encoding="utf-8")
    for name, command in EVENTS.items():
        page = ROOT / name
        text = page.read_text(encoding="utf-8")
        printed = run(command, japanese=name.endswith(".ja.md"))
        page.write_text(with_events(text, printed), encoding="utf-8")


if __name__ == "__main__":
    main()

"""What plugins print in commands that go on for days is in their log, and beside the results of an experiment."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.command import ROOT, json_lines, start, survivors, voicebot
from tests.cli.printing_voice import PRINTING_VOICE
from tests.daemon.running import home_with_config, pid_of
from tests.machine import PATIENCE_SECONDS

MODULE = r"""
import os
import sys

from voicebot import Audio, AudioFormat


def in_every_way() -> None:
    print("in Python\x1b[31m")
    print("an error of Python\x1b[31m", file=sys.stderr, flush=True)
    os.write(1, b"in C\x1b[31m\n")
    os.write(2, b"an error of C, the key is hunter2-hunter2\x1b]52;c;aGk=\x07\n")


in_every_way()
"""
PARTS = rf"""{PRINTING_VOICE}

class Words:
    def __init__(self):
        self.held = ""

    def feed(self, delta):
        *words, self.held = (self.held + delta).split(" ")
        return words

    def flush(self):
        in_every_way()
        return [self.held]
"""
KEY = "hunter2-hunter2"
VOICE = ("--set", "tts.kind=plugin", "--set", "tts.factory=kitchen:Voice")
EVERY_WAY = ("in Python", "an error of Python", "in C", "an error of C")
PLUGIN = f"""
[chat]
kind = "openai"
model = "m"
api_key = "{KEY}"
[tts]
kind = "plugin"
factory = "kitchen:Voice"
[audio]
kind = "silent"
[memory]
store = false
"""
TRACE = str(ROOT / "tests" / "data" / "traces" / "tr-en-chat@30.jsonl")
CORPUS = '{"id": "1", "lang": "en", "category": "plain", "text": "Yes. No.", "segments": ["Yes.", "No."]}\n'
EXPERIMENT = f"""
traces = ["{TRACE}", "{TRACE.replace("en-chat", "ja-chat")}"]
engines = ["cpu-fast"]
[settings]
a = {{}}
b = {{}}
[matrix]
"chunking.strategy" = ["kitchen:Words"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "kitchen.py").write_text(MODULE + PARTS)
    return tmp_path


def assert_all_is_told(told: str) -> None:
    for words in EVERY_WAY:
        assert f"a plugin or tool prints: {words}" in told
    assert "\x1b" not in told
    assert KEY not in told


def log_of(home: Path, *arguments: str) -> str:
    """What a command prints that runs until a plugin of its has printed."""
    with start(home, *arguments, stdin=subprocess.DEVNULL, OPENAI_API_KEY=KEY) as process:
        try:
            assert process.stderr is not None
            told = b""
            while b"an error of C" not in told and (line := process.stderr.readline()):
                told += line
            process.send_signal(signal.SIGTERM)
            out, rest = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
    assert out == b""
    return (told + rest).decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ["replay", TRACE, "--set", "chunking.strategy=kitchen:Words"],
        ["compare", "own.toml", "own.toml", TRACE],
        ["explain", "text", "--strategy", "kitchen:Words"],
        ["score", "corpus.jsonl", "--strategy", "kitchen:Words"],
        ["sweep", "experiment.toml", "--trust", "--jobs", "1"],
        ["tune", "experiment.toml", "--trust", "--jobs", "1", "--budget", "1"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_a_strategy_prints_gets_among_no_results(home: Path, arguments: list[str]) -> None:
    """It stood among the JSON of the lab, and what C code prints reached the terminal with its escape codes."""
    (home / "own.toml").write_text('[chunking]\nstrategy = "kitchen:Words"\n')
    (home / "text").write_text("One two.")
    (home / "corpus.jsonl").write_text(CORPUS)
    (home / "experiment.toml").write_text(EXPERIMENT)
    done = voicebot(home, "lab", *arguments, "--json", timeout=60)
    assert done.returncode == 0, done.stderr
    assert json_lines(done.stdout)
    for words in EVERY_WAY:
        assert f"a plugin or tool prints: {words}" in done.stderr
    assert "\x1b" not in done.stderr


def test_what_a_plugin_of_the_server_prints_is_told_in_its_log(home: Path) -> None:
    """It reached the terminal in which the server was started as it was, with its escape codes."""
    assert_all_is_told(log_of(home, "serve", "--port", "0", "--chat", "demo", *VOICE))


def test_what_a_plugin_of_a_worker_prints_is_told_in_its_log(home: Path) -> None:
    """As in the server."""
    assert_all_is_told(log_of(home, "worker", "--amqp-url", "amqp://127.0.0.1:9/", *VOICE))


def test_what_a_plugin_prints_is_told_beside_the_wyoming_door(home: Path) -> None:
    """As in the server."""
    assert_all_is_told(log_of(home, "wyoming", "--uri", "tcp://127.0.0.1:0", *VOICE))


def test_what_a_plugin_of_the_daemon_prints_is_in_its_log(home: Path) -> None:
    """It was lost, whatever it said about why nothing was heard."""
    paths = os.pathsep.join([str(ROOT), str(home)])
    home_with_config(home, PLUGIN)
    done = voicebot(home, "say", "--daemon", "--wait", "Good morning.", PYTHONPATH=paths)
    assert (done.returncode, done.stderr) == (0, "")
    pid = pid_of(home)
    os.kill(pid, signal.SIGTERM)
    assert survivors([pid], seconds=10) == []
    assert_all_is_told((home / ".local" / "state" / "voicebot" / "daemon.log").read_text())

"""What is selected, copied or in a file, read by programs that a test puts into the PATH."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.command import voicebot
from tests.daemon.running import LONG, Daemon, home_with_config
from voicebot.daemon.text_sources import _clipboard_commands, _selection_commands


def program(home: Path, name: str, text: str, *, code: int = 0) -> None:
    """A program of this name that notes its arguments and prints a text."""
    folder = home / "bin"
    folder.mkdir(exist_ok=True)
    (home / f"{name}.txt").write_text(text)
    path = folder / name
    path.write_text(f'#!/bin/sh\necho "$@" > "{home}/{name}.arguments"\n/bin/cat "{home}/{name}.txt"\nexit {code}\n')
    path.chmod(0o755)


def path_of(home: Path) -> str:
    """Our programs before all others, and without those of this machine."""
    (home / "bin").mkdir(exist_ok=True)
    return str(home / "bin")


def heard(daemon: Daemon) -> list[str]:
    return [one["heard"] for one in daemon.ask(command="history")["history"]]


@pytest.mark.parametrize(
    ("option", "name", "arguments", "wayland"),
    [
        ("--selection", "xclip", "-o -selection primary", ""),
        ("--selection", "xsel", "-o -p", ""),
        ("--selection", "wl-paste", "--primary --no-newline --type text", "wayland-0"),
        ("--clipboard", "xclip", "-o -selection clipboard", ""),
        ("--clipboard", "wl-paste", "--no-newline --type text", "wayland-0"),
    ],
)
def test_the_text_is_read_and_said(daemon: Daemon, option: str, name: str, arguments: str, wayland: str) -> None:
    program(daemon.home, name, "おはよう。")
    done = voicebot(daemon.home, "say", option, "--wait", PATH=path_of(daemon.home), WAYLAND_DISPLAY=wayland)
    assert (done.returncode, done.stderr) == (0, "")
    assert (daemon.home / f"{name}.arguments").read_text().strip() == arguments
    assert heard(daemon) == ["おはよう。"]


def test_the_same_key_stops(daemon: Daemon) -> None:
    program(daemon.home, "xclip", LONG)
    press = ("say", "--selection", "--toggle")
    events = daemon.caller()
    events.ask(command="subscribe")
    assert voicebot(daemon.home, *press, PATH=path_of(daemon.home)).returncode == 0
    events.until(type="playback_started")
    assert voicebot(daemon.home, *press, PATH=path_of(daemon.home)).returncode == 0
    assert events.until(type="turn_ended")["outcome"] == "interrupted"
    assert daemon.ask(command="status")["speaking"] is None
    assert voicebot(daemon.home, *press, PATH=path_of(daemon.home)).returncode == 0
    events.until(type="playback_started")


def test_what_is_selected_last_takes_the_place_of_what_was_before(daemon: Daemon) -> None:
    program(daemon.home, "xclip", LONG)
    voicebot(daemon.home, "say", "--selection", PATH=path_of(daemon.home))
    program(daemon.home, "xclip", "Newer.")
    voicebot(daemon.home, "say", "--selection", "--wait", PATH=path_of(daemon.home))
    assert heard(daemon)[-1] == "Newer."
    assert daemon.ask(command="history")["history"][0]["reason"] == "replaced"


def test_a_program_that_is_missing_is_named_with_what_to_install(daemon: Daemon) -> None:
    failed = voicebot(daemon.home, "say", "--selection", PATH=path_of(daemon.home))
    assert failed.returncode == 1
    assert "xclip is not installed" in failed.stderr
    assert "apt install xclip" in failed.stderr
    failed = voicebot(daemon.home, "say", "--clipboard", PATH=path_of(daemon.home), WAYLAND_DISPLAY="w")
    assert "apt install wl-clipboard" in failed.stderr


def test_an_empty_selection_is_told(daemon: Daemon) -> None:
    program(daemon.home, "xclip", "", code=1)
    failed = voicebot(daemon.home, "say", "--selection", PATH=path_of(daemon.home))
    assert (failed.returncode, "nothing is selected" in failed.stderr) == (1, True)


def test_a_file_and_a_pipe_of_any_length_are_said(daemon: Daemon) -> None:
    (daemon.home / "notes.txt").write_bytes(b"\xef\xbb\xbf" + "おはよう。\n".encode())
    assert voicebot(daemon.home, "say", "--file", "notes.txt", "--wait").returncode == 0
    assert voicebot(daemon.home, "say", "-", "--wait", input="Good morning.").returncode == 0
    assert heard(daemon) == ["おはよう。", "Good morning."]
    long = "あ" * 100_000
    assert voicebot(daemon.home, "say", "--priority", "progress", input=long + "。").returncode == 0
    daemon.ask(command="stop", scope="all")


def test_a_file_that_is_not_there_is_told(daemon: Daemon) -> None:
    failed = voicebot(daemon.home, "say", "--file", "missing.txt")
    assert (failed.returncode, "cannot read missing.txt" in failed.stderr) == (1, True)


@pytest.mark.parametrize(
    "data", ["今日は、いい天気です。\n".encode("shift_jis"), bytes(range(128, 256)), b"GIF89a\0\0\0\0;"]
)
def test_a_file_that_is_no_text_is_told(tmp_path: Path, data: bytes) -> None:
    """A picture, or Japanese of another encoding, was spoken as it is."""
    (tmp_path / "file").write_bytes(data)
    failed = voicebot(tmp_path, "say", "--file", "file", "--no-audio")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "file is not a text in UTF-8\n  → save it as UTF-8" in failed.stderr


def test_a_text_with_an_odd_byte_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes("See you at the café.".encode("latin-1"))
    assert voicebot(tmp_path, "say", "--file", "file", "--no-audio").stdout == "See you at the caf\ufffd.\n"


def test_without_a_daemon_the_process_itself_says_it(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    program(tmp_path, "xclip", "Good morning.")
    (tmp_path / "notes.txt").write_text("Good night.")
    path = f"{path_of(tmp_path)}:{os.environ['PATH']}"
    assert voicebot(tmp_path, "say", "--selection", "-q", PATH=path).stdout == "Good morning.\n"
    assert voicebot(tmp_path, "say", "--file", "notes.txt", "-q").stdout == "Good night.\n"


@pytest.mark.parametrize(
    "arguments", [("--file", "a", "text"), ("--selection", "--clipboard"), ("--clipboard", "text")]
)
def test_two_texts_at_once_are_a_mistake(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    home_with_config(tmp_path)
    failed = voicebot(tmp_path, "say", *arguments)
    assert (failed.returncode, "more than one text" in failed.stderr) == (2, True)


@pytest.mark.parametrize("platform", ["darwin", "win32", "linux"])
def test_no_command_is_a_line_for_a_shell(platform: str) -> None:
    for command in (*_selection_commands({}, platform), *_clipboard_commands({}, platform)):
        assert command[0] in {"osascript", "pbpaste", "powershell", "xclip", "xsel"}


def test_a_question_is_answered_by_the_daemon_and_its_reply_shown_as_it_is_heard(daemon: Daemon) -> None:
    done = voicebot(daemon.home, "ask", "What is 6 * 7?", input=None)
    [said] = daemon.ask(command="history")["history"]
    assert (done.returncode, said["kind"], said["state"]) == (0, "ask", "finished")
    assert done.stdout == f"{said['heard']}\n"
    with_text = voicebot(daemon.home, "ask", "-q", "Hello", input="What is 6 * 7?")
    assert (with_text.returncode, len(heard(daemon))) == (0, 2)


def test_watch_follows_what_happens(daemon: Daemon) -> None:
    from tests.cli.command import start

    watching = start(daemon.home, "watch")
    assert watching.stdout is not None
    while not watching.stdout.readline().startswith(b"socket"):
        pass
    daemon.ask(command="say", text="\x1b[31mGood morning.", source="backup")
    while b"playback started" not in (line := watching.stdout.readline()):
        pass
    assert b"Good morning." in line
    assert b"\x1b" not in line
    watching.terminate()
    watching.communicate()

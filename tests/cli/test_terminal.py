"""The conversation in a real terminal: what is typed, when it interrupts, how it leaves."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wcwidth import width

from tests.cli.command import voicebot
from tests.fake_voicevox import nobody_there

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal of Unix is needed", allow_module_level=True)

from tests.cli.terminal import CTRL_C, CTRL_D, ESCAPE, Terminal

SLOWLY = ("--chat", "demo", "--tts", "tone", "--set", "audio.kind=silent", "--set", "audio.realtime=true")
"""The demo, a voice that beeps and an output that takes its time in silence."""


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A conversation whose prompt has appeared."""
    talking = Terminal(tmp_path, "chat", *SLOWLY)
    talking.expect_prompt()
    yield talking
    talking.close()


def test_a_question_is_answered_and_the_next_one_awaited(terminal: Terminal) -> None:
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen("^› What is 6 . 7?")
    terminal.expect_on_screen("^6 times 7 is 42.")
    terminal.expect_on_screen("^first audio after")
    terminal.expect_typed("")


@pytest.mark.parametrize("key", ["\r", ESCAPE, CTRL_C])
def test_enter_escape_and_ctrl_c_interrupt_the_voice_at_once(terminal: Terminal, key: str) -> None:
    terminal.type("tell me a short story\r")
    terminal.expect_on_screen("^Once upon a time")
    terminal.type(key)
    terminal.expect_on_screen("^interrupted")
    assert "Traceback" not in terminal.raw


def test_what_is_typed_while_it_talks_is_the_next_message(terminal: Terminal) -> None:
    terminal.type("tell me a short story\r")
    terminal.expect_on_screen("^Once upon a time")
    terminal.type("what is 5 + 4?\r")
    terminal.expect_on_screen("^interrupted .*\n› what is 5 . 4\\?\n5 plus 4 is 9")


def test_ctrl_c_interrupts_and_the_conversation_goes_on(terminal: Terminal) -> None:
    terminal.type("tell me a short story\r")
    terminal.expect_on_screen("^Once upon a time")
    terminal.type(CTRL_C)
    terminal.expect_on_screen("^interrupted")
    time.sleep(2.1)  # two Ctrl-C that belong together would leave
    terminal.type(CTRL_C)
    terminal.expect_on_screen("^.Ctrl-C again leaves")
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen("42")


def test_ctrl_c_twice_leaves(terminal: Terminal) -> None:
    terminal.type("tell me a short story\r")
    terminal.expect_on_screen("^Once upon a time")
    terminal.type(CTRL_C)
    terminal.expect_on_screen("^interrupted")
    terminal.type(CTRL_C)
    assert terminal.exit_code() == 130
    assert "Traceback" not in terminal.raw


def test_ctrl_c_at_the_prompt_says_how_to_leave(terminal: Terminal) -> None:
    terminal.type(CTRL_C)
    terminal.expect_on_screen("^.Ctrl-C again leaves")
    terminal.type(CTRL_C)
    assert terminal.exit_code() == 130


@pytest.mark.parametrize("farewell", [CTRL_D, "exit\r", "終了\r", "/quit\r"])
def test_it_can_be_left_in_peace(terminal: Terminal, farewell: str) -> None:
    terminal.type(farewell)
    assert terminal.exit_code() == 0


def test_an_empty_line_is_not_a_question(terminal: Terminal) -> None:
    terminal.type("\r  \r")
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen("^6 times 7 is 42.")
    assert terminal.screen.count("›") == 2  # that question, and the prompt


def test_japanese_is_typed_and_answered(terminal: Terminal) -> None:
    terminal.type("3足す4は？\r")
    terminal.expect_on_screen("^› 3足す4は？\n3たす4は7です。")


def test_a_failed_turn_does_not_end_the_conversation(tmp_path: Path) -> None:
    with nobody_there() as url:
        talking = Terminal(tmp_path, "chat", "--chat", "ollama", "--model", "m", "--base-url", url, "--no-audio")
        try:
            talking.expect_prompt()
            talking.type("Hello\r")
            talking.expect_on_screen("ollama serve")
            talking.expect_typed("")
            talking.type("exit\r")
            assert talking.exit_code() == 0
        finally:
            talking.close()


def test_no_color_means_no_color(tmp_path: Path) -> None:
    talking = Terminal(tmp_path, "ask", "Hello", "--chat", "demo", "--tts", "tone", "-o", "x.wav", NO_COLOR="1")
    try:
        assert talking.exit_code() == 0
        assert "\x1b[" not in talking.raw
    finally:
        talking.close()


SGR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(("no_color", "term"), [("1", "xterm-256color"), ("", "dumb")], ids=["NO_COLOR", "dumb"])
def test_no_text_is_styled_where_there_are_no_styles(tmp_path: Path, no_color: str, term: str) -> None:
    """With NO_COLOR the prompt still set and reset styles, and a dumb terminal got bold headings."""
    voicebot(tmp_path, "ask", "What is 6 * 7?", "--chat", "demo", "--no-audio", "--conversation", "kitchen")
    (tmp_path / "e.toml").write_text("traces = ['r.jsonl']\nengines = ['gpu']\n[settings.a]\n")
    voicebot(tmp_path, "lab", "record", "-o", "r.jsonl", "What is 6 * 7?", "--chat", "demo")
    for arguments in (
        ("--help",),
        ("paths",),
        ("history", "list"),
        ("history", "search", "42"),
        ("voices", "--tts", "tone"),
        ("lab", "sweep", "e.toml"),
        ("nonsense",),
    ):
        terminal = Terminal(tmp_path, *arguments, term=term, NO_COLOR=no_color)
        try:
            terminal.exit_code()
            assert not SGR.search(terminal.raw), (arguments, terminal.raw)
        finally:
            terminal.close()
    talking = Terminal(tmp_path, "chat", *SLOWLY, term=term, NO_COLOR=no_color)
    try:
        talking.expect("›")
        talking.type("What is 6 * 7?\r")
        talking.expect("42")
        talking.type("/help\r")
        talking.expect("/history")
        talking.type("\x12six\x07")  # a search in what was typed
        talking.type(CTRL_C)
        talking.expect("again leaves|\\^C|›")
        talking.type("/exit\r")
        talking.exit_code()
        assert not SGR.search(talking.raw), talking.raw
    finally:
        talking.close()


def test_brackets_and_colons_in_a_table_are_text(tmp_path: Path) -> None:
    """A message such as "[red] :smile:" was taken for rich's markup: the brackets vanished from the list."""
    said = "[red]hello[/red] :smile:"
    done = voicebot(tmp_path, "ask", said, "--chat", "demo", "--tts", "tone", "--set", "audio.kind=silent")
    assert done.returncode == 0, done.stderr
    terminal = Terminal(tmp_path, "history", "list", "--all")
    try:
        assert terminal.exit_code() == 0
        assert said in terminal.seen
    finally:
        terminal.close()


def test_a_list_without_rows_is_nothing(tmp_path: Path) -> None:
    """`voicebot devices` printed an empty line on a terminal where there is no device."""
    terminal = Terminal(tmp_path, "devices", NO_COLOR="1")
    try:
        assert terminal.exit_code() in {0, 6}
        assert terminal.seen.strip()
        assert not terminal.seen.startswith("\r\n")
    finally:
        terminal.close()


def test_a_wav_file_is_not_written_to_the_terminal(tmp_path: Path) -> None:
    talking = Terminal(tmp_path, "say", "Hello.", "--tts", "tone", "-o", "-")
    try:
        assert talking.exit_code() == 2
        assert "a terminal cannot show a WAV file" in talking.seen
        assert "RIFF" not in talking.seen
    finally:
        talking.close()


def test_what_is_told_beside_the_reply_is_broken_between_words_too(tmp_path: Path) -> None:
    """On a narrow terminal errors, hints and status were cut off in the middle of a word."""
    terminal = Terminal(tmp_path, "say", "Hi", "-o", "nowhere/x.wav", "--tts", "tone", columns=30)
    try:
        assert terminal.exit_code() == 6
        *lines, last = terminal.screen.split("\n")
        told = "voicebot: cannot write nowhere/x.wav: No such file or directory → name a writable file with -o FILE.wav"
        words = " ".join([*lines, last]).split()
        assert words[-len(told.split()) :] == told.split()  # a busy machine tells before that it is still opening
        assert len(lines) >= 3
    finally:
        terminal.close()


@pytest.mark.parametrize("language", ["C.UTF-8", "ja_JP.UTF-8"])
def test_a_table_that_is_wider_than_the_terminal_is_shown_row_by_row(tmp_path: Path, language: str) -> None:
    """Its lines were broken by the terminal, in the middle of words, and no column could be told from another."""
    terminal = Terminal(tmp_path, "paths", columns=30, LANG=language)
    try:
        assert terminal.exit_code() == 0
        first = ["folder: config", "path:"] if language == "C.UTF-8" else ["フォルダー：config"]
        assert terminal.screen.split("\n")[: len(first)] == first
        assert max(map(width, terminal.raw.replace(str(tmp_path), "").splitlines())) <= 30
    finally:
        terminal.close()


@pytest.mark.parametrize("language", ["C.UTF-8", "ja_JP.UTF-8"])
@pytest.mark.parametrize("columns", [30, 40, 60])
def test_the_help_fits_the_terminal(tmp_path: Path, columns: int, language: str) -> None:
    """On fewer than 52 columns each line was broken by the terminal as well."""
    terminal = Terminal(tmp_path, "history", "--help", columns=columns, LANG=language)
    try:
        assert terminal.exit_code() == 0
        _usage, *told = re.sub(r"\x1b\[[0-9;]*m", "", terminal.raw).splitlines()  # how it is typed is not broken
        assert max(map(width, told)) <= columns
    finally:
        terminal.close()


def test_a_conversation_is_shown_in_lines_that_fit_and_each_line_of_a_question_as_such(tmp_path: Path) -> None:
    """The second line of a question looked like the reply, and words were cut in two."""
    given = ("--chat", "demo", "--no-audio", "--conversation", "kitchen")
    voicebot(tmp_path, "ask", "tell me a short story\n\nplease", *given)
    terminal = Terminal(tmp_path, "history", "show", columns=40)
    try:
        assert terminal.exit_code() == 0
        _, *lines = terminal.screen.split("\n")
        assert lines[:2] == ["  ›", "  › please"]
        assert lines[2] == "Once upon a time, there was a small"
    finally:
        terminal.close()


def test_the_doctor_comes_to_an_end_in_one_column(tmp_path: Path) -> None:
    """It shortened the line of what is being looked at for ever."""
    terminal = Terminal(tmp_path, "doctor", "--set", "chat.kind=demo", columns=1)
    try:
        terminal.exit_code()
    finally:
        terminal.close()

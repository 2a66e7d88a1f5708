"""The line in which a person types: what becomes of it, of what is printed meanwhile, and of the terminal."""

from __future__ import annotations

import json
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from wcwidth import width

from tests.cli.command import voicebot

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal of Unix is needed", allow_module_level=True)

from tests.cli.terminal import ALT_ENTER, CTRL_C, CTRL_D, CTRL_J, END, HOME, LEFT, PASTE, UP, Terminal
from tests.cli.test_terminal import SLOWLY

AT_ONCE = ("--chat", "demo", "--no-audio", "--set", "chat.deltas_per_second=5000")
STORY = "tell me a short story\r"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Begins conversations; their prompts have appeared."""
    begun: list[Terminal] = []

    def begin(*arguments: str, columns: int = 80, term: str = "xterm-256color") -> Terminal:
        begun.append(Terminal(tmp_path, "chat", *arguments, columns=columns, term=term))
        begun[-1].expect_prompt()
        return begun[-1]

    yield begin
    for terminal in begun:
        terminal.close()


def messages(home: Path) -> list[str]:
    """What reached the chat model, by the history."""
    shown = voicebot(home, "history", "show", "--json").stdout
    return [turn["message"] for turn in json.loads(shown)]


def reply(terminal: Terminal) -> list[str]:
    """The lines between the message and the line about the turn, or the next prompt."""
    terminal.expect_on_screen(r"(?s)^› .*\n(?:›|first audio)")  # which comes after the reply's last word
    lines = terminal.screen.split("\n")
    begin = next(number for number, line in enumerate(lines) if line.startswith("› ")) + 1
    ends = (number for number, line in enumerate(lines) if line.startswith(("›", "first audio")) and number > begin)
    return lines[begin : next(ends)]


def test_backspace_takes_what_is_one_character_to_a_person(start: Callable[..., Terminal], tmp_path: Path) -> None:
    """A family lost its child, and か\u3099 its marks."""
    terminal = start(*AT_ONCE)
    terminal.type("\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}か\u3099x\x7f\x7f\x7fWhat is 6 * 7?\r")
    terminal.expect("42")
    terminal.type("\x7f\x7fHello\r")  # where there is nothing, nothing is taken
    terminal.expect("Hello")
    terminal.type("/exit\r")
    terminal.exit_code()
    assert messages(tmp_path) == ["What is 6 * 7?", "Hello"]


# ---------------------------------------------------------------- whatever ends it


def ctrl_c_twice(terminal: Terminal) -> None:
    terminal.type(CTRL_C)
    terminal.type(CTRL_C)


def sigint_twice(terminal: Terminal) -> None:
    terminal.signal(signal.SIGINT)
    terminal.expect("again leaves|interrupted")
    terminal.signal(signal.SIGINT)


def sigterm_many_times(terminal: Terminal) -> None:
    terminal.signal(signal.SIGSTOP)  # so that all of them arrive at once
    for _ in range(3):
        terminal.signal(signal.SIGTERM)
        terminal.signal(signal.SIGHUP)
    terminal.signal(signal.SIGCONT)


WAYS_OUT: dict[str, tuple[Callable[[Terminal], None], int]] = {
    "Ctrl-C twice": (ctrl_c_twice, 130),
    "Ctrl-D": (lambda terminal: terminal.type(CTRL_D), 0),
    "/exit": (lambda terminal: terminal.type("/exit\r"), 0),
    "SIGTERM": (lambda terminal: terminal.signal(signal.SIGTERM), 143),
    "SIGHUP": (lambda terminal: terminal.signal(signal.SIGHUP), 143),
    "SIGINT twice": (sigint_twice, 130),
    "SIGTERM while it leaves": (sigterm_many_times, 143),
}


@pytest.mark.parametrize("speaking", [False, True], ids=["at the prompt", "in a reply"])
@pytest.mark.parametrize("way", WAYS_OUT)
def test_whatever_ends_it_leaves_the_terminal_as_it_was(
    start: Callable[..., Terminal], way: str, speaking: bool
) -> None:
    """Ctrl-C twice at the prompt, and SIGTERM, left it without echo, and Enter dead."""
    terminal = start(*SLOWLY)
    if speaking:
        terminal.type(STORY)
        terminal.expect_on_screen("^Once upon a time")
    assert not terminal.is_as_before()
    leave, code = WAYS_OUT[way]
    leave(terminal)
    assert terminal.exit_code() == code
    assert terminal.is_as_before()
    assert "Traceback" not in terminal.raw


def test_a_fault_leaves_the_terminal_as_it_was(start: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(
        "from pathlib import Path\n"
        "class Broken:\n"
        "    @property\n"
        "    def name(self):\n"
        "        if Path('gone').exists():\n"
        "            raise LookupError('gone')\n"
        "        return 'broken'\n"
        "    async def stream_reply(self, messages):\n"
        "        yield 'Hello.'\n"
    )
    terminal = start("--no-audio", "--set", "chat.kind=plugin", "--set", "chat.factory=broken:Broken")
    (tmp_path / "gone").touch()
    terminal.type("Hello\r")
    assert terminal.exit_code() == 1
    assert "unexpected" in terminal.screen
    assert terminal.is_as_before()


# ---------------------------------------------------------------- what is shown


def test_who_waits_sees_for_whom_until_there_is_a_reply(start: Callable[..., Terminal], tmp_path: Path) -> None:
    """For four seconds nothing was shown at all, and then a line that stayed."""
    (tmp_path / "slow.py").write_text(
        "import anyio\n"
        "class Slow:\n"
        "    name = 'a slow model'\n"
        "    async def stream_reply(self, messages):\n"
        "        while not await anyio.Path('go on').exists():\n"
        "            await anyio.sleep(0.02)\n"
        "        yield 'Here I am.'\n"
    )
    terminal = start("--no-audio", "--set", "chat.kind=plugin", "--set", "chat.factory=slow:Slow")
    terminal.type("Hello\r")
    terminal.expect_on_screen("^› Hello\nstill waiting for a slow model …\n›$")
    terminal.type("next")
    terminal.expect_typed("next")
    (tmp_path / "go on").touch()
    terminal.expect_on_screen("^› Hello\nHere I am.\n› next$")
    assert "still waiting" not in terminal.screen


def test_a_reply_goes_on_in_lines_that_fit_when_the_window_becomes_narrower(start: Callable[..., Terminal]) -> None:
    terminal = start(*SLOWLY)
    terminal.type(STORY)
    terminal.expect_on_screen("^Once upon a time")
    terminal.resize(40)
    terminal.expect_on_screen("^across the water")  # where 80 columns have no new line
    terminal.type(CTRL_C)
    terminal.expect_on_screen("^interrupted")
    assert max(map(width, terminal.screen.split("\n"))) <= 40


def test_a_paste_of_very_many_lines_is_one_message(start: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = start(*AT_ONCE)
    lines = [f"line {number}" for number in range(1000)]
    for begin in range(0, len(lines), 100):  # as much as a terminal holds
        terminal.type(PASTE.format("\r".join([*lines[begin : begin + 100], ""])))
        terminal.expect_on_screen(rf"line {begin + 99}\b")
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen(r"(?s)6 \* 7\?\n\w.*^›$")
    terminal.type(CTRL_D)
    assert terminal.exit_code() == 0
    assert messages(tmp_path) == ["\n".join([*lines, "What is 6 * 7?"])]


# ---------------------------------------------------------------- what is typed


def test_ctrl_c_clears_a_line_that_is_half_typed(start: Callable[..., Terminal], tmp_path: Path) -> None:
    """It was mixed into the next message."""
    terminal = start(*AT_ONCE)
    terminal.type("something el")
    terminal.expect_typed("something el")
    terminal.type(CTRL_C)
    terminal.expect_typed("")
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type(CTRL_D)
    assert terminal.exit_code() == 0
    assert messages(tmp_path) == ["What is 6 * 7?"]


def test_a_paste_of_several_lines_is_one_message(start: Callable[..., Terminal], tmp_path: Path) -> None:
    """The first line began a turn, the second one ended it, and the third was a part of the second."""
    terminal = start(*AT_ONCE)
    terminal.type(PASTE.format("one\rtwo\r三"))
    terminal.expect_typed("one\ntwo\n三")
    terminal.type("\r")
    terminal.expect_on_screen("^› one\n  two\n  三$")
    terminal.expect_on_screen("^(I'm only|すみません)")
    terminal.type(CTRL_D)
    assert terminal.exit_code() == 0
    assert messages(tmp_path) == ["one\ntwo\n三"]


@pytest.mark.parametrize("key", [ALT_ENTER, CTRL_J], ids=["Alt-Enter", "Ctrl-J"])
def test_a_message_may_have_several_lines(start: Callable[..., Terminal], key: str) -> None:
    terminal = start(*AT_ONCE)
    terminal.type(f"one{key}two")
    terminal.expect_typed("one\ntwo")
    terminal.type("\r")
    terminal.expect_on_screen("^› one\n  two$")


def test_arrow_keys_move_in_the_line_and_never_reach_the_model(start: Callable[..., Terminal], tmp_path: Path) -> None:
    """They were sent as escape codes."""
    terminal = start(*SLOWLY)
    terminal.type(STORY)
    terminal.expect_on_screen("^Once upon a time")
    terminal.type(f"is 6 * 8{LEFT}\x1b[3~7?{HOME}What {END}\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type(CTRL_D)
    assert terminal.exit_code() == 0
    assert messages(tmp_path)[1:] == ["What is 6 * 7?"]


def test_what_is_typed_while_it_speaks_stays_behind_the_prompt(start: Callable[..., Terminal]) -> None:
    """It landed in the middle of the reply."""
    terminal = start(*SLOWLY)
    terminal.type(STORY)
    terminal.expect_on_screen("^Once upon a time")
    for letter in "What is 6 * 7":
        terminal.type(letter)
        terminal.pass_time(0.05)
    terminal.expect_on_screen("^Once upon a time, there was a small lighthouse at the end of a very long pier.$")
    terminal.expect_typed("What is 6 * 7")
    terminal.type("?\r")
    terminal.expect_on_screen("^interrupted .*\n› What is 6 . 7\\?\n6 times 7 is 42.")


def test_ctrl_c_while_it_speaks_leaves_what_is_typed(start: Callable[..., Terminal]) -> None:
    terminal = start(*SLOWLY)
    terminal.type(STORY)
    terminal.expect_on_screen("^Once upon a time")
    terminal.type("What is 6 * 7?")
    terminal.expect_typed("What is 6 * 7?")
    terminal.type(CTRL_C)
    terminal.expect_on_screen("^interrupted")
    terminal.expect_typed("What is 6 * 7?")
    terminal.type("\r")
    terminal.expect_on_screen("^6 times 7 is 42")


def test_a_stop_reaches_a_question_that_does_not_speak_yet(start: Callable[..., Terminal]) -> None:
    """A stop that came before the question had the floor was lost, and it spoke for half a minute."""
    terminal = start(*SLOWLY)
    terminal.type(STORY + "\r")  # both are read at once
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type(STORY + CTRL_C)  # while another turn speaks
    terminal.type("What is 6 * 8?\r")
    terminal.expect_on_screen("^6 times 8 is 48")
    assert "Once upon" not in terminal.screen


def test_what_is_typed_while_it_loads_is_not_lost(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, "chat", *SLOWLY)
    try:
        terminal.type("What is 6 * 7?\rand wh")
        terminal.expect_on_screen("^› What is 6 . 7\\?\n6 times 7 is 42")
        terminal.expect_typed("and wh")
    finally:
        terminal.close()


# ---------------------------------------------------------------- what was typed before


def test_what_was_typed_is_found_again_in_this_run_and_the_next(start: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = start(*AT_ONCE)
    terminal.type(PASTE.format("What is\n6 * 7?") + "\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type(UP)
    terminal.expect_typed("What is\n6 * 7?")
    terminal.type(CTRL_C + CTRL_D)
    assert terminal.exit_code() == 0
    file = tmp_path / ".local" / "state" / "voicebot" / "typed.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    terminal = start(*AT_ONCE)
    terminal.type(UP)
    terminal.expect_typed("What is\n6 * 7?")


def test_where_nothing_is_kept_nothing_that_was_typed_is_kept(start: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = start(*AT_ONCE, "--set", "memory.store=false")
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type(UP)
    terminal.expect_typed("What is 6 * 7?")
    terminal.type(CTRL_C + CTRL_D)
    assert terminal.exit_code() == 0
    assert "6 * 7" not in "".join(path.read_text("latin-1") for path in tmp_path.rglob("*") if path.is_file())


# ---------------------------------------------------------------- commands


def test_commands_are_done_and_never_reach_the_model(start: Callable[..., Terminal], tmp_path: Path) -> None:
    terminal = start(*AT_ONCE)
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type("/helo\r")
    terminal.expect_on_screen("^there is no command /helo: did you mean /help")
    terminal.type("／履歴\r")
    terminal.expect_on_screen("^› ／履歴\\n.*› What is 6 . 7\\?\\n6 times 7 is 42")
    terminal.type("/save talk.txt\r")
    terminal.expect("written: talk.txt")
    for answer, then in (("n", "nothing is written"), ("はい", "written: talk.txt")):
        terminal.type("/save talk.txt\r")
        terminal.expect("is there already")
        terminal.type(f"{answer}\r")
        terminal.expect(then)
    terminal.type("//etc/hosts\r")
    terminal.expect_on_screen("^› /etc/hosts$")
    terminal.type("/exit\r")
    assert terminal.exit_code() == 0
    assert messages(tmp_path) == ["What is 6 * 7?", "/etc/hosts"]
    assert "6 times 7 is 42" in (tmp_path / "talk.txt").read_text()


def test_tab_completes_commands_and_lists_what_may_follow(start: Callable[..., Terminal]) -> None:
    terminal = start(*AT_ONCE)
    terminal.type("/re\t")
    terminal.expect_typed("/repeat")
    terminal.type(CTRL_C + "/s\t")
    terminal.expect_on_screen("^/say  */stop  */save")
    terminal.expect_typed("/s")


def test_a_command_that_asks_can_be_left(start: Callable[..., Terminal], tmp_path: Path) -> None:
    (tmp_path / "talk.txt").write_text("precious")
    terminal = start(*AT_ONCE)
    terminal.type("What is 6 * 7?\r")
    terminal.expect_on_screen("^6 times 7 is 42")
    terminal.type("/save talk.txt\r")
    terminal.expect_on_screen("is there already")
    terminal.type(CTRL_C + "yes\r")
    terminal.expect_on_screen("^› yes")  # which is a message now
    assert (tmp_path / "talk.txt").read_text() == "precious"


# ---------------------------------------------------------------- what it looks like


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("speaks", [False, True])
def test_english_replies_are_broken_between_words(start: Callable[..., Terminal], columns: int, speaks: bool) -> None:
    """The terminal broke them wherever its last column was."""
    voice = ("--tts", "tone", "--set", "audio.kind=silent") if speaks else ("--no-audio",)
    terminal = start("--chat", "demo", *voice, "--set", "chat.deltas_per_second=5000", columns=columns)
    terminal.type(STORY)
    terminal.expect_on_screen(r"light\sdoes\snot\.$")
    lines = reply(terminal)
    story = " ".join(lines)
    assert story.startswith("Once upon a time, there was a small lighthouse at the end of a very long pier. Every")
    for line, following in pairwise(lines):
        assert len(line) <= columns < len(line) + 1 + len(following.split()[0])


@pytest.mark.parametrize("columns", [40, 80])
def test_japanese_replies_have_no_line_that_begins_with_a_mark(start: Callable[..., Terminal], columns: int) -> None:
    terminal = start(*AT_ONCE, columns=columns)
    terminal.type("お話をして\r")
    terminal.expect_on_screen("からです。$")
    lines = reply(terminal)
    assert "".join(lines).startswith("むかし、長い桟橋の先に、小さな灯台が立っていました。")
    for line, following in pairwise(lines):
        assert width(line) <= columns < width(line) + width(following[:2])
        assert following[0] not in "、。っ"


def test_a_terminal_that_cannot_draw_gets_no_escape_codes(start: Callable[..., Terminal]) -> None:
    """Colours, and the editing of readline, were sent to it all the same."""
    terminal = start(*SLOWLY, term="dumb")
    terminal.type("What is 6 * 7?\r")
    terminal.expect("6 times 7 is 42.(.|\n)*› ")
    terminal.type("/history\r")
    terminal.expect("6 times 7 is 42.(.|\n)*› ")
    terminal.type(STORY)
    terminal.expect("Once upon a time")
    terminal.type("\r")
    terminal.expect("interrupted(.|\n)*› ")
    terminal.type("exit\r")
    assert terminal.exit_code() == 0
    assert "\x1b" not in terminal.raw
    assert terminal.is_as_before()


@pytest.mark.parametrize(
    "arguments", [("ask", "Hello", "--chat", "demo"), ("say", "Hello"), ("chat", "--chat", "demo")]
)
def test_the_editor_is_loaded_only_where_somebody_types(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = voicebot(tmp_path, *arguments, "--no-audio", input="Hello\n", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert " voicebot.conversation\n" in done.stderr
    assert "prompt_toolkit" not in done.stderr
    assert "wcwidth" not in done.stderr

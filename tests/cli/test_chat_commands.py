"""What a line of the chat means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width

from tests.cli.command import ROOT
from voicebot.cli.chat_choices import in_order
from voicebot.cli.chat_commands import (
    COMMANDS,
    Command,
    Invoked,
    Misunderstood,
    Said,
    Verb,
    completions,
    help_text,
    is_yes,
    listing,
    read_entry,
)


@pytest.mark.parametrize("verb", Verb)
def test_every_command_has_its_line_of_help(verb: Verb) -> None:
    (command,) = (command for command in COMMANDS if command.verb is verb)
    assert f"/{command.names[0]}" in help_text(80)
    assert command.names[1] in help_text(80)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.names[0])
def test_every_command_is_on_the_page_of_both_languages(command: Command) -> None:
    english, japanese = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/talk.md", "docs/talk.ja.md"))
    assert f"\n| `/{command.names[0]}` " in english
    assert f"\n| `/{command.names[0]}` `/{command.names[1]}` " in japanese


@pytest.mark.parametrize("columns", [20, 30, 40, 60, 80])
def test_help_fits_the_terminal_and_breaks_no_name(columns: int) -> None:
    """In few columns half of /モデル stood on the next line, where it cannot be copied."""
    text = help_text(columns)
    assert max(map(width, text.splitlines())) <= columns
    assert {f"/{command.names[1]}" for command in COMMANDS} <= set(text.split())


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("Hello", Said("Hello")),
        ("  two\nlines ", Said("two\nlines")),
        ("1/2 of it", Said("1/2 of it")),
        ("/help", Invoked(Verb.HELP)),
        ("/HELP ", Invoked(Verb.HELP)),
        ("/ヘルプ", Invoked(Verb.HELP)),
        ("／声　ずんだもん", Invoked(Verb.VOICE, "ずんだもん")),
        ("/voice", Invoked(Verb.VOICE)),
        ("/voice English (America)", Invoked(Verb.VOICE, "English (America)")),
        ("/say one\ntwo", Invoked(Verb.SAY, "one\ntwo")),
        ("/save my file.md", Invoked(Verb.SAVE, "my file.md")),
        ("//etc/hosts is what?", Said("/etc/hosts is what?")),
        ("／／声", Said("／声")),
    ],
)
def test_a_line_is_a_message_or_a_command(line: str, entry: Said | Invoked) -> None:
    assert read_entry(line) == entry


@pytest.mark.parametrize("line", ["exit", "Quit", "/exit", "/quit", "/bye", "終了", "おわり", "終わり", "/終了"])
def test_there_are_many_words_to_leave_with(line: str) -> None:
    assert read_entry(line) == Invoked(Verb.EXIT)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("/voices ja", "there is no command /voices: did you mean /voice? With //voices it is a message."),
        ("/xyzzy", "there is no command /xyzzy: /help lists them. With //xyzzy it is a message."),
        ("/もう一回", "there is no command /もう一回: did you mean /もう一度? With //もう一回 it is a message."),
        ("/say", "/say needs something after it: /say TEXT"),
        ("/stop it", "/stop takes nothing after it. With //stop it is a message."),
        ("/", "there is no command /: /help lists them. With // it is a message."),
    ],
)
def test_an_unknown_command_is_answered_with_the_nearest_one(line: str, reason: str) -> None:
    assert read_entry(line) == Misunderstood(reason)


@given(st.text(min_size=1))
def test_with_two_slashes_every_text_can_be_sent(text: str) -> None:
    assert read_entry(f"//{text}") == Said(f"/{text}".strip())


NAMES = {Verb.VOICE: ["Anna", "anton", "Bo"], Verb.NEW: ["台所"]}


@pytest.mark.parametrize(
    ("typed", "ways_on"),
    [
        ("", []),
        ("he", []),
        ("/he", ["/help"]),
        ("/s", ["/say ", "/stop", "/save "]),
        ("/ヘ", ["/ヘルプ"]),
        ("/voice an", ["/voice Anna", "/voice anton"]),
        ("/声 B", ["/声 Bo"]),
        ("／声　b", ["／声　Bo"]),
        ("/new ", ["/new 台所"]),
        ("/model ", []),
        ("/nothing ", []),
    ],
)
def test_commands_and_what_stands_behind_them_are_completed(typed: str, ways_on: list[str]) -> None:
    assert completions(typed, NAMES) == ways_on


def test_all_commands_are_offered_in_the_language_of_the_slash() -> None:
    assert completions("/", NAMES) == [
        "/help", "/voice ", "/model ", "/say ", "/repeat", "/stop", "/save ", "/history", "/new ", "/exit",
    ]  # fmt: skip
    assert completions("／", NAMES)[1] == "／声 "


@pytest.mark.parametrize(("line", "agrees"), [("y", True), (" Yes ", True), ("はい", True), ("", False), ("no", False)])
def test_only_a_yes_is_a_yes(line: str, agrees: bool) -> None:
    assert is_yes(line) is agrees


def test_long_lists_are_cut() -> None:
    names = [f"voice-{number}" for number in range(100)]
    assert listing(names, 80).endswith("voice-59  … 40 more\n")


def test_the_voices_of_the_person_s_language_are_listed_first() -> None:
    """`/voice` shows the first thirty: from Afrikaans on, and never the Japanese one."""
    languages = [["af"], ["ja"], ["en-gb"], ["cmn"], ["en-us"], ["de"]]
    assert in_order(languages, "ja") == [1, 4, 2, 0, 3, 5]
    assert in_order(languages, "en") == [4, 2, 1, 0, 3, 5]

"""What a turn looks like to a person."""

from __future__ import annotations

import pytest

from voicebot import events
from voicebot.cli.view import TextView, interruption, quoted
from voicebot.speech import Metrics, OutcomeKind


def started() -> events.TurnStarted:
    return events.TurnStarted("t", 0.0, "Well?", "demo", "tone", "silent")


def delta(text: str) -> events.Delta:
    return events.Delta("t", 0.1, text)


def heard(text: str) -> events.PlaybackStarted:
    return events.PlaybackStarted("t", 0.1, 0, text, 1.0)


def ended(outcome: OutcomeKind = "completed", heard: str = "") -> events.TurnEnded:
    return events.TurnEnded("t", 1.0, outcome, heard, "", True, Metrics(ttft=0.1, ttfa=0.5, audio_seconds=2.0))


def test_a_reply_is_broken_between_words_while_it_is_written() -> None:
    view = TextView(as_written=True, quiet=False, columns=lambda: 12)
    parts = [view.show(delta(text)) for text in ("  On", "ce up", "on a t", "ime.")]
    assert parts == ["", "Once", " upon a", ""]
    assert view.show(ended()) == "\ntime.\n"


def test_a_sentence_that_is_heard_is_shown_to_its_last_word() -> None:
    view = TextView(as_written=False, quiet=False, columns=lambda: 12)
    view.show(started())
    assert [view.show(heard(text)) for text in ("Once upon", " a time.", " The end.")] == [
        "Once upon",
        " a\ntime.",
        " The\nend.",
    ]
    assert view.show(ended()) == "\n"


def test_without_a_terminal_lines_stay_as_they_come() -> None:
    view = TextView(as_written=True, quiet=False)
    assert "".join(view.show(delta(text)) for text in ("a " * 100, "b")) == "a " * 100 + "b"


def test_an_interrupted_turn_says_what_was_heard_in_one_line() -> None:
    """The whole sentence was shown, and not where the voice was cut off."""
    view = TextView(as_written=False, quiet=False)
    assert view.account(ended("interrupted", "Once upon a\ntime,")) == "interrupted after: Once upon a time,"
    assert view.account(ended("completed", "Once")).startswith("first audio after")
    assert TextView(as_written=False, quiet=True).account(ended("interrupted", "Once")) == ""


@pytest.mark.parametrize(
    ("heard", "line"),
    [
        ("", "interrupted before anything was heard"),
        ("word " * 30, "interrupted after: …" + " ".join(["word"] * 9)),
        ("むかし" * 20, "interrupted after: …" + "むかし" * 8),
        ("x" * 100, "interrupted after: …" + "x" * 48),
    ],
)
def test_of_a_long_reply_the_end_is_shown(heard: str, line: str) -> None:
    assert interruption(heard, spoken=True) == line


def test_of_a_reply_without_a_voice_one_has_seen_how_far_it_came() -> None:
    assert interruption("Once upon a time", spoken=False) == "interrupted"


def test_lines_of_status_fit_the_terminal() -> None:
    view = TextView(as_written=False, quiet=False, columns=lambda: 40)
    assert max(map(len, view.account(ended()).splitlines())) <= 40


def test_a_message_of_several_lines_stands_as_it_was_typed() -> None:
    assert quoted("one\ntwo") == "› one\n  two\n"

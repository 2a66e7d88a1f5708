"""Text from elsewhere steers no terminal, whatever it holds; letters of every script stay as they are."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.text.safe_display import safe_display, safe_json, safe_line

BIDI = "".join(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
FOREIGN = st.text(st.sampled_from([*"ab\x1b]52;c\x07\x9b\x85\r\n\t\0\x7f\u2028あ🏴\u200d\ud800", *BIDI]), max_size=30)


def harmful(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in BIDI


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "·[31mred·[0m"),
        ("\x1b]52;c;cm0=\x07", "·]52;c;cm0=·"),
        ("\x9b2J\x90q\x9c", "·2J·q·"),
        ("a\x08\x7f\0b", "a···b"),
        ("100 %\rpaid", "100 %\npaid"),
        ("one\r\ntwo\u2028three\x85four", "one\ntwo\nthree\nfour"),
        ("\u202egnp.exe\u2066 \u2069", "gnp.exe "),
        ("yes\U000e0041\U000e007f", "yes"),
        ("\ud800", "\ufffd"),
    ],
)
def test_what_steers_a_terminal_is_seen_or_gone(foreign: str, shown: str) -> None:
    """Escape codes of a reply reached the terminal: they could write to the clipboard."""
    assert safe_display(foreign) == shown


@pytest.mark.parametrize(
    "text",
    [
        "今日は、\n\tいい天気♪",
        "👨‍👩‍👧‍👦 ❤️ 🇯🇵 👍🏽",
        "葛\U000e0100城",
        "ภาษา\u200bไทย",
        "می\u200cخواهم",
        "שלום\u200f!",
        "ｶﾞｷﾞ e\u0301",
        "(^_^)ﾉ ─ │",
    ],
)
def test_letters_of_every_script_and_emoji_stay_as_they_are(text: str) -> None:
    assert safe_display(text) == text
    assert safe_json(json.dumps(text, ensure_ascii=False)) == json.dumps(text, ensure_ascii=False)


@given(st.text() | FOREIGN)
def test_nothing_harmful_is_left_and_cleaning_twice_changes_nothing(text: str) -> None:
    clean = safe_display(text)
    assert not any(map(harmful, clean.replace("\n", "").replace("\t", "")))
    assert safe_display(clean) == clean
    assert not any(map(harmful, safe_line(text)))


@given(FOREIGN, st.integers(0, 30))
def test_a_sequence_that_is_split_over_two_deltas_is_harmless_too(text: str, cut: int) -> None:
    parts = safe_display(text[:cut]) + safe_display(text[cut:])
    assert parts.replace("\n\n", "\n") == safe_display(text).replace("\n\n", "\n")  # \r|\n are two line ends


@given(st.text() | FOREIGN)
def test_json_says_the_same_in_harmless_characters(text: str) -> None:
    """C1 controls and bidi overrides went out raw with --json."""
    printed = safe_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(printed) == text
    assert not any(map(harmful, printed))

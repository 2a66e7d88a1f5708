"""How a reply is broken into lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import width

from voicebot.cli.wrapping import LineWrapper

ENGLISH = "Once upon a time there was a lighthouse keeper who could not sing."
JAPANESE = (
    "むかしむかし、あるところに、歌の歌えない「灯台守」がいました。ええ、本当ですよ！OpenAI APIも使っていたそうです。"
)


def wrapped(text: str, columns: int, *, size: int | None = None) -> str:
    wrapper = LineWrapper(lambda: columns)
    pieces = [text[i : i + size] for i in range(0, len(text), size)] if size else [text]
    return "".join(map(wrapper.feed, pieces)) + wrapper.flush()


def test_english_is_broken_between_words() -> None:
    assert wrapped(ENGLISH, 20).splitlines() == [
        "Once upon a time",
        "there was a",
        "lighthouse keeper",
        "who could not sing.",
    ]


def test_a_line_may_be_as_wide_as_the_terminal() -> None:
    assert wrapped("four five six", 9) == "four five\nsix"


def test_japanese_takes_two_columns_a_character() -> None:
    assert wrapped("あいうえおかきくけこ", 8).splitlines() == ["あいうえ", "おかきく", "けこ"]


@pytest.mark.parametrize("columns", range(8, 60))
def test_no_japanese_line_begins_or_ends_with_a_mark_that_must_not(columns: int) -> None:
    lines = wrapped(JAPANESE, columns).splitlines()
    assert not [line for line in lines if line[0] in "、。！？」ーょ" or line[-1] in "「（"]
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(JAPANESE.split())


def test_latin_words_in_japanese_stay_whole() -> None:
    assert wrapped("今日はPythonです", 10).splitlines() == ["今日は", "Pythonです"]


def test_korean_is_broken_between_words() -> None:
    assert wrapped("안녕하세요 여러분 반갑습니다", 16).splitlines() == ["안녕하세요", "여러분", "반갑습니다"]


def test_emoji_of_several_characters_stay_whole() -> None:
    family = "👨\u200d👩\u200d👧"
    assert wrapped(family * 5, 4).splitlines() == [family * 2, family * 2, family]


def test_a_word_that_is_longer_than_the_line_is_left_to_the_terminal() -> None:
    """So that an address can be copied in one piece."""
    address = "https://example.com/" + "a" * 33
    assert wrapped(f"See {address} for more", 20).splitlines() == ["See", f"{address} for", "more"]


def test_the_lines_of_the_reply_stay() -> None:
    assert wrapped("One:\n  - two\n\nthree ", 20) == "One:\n  - two\n\nthree"


def test_the_last_word_waits_until_it_is_known_where_it_ends() -> None:
    wrapper = LineWrapper(lambda: 10)
    assert [wrapper.feed(piece) for piece in ("a bra", "ve ne", "w", " planets")] == ["a", " brave", "", "\nnew"]
    assert wrapper.flush() == "\nplanets"


def test_what_was_given_out_early_may_be_longer_than_the_line() -> None:
    wrapper = LineWrapper(lambda: 5)
    assert wrapper.feed("abcd") + wrapper.flush() == "abcd"
    assert wrapper.feed(" efgh") + wrapper.flush() == "\nefgh"


def test_a_terminal_that_becomes_narrower_gets_shorter_lines() -> None:
    columns = 20
    wrapper = LineWrapper(lambda: columns)
    first = wrapper.feed("four five six four ")
    columns = 9
    assert first + wrapper.feed("five six four five") + wrapper.flush() == "four five six four\nfive six\nfour five"


def test_a_word_without_end_is_not_read_again_with_each_letter() -> None:
    """A reply of one endless word took time by the square of its length."""
    wrapper = LineWrapper(lambda: 80)
    assert max(len(wrapper.feed(letter)) for letter in "a" * 500 + "\u0301" * 5000) < 1100
    assert wrapper.feed(" end") + wrapper.flush()


@given(
    st.text(st.sampled_from("ab cde \n、。「」あいーっア한글 👨\u200d\u0301漢字()!?"), max_size=80),
    st.integers(2, 30),
    st.integers(1, 9),
)
def test_nothing_but_spaces_at_line_ends_is_lost_however_the_text_is_split(text: str, columns: int, size: int) -> None:
    whole = wrapped(text, columns)
    assert "".join(whole.split()) == "".join(text.split())
    assert wrapped(text, columns, size=size) == whole

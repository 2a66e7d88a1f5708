"""Halves of characters in a reply."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicebot.text.whole_characters import WholeCharacters

ANY = st.text(st.characters(categories=["Cs", "L", "So"]), max_size=12)


def passed(deltas: list[str]) -> list[str]:
    """What comes of each delta, and of the end."""
    whole = WholeCharacters()
    return [*map(whole.feed, deltas), whole.flush()]


def test_two_halves_in_two_deltas_are_one_character() -> None:
    assert passed(["Hi \ud83d", "\ude00!"]) == ["Hi ", "😀!", ""]


def test_half_a_character_alone_is_replaced() -> None:
    assert "".join(passed(["a\ud83db", "\ude00", "\ud83d", "", "\ud83d"])) == "a\ufffdb\ufffd\ufffd\ufffd"


def test_ordinary_text_is_let_through_as_it_is() -> None:
    for delta in ("", "Good morning.", "おはよう😀", "e\u0301"):
        assert WholeCharacters().feed(delta) is delta


@given(st.lists(ANY))
def test_what_comes_out_can_be_encoded_and_does_not_depend_on_the_cuts(deltas: list[str]) -> None:
    text = "".join(passed(deltas))
    assert text.encode().decode() == text == "".join(passed(["".join(deltas)]))
    assert len(text) <= len("".join(deltas))

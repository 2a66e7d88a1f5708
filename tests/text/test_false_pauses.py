"""No space beside a Japanese character is spoken."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.speech import Boundary, Segment, Span, Utterance
from voicebot.text.false_pauses import without_false_pauses
from voicebot.text.rendering import Renderer


def spoken(text: str, *languages: str) -> str:
    spans = Renderer().feed(Segment(text, 0, len(text), Boundary.END, "end")).spans
    return Utterance(0, without_false_pauses(spans, languages), 0, len(text)).spoken


@pytest.mark.parametrize("languages", [("ja",), ("ja-JP",), ("en", "ja"), ()])
def test_english_inside_japanese_keeps_its_own_spaces_and_no_others(languages: tuple[str, ...]) -> None:
    """Each space beside a Japanese character was a pause of 0.3 s that nobody had written."""
    assert (
        spoken("今日は Python 3.13 と OpenAI API を使って、話します。", *languages)
        == "今日はPython 3.13とOpenAI APIを使って、話します。"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("3 回やりました。 Good morning です。", "3回やりました。Good morningです。"),
        ("「 はい 」と言いました。", "「はい」と言いました。"),
        ("ｶﾅ と ＡＢＣ です。", "ｶﾅとＡＢＣです。"),
        ("**太字** の `code` です。", "太字のcodeです。"),
    ],
)
def test_marks_and_full_width_letters_are_japanese_too(text: str, said: str) -> None:
    assert spoken(text, "ja") == said


def test_a_voice_of_other_languages_keeps_the_spaces_of_its_own_text() -> None:
    text = "The word 猫 means cat, and 犬 means dog."
    assert spoken(text, "en", "ja") == spoken(text) == text
    assert spoken(text, "ja") == "The word猫means cat, and犬means dog."


def test_a_voice_of_other_languages_is_not_given_two_sentences_as_one_word() -> None:
    """espeak-ng read the full stop aloud."""
    text = "Here it is. 三つ目は日本語です。 四つ目も日本語です。"
    assert spoken(text) == "Here it is. 三つ目は日本語です。四つ目も日本語です。"
    assert spoken(text, "ja") == "Here it is.三つ目は日本語です。四つ目も日本語です。"


def test_text_in_other_scripts_is_left_alone() -> None:
    for text in ("Good morning, all of you.", "안녕하세요 여러분 반갑습니다."):
        assert spoken(text, "ja") == text


def test_what_was_heard_is_still_exact_to_the_character() -> None:
    text = "今日は Python を使います。"
    spans = Renderer().feed(Segment(text, 0, len(text), Boundary.END, "end")).spans
    utterance = Utterance(0, without_false_pauses(spans, ["ja"]), 0, len(text))
    assert utterance.text == utterance.shown == text
    heard = [text[: utterance.text_end(count)] for count in (2, 5, 9, 11)]
    assert heard == ["今日", "今日は Py", "今日は Python ", "今日は Python を使"]


@given(
    st.lists(st.tuples(st.sampled_from(["text", "markup"]), st.text("aB 3.あ漢、。「」ー한", max_size=8)), max_size=6)
)
def test_nothing_but_spaces_goes_and_none_stays_beside_japanese(pieces: list[tuple[str, str]]) -> None:
    spans = [Span(text if kind == "text" else f"*{text}*", text, text) for kind, text in pieces]
    kept = without_false_pauses(spans, ["ja"])
    assert "".join(span.raw for span in kept) == "".join(span.raw for span in spans)
    assert "".join(span.shown for span in kept) == "".join(span.shown for span in spans)
    before, after = ("".join(span.spoken for span in some) for some in (spans, kept))
    assert after.replace(" ", "") == before.replace(" ", "")
    assert not re.search("[あ漢、。「」ー] | [あ漢、。「」ー]", after)
    assert re.findall("a +B", after) == re.findall("a +B", before)

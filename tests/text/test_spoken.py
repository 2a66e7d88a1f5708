"""Spoken text: what is said of a segment, and what is not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.text.characters import has_speech
from voicebot.text.spoken import spoken_text


@pytest.mark.parametrize(
    ("raw", "spoken"),
    [
        ("**bold**, *em*, _em_, __strong__, ~~gone~~ and `code`", "bold, em, em, strong, gone and code"),
        ("The word is **please.**", "The word is please."),
        ("答えは**42です。**", "答えは42です。"),
        ("## Getting started", "Getting started."),
        ("- item", "item."),
        ("* **京都**：歴史", "京都：歴史。"),
        ("1. First, breathe.", "1. First, breathe."),
        ("\n2) Then", "2. Then."),
        ("- [x] Buy milk", "done: Buy milk."),
        ("> quoted\n> twice", "quoted twice"),
        ("・京都", "京都。"),
        ("Read [the docs](https://a.io/b_(c).html).", "Read the docs."),
        ("![a cat](cat.png)", "a cat"),
        ("See https://www.example.com/a/b?c=1. Then", "See example.com. Then"),
        ("詳しくはhttps://example.co.jp/faq.html?id=3.5をご覧ください。", "詳しくはexample.co.jpをご覧ください。"),
        ("```python\nx = 1\n```", "code omitted."),
        ("```\nnever closed", "code omitted."),
        ("次です。\n```\nx\n```\n終わり。", "次です。 コードは省略します。 終わり。"),
        ("| Name | Qty |\n|---|---|\n| Apples | 1.5 |", "Name: Apples, Qty: 1.5."),
        ("| 名前 | 数 |", "名前、数。"),
        ("Great job! 🎉👍🏽", "Great job!"),
        ("おはよう(^_^)", "おはよう"),
        ("すごい（笑）", "すごい"),
        ("いいですね～♪", "いいですね～"),
        ("<think>secret\n\nplan</think>Yes.", "Yes."),
        ("<b>Hello</b><br/>you", "Hello you"),
        ("料金は¥1,200です", "料金は1200円です"),
        ("It costs ¥1,200", "It costs ¥1,200"),
        ("a\x00b\ud800c\x1b", "abc"),
        ("a \n\t b\r\nc\u3000d", "a b c d"),
        ("2 * 3 = 6 and 2*3", "2 * 3 = 6 and 2*3"),
        ("snake_case stays", "snake_case stays"),
        ("5 > 3 and 3 < 5", "5 > 3 and 3 < 5"),
        ("It's 5 - 3.", "It's 5 - 3."),
        ("-5 degrees", "-5 degrees"),
    ],
)
def test_markup_is_not_read_aloud(raw: str, spoken: str) -> None:
    assert spoken_text(raw) == spoken


@pytest.mark.parametrize(
    "raw",
    [
        "",
        " \n",
        "...",
        "🎉",
        "(^_^)",
        "♪",
        "*waves*",
        "*She looks away. She sighs.*",
        "---",
        "***",
        "<br>",
        "<think>never closed",
        "\ud800",
        "|---|---|",
        "**",
        "（笑）",
    ],
)
def test_nothing_is_said_where_there_is_nothing_to_say(raw: str) -> None:
    assert spoken_text(raw) == ""


def test_the_language_around_a_code_block_can_be_told() -> None:
    assert spoken_text("```\nx\n```", japanese=True) == "コードは省略します。"
    assert spoken_text("```\n# 日本語\n```", japanese=False) == "code omitted."


@settings(max_examples=5 * settings().max_examples)
@given(st.one_of(st.text(max_size=200), st.text(alphabet="*_`~#<>[]()|!-+ \n\t1a。あ🎉\\:/.\ud800\0", max_size=200)))
def test_any_text_gives_one_clean_line_or_nothing(raw: str) -> None:
    spoken = spoken_text(raw)
    assert spoken == "" or has_speech(spoken)
    assert spoken == " ".join(spoken.split())
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in spoken)

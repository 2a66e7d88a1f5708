"""Code blocks, thoughts and items of a list, each alone."""

from __future__ import annotations

import pytest

from voicebot.text.units import Fence, Thought, first_item, next_item, thought_tag


def test_a_code_block_ends_with_the_line_that_closes_it() -> None:
    text = "```py\nx\n``` y\n````\nz"
    fence = Fence("```", 3)
    assert fence.end(text, 12, False) is None
    assert fence.end(text, len(text), False) == text.index("\nz")
    assert not fence.is_inline


def test_the_last_line_may_close_a_code_block_without_a_line_end() -> None:
    text = "~~~\nx\n~~~"
    fence = Fence("~~~", 3)
    assert fence.end(text, len(text), False) is None
    assert fence.end(text, len(text), True) == len(text)


def test_a_fence_that_closes_on_its_own_line_is_code_within_the_line() -> None:
    fence = Fence("```", 3)
    assert fence.end("```x``` y\nz", 12, False) == 9
    assert fence.is_inline


def test_the_rest_of_a_code_block_is_closed_by_the_same_fence() -> None:
    text = "```\n" + "x" * 20
    fence = Fence("```", 3)
    assert fence.end(text, len(text), False) is None
    rest = fence.rest(14)
    assert rest.continues
    text = text[14:] + "\n```\n"
    assert rest.end(text, len(text), False) == len(text) - 1


def test_a_thought_ends_behind_its_closing_tag_however_it_arrives() -> None:
    text = "<think>a</thin b</think>c"
    thought = Thought("</think>", 7)
    assert [thought.end(text, end) for end in range(7, 24)] == [None] * 17
    assert thought.end(text, len(text)) == 24


@pytest.mark.parametrize(
    ("text", "tag"), [("<think>", "<think>"), ("<thinking>x", "<thinking>"), ("<b>", ""), ("<thi", None), ("<", None)]
)
def test_a_thought_begins_with_a_known_tag(text: str, tag: str | None) -> None:
    assert thought_tag(text, 0, len(text), False) == tag
    assert thought_tag(text, 0, len(text), True) == (tag or "")


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("1. One 2.", 7),
        ("Steps: 1) One 2)", 14),
        ("a. One b.", 7),
        ("手順：1. 開ける 2.", 10),
        ("1）開ける 2)", 6),
        ("• 1. One • 2.", 9),
        ("1. One 3.", -1),
        ("1. One x2.", -1),
    ],
)
def test_the_next_item_has_the_next_number(text: str, begins: int) -> None:
    at = len(text) - 1
    first = first_item(text, at)
    assert first is not None
    assert next_item(text, first, at) == begins

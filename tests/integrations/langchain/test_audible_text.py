"""Promises of what is for the listener of a model's text."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.integrations.langchain.audible_text import AudibleText

PIECES = ["Hello. ", "<think>", "Hm.", "</think>", "\n", "Thought: ", "Action: look", "Final Answer: ", "晴れ。", " "]


def said(text: AudibleText, deltas: Iterable[str], *, whole: str = "", calls: bool = False) -> str:
    fed = [text.feed(delta) for delta in deltas]
    return "".join(fed) + text.end(whole, calls=calls)


@given(
    pieces=st.lists(st.sampled_from(PIECES)),
    cuts=st.sets(st.integers(0, 100)),
    final_answer_only=st.booleans(),
    has_tools=st.booleans(),
)
def test_it_is_the_same_however_the_text_was_cut(
    pieces: list[str], cuts: set[int], final_answer_only: bool, has_tools: bool
) -> None:
    def new() -> AudibleText:
        return AudibleText(final_answer_only=final_answer_only, has_tools=has_tools)

    whole = "".join(pieces)
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    streamed = said(new(), [whole[start:end] for start, end in pairwise(places)], whole=whole)
    assert streamed == said(new(), [], whole=whole)
    assert not streamed.isspace()


@pytest.mark.parametrize("final_answer_only", [False, True])
def test_the_text_before_a_call_counts_only_where_all_answers_do(final_answer_only: bool) -> None:
    text = AudibleText(final_answer_only=final_answer_only, has_tools=True)
    before_call = said(text, ["Let me ", "look."], calls=True)
    assert before_call == ("" if final_answer_only else "Let me look.")


def test_a_thought_that_the_prompt_began_is_kept_from_the_listener() -> None:
    text = AudibleText("Observation: sunny\nThought: ", final_answer_only=True)
    assert said(text, ["I know it now.\nFinal ", "Answer: Sunny."]) == "Sunny."

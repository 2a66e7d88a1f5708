"""Reasoning between tags never reaches the listener, and nothing else is lost."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.text.reasoning import ReasoningFilter


def filtered(deltas: list[str]) -> str:
    reasoning = ReasoningFilter()
    return "".join([*map(reasoning.feed, deltas), reasoning.flush()])


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        ("<think>hm</think>Hello", "Hello"),
        ("\n <think>\nhm\n</think>\n\nHello", "Hello"),
        ("<think></think><think>again</think> Hello", "Hello"),
        ("<think>a < b </thin </think>Hello", "Hello"),
        ("<think>never closed", ""),
        ("<think>", ""),
        ("<thin", "<thin"),
        ("<thinking>aloud</thinking>", "<thinking>aloud</thinking>"),
        ("  <b>bold</b>", "  <b>bold</b>"),
        ("Use <think>tags</think> so", "Use <think>tags</think> so"),
        ("<think>a</think>Hello <think>b</think>", "Hello <think>b</think>"),
        ("", ""),
        (" \n", " \n"),
    ],
)
def test_only_reasoning_at_the_start_is_taken_out(reply: str, wanted: str) -> None:
    assert filtered([reply]) == wanted
    assert filtered(list(reply)) == wanted


PARTS = st.sampled_from(["<think>", "</think>", "<", "th", "ink>", "</", ">", " ", "\n", "a", "気"])


@given(st.lists(PARTS), st.data())
def test_the_result_does_not_depend_on_the_cut(parts: list[str], data: st.DataObject) -> None:
    reply = "".join(parts)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(reply)))) | {0, len(reply)})
    deltas = [reply[start:end] for start, end in pairwise(cuts)]
    assert filtered(deltas) == filtered([reply])


@given(st.lists(st.text()))
def test_a_reply_without_tags_passes_whole(deltas: list[str]) -> None:
    reply = "".join(deltas)
    assert filtered(deltas) == reply or reply.lstrip().startswith("<think>")


def test_a_reply_that_begins_with_text_is_never_held() -> None:
    reasoning = ReasoningFilter()
    assert [reasoning.feed(delta) for delta in ("Hi", " <", "think", ">")] == ["Hi", " <", "think", ">"]
    assert not reasoning.reasoned


def test_what_turns_out_to_be_no_tag_is_released_at_once() -> None:
    reasoning = ReasoningFilter()
    assert [reasoning.feed(delta) for delta in ("<", "th", "e")] == ["", "", "<the"]

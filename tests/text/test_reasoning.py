"""Reasoning between tags never reaches the listener, and nothing else is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.splitting import cut
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
        ("<thinker>aloud</thinker>", "<thinker>aloud</thinker>"),
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


ANALYSIS = "<|channel|>analysis<|message|>The user says hi.<|end|>"


@pytest.mark.parametrize(
    "reply",
    [
        "<thinking>hm</thinking>\n\nHello",
        "<Thinking>hm</Thinking>Hello",
        "<reasoning>hm</reasoning>Hello",
        "<thought>hm</thought>Hello",
        "[THINK]hm [THIN[/THINK]Hello",
        "<seed:think>hm<seed:cot_budget_reflect>5</seed:cot_budget_reflect></seed:think>Hello",
        "<mm:think>hm</mm:think>Hello",
        "<longcat_think>hm</longcat_think>Hello",
        "<|channel>thought\nhm<channel|>Hello",
        "<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Hello<|END_RESPONSE|>",
        "<|begin_of_thought|>hm<|end_of_thought|>\n<|begin_of_solution|>Hello<|end_of_solution|>",
        "<|inner_prefix|>hm<|inner_suffix|>Hello",
        "<unused94>thought\nhm<unused95>Hello",
        "◁think▷hm◁/think▷Hello",
        f"{ANALYSIS}<|start|>assistant<|channel|>final<|message|>Hello<|return|>",
        f"<|start|>assistant{ANALYSIS}{ANALYSIS}<|start|>assistant<|channel|>final<|message|>Hello",
        "<|channel|>analysis<|message|>Hm.<|start|>assistant<|channel|>final<|message|>Hello",
        "<|channel|>analysis<|message|>Hm.<|channel|>final<|message|>Hello<|end|>",
        "<|channel|>final<|message|>Hello<|return|>",
        "<think>hm</think>\n<answer>\nHello</answer>",
    ],
)
def test_whatever_the_tags_are_called_reasoning_at_the_start_is_taken_out(reply: str) -> None:
    """All but <think> reached the listener, the history and the next prompt."""
    assert filtered([reply]) == "Hello"
    assert filtered(list(reply)) == "Hello"


def test_what_only_looks_like_the_tag_of_another_model_is_told() -> None:
    for reply in ("[Think] about it", "<|channel|> five", "A [THINK] b", "<|end", "Hi <|end|> there", "<ſeed:think>"):
        assert filtered([reply]) == reply
        assert filtered(list(reply)) == reply


PARTS = st.sampled_from(
    [
        "<think>", "</think>", "<", "th", "ink>", "</", ">", " ", "\n", "a", "気", "[THINK]", "[/TH", "INK]", "<|chan",
        "nel|>", "analysis", "final", "<|message|>", "<|end|>", "<|start|>", "assistant", "<|return|>", "<answer>",
    ]
)  # fmt: skip


@given(st.lists(PARTS), st.data())
def test_the_result_does_not_depend_on_the_cut(parts: list[str], data: st.DataObject) -> None:
    reply = "".join(parts)
    deltas = cut(reply, data)
    assert filtered(deltas) == filtered([reply])


@given(st.lists(st.text().filter(lambda text: not {"<", "[", "◁"} & {*text})))
def test_a_reply_without_tags_passes_whole(deltas: list[str]) -> None:
    assert filtered(deltas) == "".join(deltas)


def test_a_reply_that_begins_with_text_is_never_held() -> None:
    reasoning = ReasoningFilter()
    assert [reasoning.feed(delta) for delta in ("Hi", " <", "think", ">")] == ["Hi", " <", "think", ">"]
    assert not reasoning.reasoned


def test_what_turns_out_to_be_no_tag_is_released_at_once() -> None:
    reasoning = ReasoningFilter()
    assert [reasoning.feed(delta) for delta in ("<", "th", "e")] == ["", "", "<the"]

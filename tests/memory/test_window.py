"""What the window and the token budget promise, for any turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.memory.builders import call, outcome, result
from voicebot.memory.budget import TokenEstimate
from voicebot.memory.summary import Summary
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message
from voicebot.speech import Outcome

TEXTS = st.text(st.sampled_from("ab 日本語。é\n"), max_size=60)
EXCHANGES = st.sampled_from([(), (call("1"), result("1")), (call("1"),), (call("1"), result("1"), call("2"))])
OUTCOMES = st.builds(
    lambda heard, exchanged, kind, counted: outcome(
        heard, exchanged=exchanged, kind="completed" if kind else "interrupted", prompt_tokens=counted
    ),
    TEXTS,
    EXCHANGES,
    st.booleans(),
    st.none() | st.integers(0, 500),
)


def remember(memory: WindowMemory, message: str, heard: str) -> None:
    memory.remember(message, outcome(heard), model="m")


def contents(memory: WindowMemory) -> list[str]:
    return [message.content for message in memory.messages()]


@given(
    turns=st.lists(st.tuples(TEXTS, OUTCOMES), max_size=12),
    window=st.integers(0, 6),
    max_tokens=st.integers(0, 120),
    summarizes=st.booleans(),
    summary=TEXTS,
    prompt=TEXTS,
)
def test_whatever_the_turns_and_limits(
    turns: list[tuple[str, Outcome]], window: int, max_tokens: int, summarizes: bool, summary: str, prompt: str
) -> None:
    """The system prompt comes first, no turn is split, and only one turn alone may exceed the budget."""
    memory = WindowMemory(system_prompt=prompt, turns=window, max_tokens=max_tokens, summary=summarizes)
    memory.restore((), Summary(summary, "2026"))
    whole = []
    for message, ended in turns:
        kept = memory.remember(message, ended, model="m").messages()
        whole += [kept] if kept else []
    messages = memory.messages()
    head, told = ([], messages) if not messages or messages[0].role != "system" else (messages[:1], messages[1:])
    assert not head or head[0].content.startswith(prompt if prompt.strip() else "")
    assert bool(head) or not prompt.strip()
    # the newest turns, whole and in their order
    count = next(n for n in range(len(whole) + 1) if [m for t in whole[len(whole) - n :] for m in t] == told)
    assert count <= memory.reach
    assert count > 0 or not whole or not window
    if max_tokens and count > 1:
        assert memory.estimate.tokens(messages) <= max_tokens


def test_the_last_turns_are_told() -> None:
    memory = WindowMemory(system_prompt="S", turns=2)
    for number in range(4):
        remember(memory, f"question {number}", f"answer {number}")
    assert contents(memory) == ["S", "question 2", "answer 2", "question 3", "answer 3"]


def test_the_budget_drops_whole_turns_from_the_front() -> None:
    memory = WindowMemory(system_prompt="", turns=100, max_tokens=100)
    for number in range(10):
        remember(memory, f"{number}" + "あ" * 20, "い" * 20)
    assert len(memory.messages()) == 4  # 2 × (21 + 20 + 8) tokens


def test_the_last_turn_is_told_however_long_it_is() -> None:
    memory = WindowMemory(system_prompt="S", turns=5, max_tokens=10)
    remember(memory, "old", "old")
    remember(memory, "長い" * 100, "はい")
    assert contents(memory) == ["S", "長い" * 100, "はい"]


def test_a_summary_gives_way_to_the_last_turn() -> None:
    memory = WindowMemory(system_prompt="S", turns=5, max_tokens=60, summary=True)
    memory.restore((), Summary("要約" * 10, "2026"))
    remember(memory, "a", "b")
    assert "要約" in contents(memory)[0]
    remember(memory, "あ" * 20, "い" * 20)
    assert contents(memory)[0] == "S"


def test_the_servers_counts_correct_the_estimate() -> None:
    """A tokenizer that needs twice as many tokens as assumed leaves room for half as many turns."""

    def told(counts: bool) -> int:
        memory = WindowMemory(system_prompt="", turns=100, max_tokens=400)
        for number in range(30):
            true = 2 * TokenEstimate().tokens([*memory.messages(), Message("user", f"question {number:3}")])
            memory.remember(
                f"question {number:3}", outcome("word " * 8, prompt_tokens=true if counts else None), model="m"
            )
        return len(memory.messages())

    assert told(counts=True) == pytest.approx(told(counts=False) / 2, abs=3)


def test_implausible_counts_are_ignored() -> None:
    """Ollama counts only what it has not cached; a tool loop's requests are counted together."""
    estimate = TokenEstimate()
    messages = [Message("user", "あ" * 96)]
    estimate.learn(messages, 3)
    estimate.learn(messages, 5000)
    assert estimate.tokens(messages) == 100
    memory = WindowMemory(system_prompt="", turns=5, max_tokens=1)
    memory.remember("あ" * 96, outcome("x", exchanged=(call("1"), result("1")), prompt_tokens=200), model="m")
    assert memory.estimate.tokens(messages) == 100


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 4), ("It is half past twelve.", 10), ("十二時半です。", 11), ("Привет, мир", 9), ("今日は sunny です", 11)],
)
def test_tokens_are_estimated_by_script(text: str, tokens: int) -> None:
    assert TokenEstimate().tokens([Message("user", text)]) == tokens


def test_tool_calls_take_tokens_too() -> None:
    estimate = TokenEstimate()
    assert estimate.tokens([call("1")]) > estimate.tokens([Message("assistant", "")])

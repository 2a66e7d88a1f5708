"""What the window and the token budget promise, for any turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.prompt_cache import measure_prompt_cache
from tests.memory.builders import call, outcome, result, turn
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


def test_the_window_grows_to_twice_its_size_and_half_of_it_is_dropped_at_once() -> None:
    """A window that drops its oldest turn at each new one makes the server read all the others anew each time."""
    memory = WindowMemory(system_prompt="S", turns=2)
    told = []
    for number in range(8):
        remember(memory, str(number), f"answer {number}")
        told.append("".join(content for content in contents(memory) if content.isdigit()))
    assert told == ["0", "01", "012", "0123", "34", "345", "3456", "67"]


def test_the_budget_drops_half_of_what_it_has_room_for_at_once() -> None:
    """A budget that was always used up made the server read everything anew at each turn."""
    memory = WindowMemory(system_prompt="あ" * 46, turns=100, max_tokens=250)
    told = []
    for number in range(10):
        remember(memory, f"{number}" + "あ" * 20, "い" * 20)  # 21 + 20 + 8 tokens
        told.append("".join(content[0] for content in contents(memory)[1::2]))
    assert told == ["0", "01", "012", "0123", "34", "345", "3456", "67", "678", "6789"]


@given(
    texts=st.lists(st.tuples(TEXTS.filter(str.strip), TEXTS.filter(str.strip)), max_size=40),
    window=st.integers(1, 6),
    max_tokens=st.integers(0, 200),
    prompt=TEXTS,
)
def test_most_prompts_begin_with_the_one_before(
    texts: list[tuple[str, str]], window: int, max_tokens: int, prompt: str
) -> None:
    """Between two cuts each prompt goes on from the last one; a cut keeps the system prompt and makes room."""
    memory = WindowMemory(system_prompt=prompt, turns=window, max_tokens=max_tokens)
    before = memory.messages()
    head = before[:1]
    for message, heard in texts:
        remember(memory, message, heard)
        after = memory.messages()
        if after[: len(before)] != before:
            left = len(after) - len(head)
            assert after[: len(head)] == head
            half = (max_tokens + memory.estimate.tokens(head)) / 2
            assert left in (2, 2 * window) or memory.estimate.tokens(after) <= half
        before = after


def test_a_server_reads_few_tokens_of_each_prompt_anew() -> None:
    """A window that dropped a turn at each new one let it read 574 of them, and be silent meanwhile."""
    for figure in measure_prompt_cache():
        assert figure.met, figure


def test_a_long_window_with_a_budget_is_cut_in_little_time() -> None:
    """Trying each number of turns in turn would take minutes for a thousand of them."""
    memory = WindowMemory(system_prompt="S", turns=1000, max_tokens=300_000)
    memory.restore([turn(f"question {number}", "x" * 4000) for number in range(2000)])
    assert 2 * 100 < len(memory.messages()) < 2 * 300


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

    def most_told(counts: bool) -> int:
        memory = WindowMemory(system_prompt="", turns=100, max_tokens=400)
        told = []
        for number in range(60):
            true = 2 * TokenEstimate().tokens([*memory.messages(), Message("user", f"question {number:3}")])
            memory.remember(
                f"question {number:3}", outcome("word " * 8, prompt_tokens=true if counts else None), model="m"
            )
            told.append(len(memory.messages()))
        return max(told[30:])

    assert most_told(counts=True) == pytest.approx(most_told(counts=False) / 2, abs=3)


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

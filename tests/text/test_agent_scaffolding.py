"""What a model writes for a program is taken out of its reply, and nothing else is."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.messages import ToolCall
from voicebot.text.agent_scaffolding import ToolCallFilter
from voicebot.text.thinking_aloud import ReActFilter

CAPTURED = Path(__file__).parent.parent / "data" / "contracts" / "openai" / "captured-llama-cpp-python"
TOOLS = ("calculator", "current_time")


def call(name: str = "calculator", arguments: str = '{"expression": "1+2"}') -> ToolCall:
    return ToolCall("", name, arguments)


def filtered(deltas: list[str]) -> tuple[str, list[ToolCall]]:
    """The text and the calls of a reply."""
    calls = ToolCallFilter(TOOLS)
    parts = [part for delta in deltas for part in calls.feed(delta)] + calls.flush()
    return (
        "".join(part for part in parts if isinstance(part, str)),
        [part for part in parts if isinstance(part, ToolCall)],
    )


def answered(deltas: list[str]) -> str:
    """What of an agent's text is for its listener."""
    thoughts = ReActFilter()
    return "".join([*map(thoughts.feed, deltas), thoughts.flush()])


def cut(text: str, data: st.DataObject) -> list[str]:
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)))) | {0, len(text)})
    return [text[start:end] for start, end in pairwise(cuts)]


# ---------------------------------------------------------------- calls written as text

CALL = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "1+2"}}\n</tool_call>'


@pytest.mark.parametrize(
    ("reply", "text", "calls"),
    [
        (CALL, "", [call()]),
        (f"計算します。\n{CALL}\n", "計算します。\n\n", [call()]),
        (f"{CALL}\n{CALL}", "\n", [call(), call()]),
        (f"Sure. {CALL} Done.", "Sure.  Done.", [call()]),
        ('<tool_call>{"name": "a"}<tool_call>{"name": "b"}</tool_call>', "", [call("a", "{}"), call("b", "{}")]),
        ('<tool_call>[{"name": "a"}, {"name": "b"}]</tool_call>', "", [call("a", "{}"), call("b", "{}")]),
        ('<tool_call>{"name": "a", "parameters": {"x": "気"}}</tool_call>', "", [call("a", '{"x": "気"}')]),
        ('<tool_call>{"name": "a", "arguments": "{\\"x\\": 1}"}</tool_call>', "", [call("a", '{"x": 1}')]),
        ('<tool_call>{"type": "function", "function": {"name": "a", "arguments": {}}}', "", [call("a", "{}")]),
        (
            "<tool_call>\n<function=a>\n<parameter=x>\n3 + 4\n</parameter>\n</function>\n</tool_call>",
            "",
            [call("a", '{"x": "3 + 4"}')],
        ),
        # never closed, cut off, without a name
        (CALL.removesuffix("</tool_call>"), "", [call()]),
        ('<tool_call>{"name": "a", "argu', "", [call("a", '{"name": "a", "argu')]),
        ("<tool_call>{oops}</tool_call>Well.", "Well.", [call("", "{oops}")]),
        ("Hello <tool_call>", "Hello ", []),
        # words about tags are words
        ("Write <tool_call> and then JSON.", "Write <tool_call> and then JSON.", []),
        ("a < b <tool <tools>", "a < b <tool <tools>", []),
        ("Hello <tool_ca", "Hello <tool_ca", []),
        # tool output that the model invents
        ('<tool_response>\n{"result": 3}\n</tool_response>Three.', "Three.", []),
        # bare JSON, of the tools there are and at the beginning only
        ('{"name": "calculator", "parameters": {"expression": "1+2"}}', "", [call()]),
        ('\n{"type": "function", "name": "calculator", "parameters": {"expression": "1+2"}}', "", [call()]),
        ('{"name": "calculator", "arguments": {"x": "}\\"{"}} ok', " ok", [call(arguments='{"x": "}\\"{"}')]),
        ('{"name": "calculator", "arg": {"exp', "", [call(arguments='{"name": "calculator", "arg": {"exp')]),
        ('{"name": "Taro", "age": 3}', '{"name": "Taro", "age": 3}', []),
        ('It is {"name": "calculator", "arguments": {}}', 'It is {"name": "calculator", "arguments": {}}', []),
        ("", "", []),
        (" \n", " \n", []),
    ],
)  # fmt: skip
def test_calls_are_taken_out_and_text_stays(reply: str, text: str, calls: list[ToolCall]) -> None:
    assert filtered([reply]) == (text, calls)
    assert filtered(list(reply)) == (text, calls)


@pytest.mark.parametrize("name", ["stream-tool-auto.sse", "stream-tool-required.sse"])
def test_what_llama_cpp_python_writes_into_the_content_is_a_call(name: str) -> None:
    events = [line[6:] for line in (CAPTURED / name).read_text(encoding="utf-8").splitlines() if line[:7] == "data: {"]
    deltas = [json.loads(event)["choices"][0]["delta"].get("content", "") for event in events]
    assert filtered(deltas) == ("", [call(arguments='{"expr": "(3+4)*5"}')])


CALL_PARTS = st.sampled_from(
    [
        "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<function=a>", "<parameter=x>",
        "</parameter>", '{"name": "a", ', '{"name": "calculator", ', '"arguments": {}}', "<", "tool", "_call>",
        "{", "}", "[", " ", "\n", '"', "\\", "気",
    ]
)  # fmt: skip


@given(st.lists(CALL_PARTS, max_size=12).map("".join), st.data())
def test_calls_do_not_depend_on_the_cut(reply: str, data: st.DataObject) -> None:
    assert filtered(cut(reply, data)) == filtered([reply])


@given(st.lists(st.text().filter(lambda text: "<" not in text and "{" not in text)))
def test_a_reply_without_tags_passes_whole_and_at_once(deltas: list[str]) -> None:
    calls = ToolCallFilter(TOOLS)
    passed = ["".join(part for part in calls.feed(delta) if isinstance(part, str)) for delta in deltas]
    rest = calls.flush()
    assert "".join(passed) + "".join(map(str, rest)) == "".join(deltas)
    assert not "".join(map(str, rest)).strip()


def test_text_is_held_only_while_it_could_become_a_call() -> None:
    calls = ToolCallFilter(TOOLS)
    assert calls.feed("Hi <") == ["Hi "]
    assert calls.feed("tool_c") == []
    assert calls.feed("at>") == ["<tool_cat>"]
    assert ToolCallFilter(TOOLS).feed('{"name": "cat"') == ['{"name": "cat"']


# ---------------------------------------------------------------- agents that think aloud

AGENT = """Thought: I need to calculate.
Action: calculator
Action Input: 3 + 4
Observation: 7
Thought: I now know the final answer
Final Answer: It is seven.
And that is all."""


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        (AGENT, "It is seven.\nAnd that is all."),
        ("思考：計算が必要だ。\n行動：電卓\n行動の入力：3+4\n観察：7\n最終回答：七です。", "七です。"),
        ("Thought: easy. Final Answer: Seven.", "Seven."),
        ("**Thought:** hm\n**Final Answer:** Seven.", "Seven."),
        ("**Thought**: hm\n**Final Answer**: **Seven**.", "**Seven**."),
        ("Thought 1: hm\nAction 1: look\nObservation 1: x\nfinal answer: Seven.", "Seven."),
        ("Final Answer: Seven.", "Seven."),
        ("Final Answer:\n\n  Seven.", "Seven."),
        ("Let me see.\nThought: hm\nFinal Answer: Seven.", "Let me see.\nSeven."),
        ("Final Answer: Seven.\nThought: one more?\nAction: none", "Seven.\n"),
        ("Thought: hm\nAction: calculator\nAction Input: 3", ""),
        ("Thought:", ""),
        ("Final Answer:", ""),
        # no labels
        ("Thoughtful people act. Action follows.", "Thoughtful people act. Action follows."),
        ("Thought is free.\nAction", "Thought is free.\nAction"),
        ("I had a Thought: no.", "I had a Thought: no."),
        ("行動の入力が必要です。\n観察しましょう。", "行動の入力が必要です。\n観察しましょう。"),
        ("\n\n  Hello\n", "\n\n  Hello\n"),
        ("***", "***"),
        ("", ""),
    ],
)
def test_only_the_final_answer_is_for_the_listener(reply: str, wanted: str) -> None:
    assert answered([reply]) == wanted
    assert answered(list(reply)) == wanted


REACT_PARTS = st.sampled_from(
    [
        "Thought:", "Action:", "Action Input:", "Observation", "Final Answer:", "final", " answer", ":", "：",
        "最終回答", "思考", "行動", "\n", " ", "*", "**", "#", "1", "a", "気",
    ]
)  # fmt: skip


@given(st.lists(REACT_PARTS, max_size=15).map("".join), st.data())
def test_what_is_said_does_not_depend_on_the_cut(reply: str, data: st.DataObject) -> None:
    assert answered(cut(reply, data)) == answered([reply])


@given(st.lists(st.text().filter(lambda text: ":" not in text and "：" not in text)))
def test_a_reply_without_labels_passes_whole(deltas: list[str]) -> None:
    assert answered(deltas) == "".join(deltas)


def test_a_line_is_held_only_while_it_could_become_a_label() -> None:
    thoughts = ReActFilter()
    assert [thoughts.feed(delta) for delta in ("Th", "e cat", " Th", "ought:\n", "A", "ct", "ually")] == [
        "", "The cat", " Th", "ought:\n", "", "", "Actually",
    ]  # fmt: skip
    assert not thoughts.hid


def test_a_long_thought_takes_no_memory_and_no_time() -> None:
    thoughts = ReActFilter()
    assert thoughts.feed("Thought: ") == ""
    assert [said for _ in range(10_000) if (said := thoughts.feed("hm " * 100 + "\n"))] == []
    assert thoughts.feed("Final Answer: Yes.") == "Yes."
    assert thoughts.hid

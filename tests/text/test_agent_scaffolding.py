"""What a model writes for a program is taken out of its reply, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.splitting import cut
from voicebot.messages import ReplyData, ToolCall
from voicebot.text.agent_scaffolding import AgentFilter
from voicebot.text.call_filter import ToolCallFilter
from voicebot.text.thinking_aloud import ReActFilter
from voicebot.text.written_values import Answer

CAPTURED = Path(__file__).parent.parent / "data" / "contracts" / "openai" / "captured-llama-cpp-python"
TOOLS = ("calculator", "current_time")


def call(name: str = "calculator", arguments: str = '{"expression": "1+2"}') -> ToolCall:
    return ToolCall("", name, arguments)


def filtered(deltas: list[str]) -> tuple[str, list[ToolCall]]:
    """The text and the calls of a reply."""
    calls = ToolCallFilter(TOOLS)
    parts = [part for delta in deltas for part in calls.feed(delta)] + calls.flush()
    texts = [part.text if isinstance(part, Answer) else part for part in parts]
    return (
        "".join(text for text in texts if isinstance(text, str)),
        [part for part in parts if isinstance(part, ToolCall)],
    )


def told(
    deltas: list[str], *, spoken_field: str = "", for_the_ear: bool = True
) -> tuple[str, list[ToolCall], list[object]]:
    """The text, the calls and the data of an agent's reply."""
    scaffolding = AgentFilter(TOOLS, spoken_field=spoken_field, for_the_ear=for_the_ear)
    parts = [part for delta in deltas for part in scaffolding.feed(delta)] + scaffolding.flush()
    return (
        "".join(part for part in parts if isinstance(part, str)),
        [part for part in parts if isinstance(part, ToolCall)],
        [json.loads(part.content) for part in parts if isinstance(part, ReplyData)],
    )


def answered(deltas: list[str]) -> str:
    """What of an agent's text is for its listener."""
    thoughts = ReActFilter()
    return "".join([*map(thoughts.feed, deltas), thoughts.flush()])


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
        # bare JSON
        ('{"name": "calculator", "parameters": {"expression": "1+2"}}', "", [call()]),
        ('\n{"type": "function", "name": "calculator", "parameters": {"expression": "1+2"}}', "\n", [call()]),
        ('{"name": "calculator", "arguments": {"x": "}\\"{"}} ok', " ok", [call(arguments='{"x": "}\\"{"}')]),
        ('{"name": "calculator", "arg": {"exp', "", [call(arguments='{"name": "calculator", "arg": {"exp')]),
        ('It is {"name": "calculator", "arguments": {}}', "It is ", [call(arguments="{}")]),
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
        "{", "}", "[", " ", "\n", '"', "\\", "気", "```", "json", "`", "[calculator(", "[f(x=", ")]", "functools[",
        '{"action": ', '"Final Answer"', ', "action_input": ', '"So', '"}', "[TOOL_CALLS]", "<|python_tag|>", "'a': ",
    ]
)  # fmt: skip


def test_a_list_behind_functools_is_read_alike_however_its_beginning_is_cut() -> None:
    """Cut after the bracket, a list of objects was read as Python calls: the result depended on the cut."""
    reply = 'functools[{"name": "a", '
    assert [filtered([reply[:at], reply[at:]]) for at in range(1, len(reply))] == [filtered([reply])] * (len(reply) - 1)


@given(st.lists(CALL_PARTS, max_size=12).map("".join), st.data())
def test_calls_do_not_depend_on_the_cut(reply: str, data: st.DataObject) -> None:
    assert filtered(cut(reply, data)) == filtered([reply])
    assert told(cut(reply, data)) == told([reply])
    assert told(cut(reply, data), spoken_field="name") == told([reply], spoken_field="name")


@given(st.lists(st.text().filter(lambda text: not {*"<{[`~f", *(name[0] for name in TOOLS)} & {*text})))
def test_a_reply_without_tags_passes_whole_and_at_once(deltas: list[str]) -> None:
    calls = ToolCallFilter(TOOLS)
    passed = ["".join(part for part in calls.feed(delta) if isinstance(part, str)) for delta in deltas]
    assert passed == deltas
    assert calls.flush() == []


def test_text_is_held_only_while_it_could_become_a_call() -> None:
    calls = ToolCallFilter(TOOLS)
    assert calls.feed("Hi <") == ["Hi "]
    assert calls.feed("tool_c") == []
    assert calls.feed("at>") == ["<tool_cat>"]
    assert calls.feed(" {") == [" "]
    assert calls.feed("a} [") == ["{a} "]
    assert calls.feed("note") == []
    assert calls.feed("]") == ["[note]"]


# ---------------------------------------------------------------- agents that write JSON

ANSWER = '{"action": "Final Answer", "action_input": "It\\u2019s \\"seven\\".\\nYes."}'
SAID = 'It’s "seven".\nYes.'


@pytest.mark.parametrize(
    "reply",
    [
        ANSWER,
        f"```json\n{ANSWER}\n```",
        f"```\n{ANSWER}\n```",
        f"```json {ANSWER} ```",
        f"```json\n{ANSWER}",
        f"Action:\n```json\n{ANSWER}\n```",
        f"Thought: I know it.\nAction:\n```json\n{ANSWER}\n```",
        f"Thought: I know it.\nAction:\n{ANSWER}\nObservation: none",
        ANSWER.replace(", ", ",\n    ").replace("{", "{\n    ").replace("}", "\n}"),
        '{"action": "final_answer", "action_input": "It\\u2019s \\"seven\\".\nYes."}',
        "{'action': 'Final Answer', 'action_input': 'It’s \"seven\".\\nYes.'}",
        '{"action_input": "It’s \\"seven\\".\\nYes.", "action": "Final Answer"}',
        '{"thought": "easy", "action": "Final Answer", "action_input": "It’s \\"seven\\".\\nYes.", "more": {}}',
        '{"action": "Final Answer", "action_input": {"answer": "It’s \\"seven\\".\\nYes."}}',
        '{"name": "final_answer", "arguments": {"answer": "It’s \\"seven\\".\\nYes."}}',
        '{"action": "最終回答", "action_input": "It’s \\"seven\\".\\nYes."}',
        f"<think>ignored by the reasoning filter</think>\n{ANSWER}".partition("\n")[2],
    ],
)
def test_of_an_agent_that_writes_json_the_answer_is_heard(reply: str) -> None:
    """LangChain's conversational and structured agents: one heard "code omitted", or the JSON."""
    for deltas in ([reply], list(reply)):
        text, calls, data = told(deltas)
        assert (text.strip(), calls, data) == (SAID, [], [])


def test_the_answer_of_an_agent_is_heard_while_it_is_being_written() -> None:
    scaffolding = AgentFilter()
    heard = [
        scaffolding.feed(piece)
        for piece in ('```json\n{"action": "Final Answer", "action_input": "It\\u20', "19s", " s")
    ]
    assert heard == [["It"], ["’s"], [" s"]]
    assert scaffolding.feed('even."}') == ["even."]
    assert scaffolding.feed("\n```") == []
    assert scaffolding.flush() == []


def test_an_answer_that_is_not_text_is_said_if_it_can_be() -> None:
    for value, said in {"7": "7", "7.5": "7.5", "null": "", "[1]": "", "true": "True"}.items():
        assert told(['{"action": "Final Answer", "action_input": ' + value + "}"])[0] == said


def test_what_an_agent_does_is_a_call_and_no_text() -> None:
    text, calls, _ = told(list('Thought: hm\nAction:\n```\n{"action": "calculator", "action_input": "1+2"}\n```\n'))
    assert text.strip() == ""
    assert calls == [call(arguments="1+2")]


def test_a_conversational_agent_that_answers_in_its_own_name_is_heard() -> None:
    reply = "Thought: Do I need to use a tool? No\nAI: It is seven.\nYes."
    for deltas in ([reply], list(reply)):
        assert told(deltas)[0] == "It is seven.\nYes."


# ---------------------------------------------------------------- other JSON

PERSON = '{"name": "Taro", "age": 3}'


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (PERSON, f"```json\n{PERSON}\n```\n"),
        (f"Here: {PERSON} Good?", f"Here: \n```json\n{PERSON}\n```\n Good?"),
        (f"Here:\n{PERSON}", f"Here:\n```json\n{PERSON}\n```\n"),
        (f"[{PERSON}, {PERSON}]", f"```json\n[{PERSON}, {PERSON}]\n```\n"),
        (PERSON[:-4], f"```json\n{PERSON[:-4]}\n```\n"),
        ('{"a": see below}', '```json\n{"a": see below}\n```\n'),
        (f"```json\n{PERSON}\n```\nDone.", f"```json\n{PERSON}\n```\nDone."),
        (f"```json\n{PERSON}\n\n{PERSON}\n```", f"```json\n{PERSON}\n\n{PERSON}\n```"),
        (f"Write `{PERSON}`.", f"Write `{PERSON}`."),
    ],
)
def test_json_that_is_nothing_but_data_is_code(reply: str, shown: str) -> None:
    """It was read aloud, key by key."""
    for deltas in ([reply], list(reply)):
        assert told(deltas) == (shown, [], [])
        assert told(deltas, for_the_ear=False) == (reply, [], [])


@pytest.mark.parametrize(
    ("reply", "text", "data"),
    [
        ('{"mood": "happy", "say": "こん\\nにちは。"}', "こん\nにちは。", {"mood": "happy"}),
        ('{"say": "Hi.", "n": [1], "o": {"say": "no"}}', "Hi.", {"n": [1], "o": {"say": "no"}}),
        ('```json\n{"say": "Hi."}\n```', "Hi.", {}),
        ('{"say": 7, "action": "wave"}', "7", {"action": "wave"}),
        ('{"say": "", "mood": "sad"}', "", {"mood": "sad"}),
    ],
)
def test_the_spoken_field_of_an_object_is_heard_and_the_rest_is_data(reply: str, text: str, data: object) -> None:
    for deltas in ([reply], list(reply)):
        assert told(deltas, spoken_field="say") == (text, [], [data])


def test_the_spoken_field_is_heard_while_it_is_being_written() -> None:
    scaffolding = AgentFilter(spoken_field="say")
    heard = [scaffolding.feed(piece) for piece in ('{"mood": "happy", "say": "Hel', "lo. ", 'How are"', "}")]
    assert heard == [["Hel"], ["lo. "], ["How are"], [ReplyData('{"mood": "happy"}')]]


@pytest.mark.parametrize("reply", ["Just text.", '{"other": 1}', '{"name": "calculator", "arguments": {}}'])
def test_a_reply_without_the_spoken_field_is_what_it_would_be_without_it(reply: str) -> None:
    assert told(list(reply), spoken_field="say") == told([reply])


def test_an_object_that_breaks_off_is_heard_as_far_as_it_came() -> None:
    assert told(list('{"say": "Hel'), spoken_field="say") == ("Hel", [], [])
    assert told(list(ANSWER[: ANSWER.index("n\\")])) == ('It’s "seve', [], [])


def test_a_very_long_value_takes_bounded_memory_and_little_time() -> None:
    calls = ToolCallFilter(TOOLS)
    assert calls.feed('{"a": "') == []
    assert [part for _ in range(3000) for part in calls.feed("x" * 1000)] == []
    assert calls.feed('"} ok') == [" ok"]
    assert calls.feed("<tool_call>{") == []
    assert [part for _ in range(3000) for part in calls.feed("x" * 1000)] == []
    assert len(calls.feed("</tool_call>")) == 1


@pytest.mark.parametrize(
    "flood", ["[", "{", "<", "`", "\n```", '{"', "[a(", "<tool_call>", "\nf", "~~~\n", "\\", '{"a":']
)
def test_no_flood_takes_more_than_linear_time(flood: str) -> None:
    """So much of it that anything else would take minutes."""
    calls = ToolCallFilter(TOOLS)
    for _ in range(300):
        calls.feed(flood * (1000 // len(flood)))
    calls.flush()


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

"""The ways in which models write calls into their text: none of them is text for the listener."""

from __future__ import annotations

import json

import pytest

from voicebot.messages import ReplyData, ToolCall
from voicebot.text.agent_scaffolding import AgentFilter
from voicebot.text.written_calls import calls_of, load, read_calls

CALL = '{"name": "get_weather", "arguments": {"city": "Oslo"}}'
ARGUMENTS = '{"city": "Oslo"}'
FENCE = "```"

WAYS = {
    "hermes, qwen": f"<tool_call>\n{CALL}\n</tool_call>",
    "qwen coder": (
        "<tool_call>\n<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>"
    ),
    "qwen coder without its first tag": (
        "<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>\n</tool_call>"
    ),
    "glm": "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n</tool_call>",
    "hunyuan": f"<tool_calls>\n<tool_call>get_weather\n{FENCE}json\n{ARGUMENTS}\n{FENCE}\n</tool_call>\n</tool_calls>",
    "jamba, minimax m1": f"<tool_calls>\n{CALL}\n</tool_calls>",
    "minimax m2": (
        '<minimax:tool_call>\n<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n</invoke>\n'
        "</minimax:tool_call>"
    ),
    "anthropic": (
        '<function_calls>\n<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n</invoke>\n'
        "</function_calls>"
    ),
    "invoke alone": '<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n</invoke>',
    "olmo": '<function_calls>\nget_weather(city="Oslo")\n</function_calls>',
    "glaive": f"<functioncall> {CALL}</functioncall>",
    "seed": (
        "<seed:tool_call>\n<function=get_weather>\n<parameter=city>Oslo</parameter>\n</function>\n</seed:tool_call>"
    ),
    "longcat": f"<longcat_tool_call>\n{CALL}\n</longcat_tool_call>",
    "nemotron": f"<TOOLCALL>[{CALL}]</TOOLCALL>",
    "lm studio": f"[TOOL_REQUEST]\n{CALL}\n[END_TOOL_REQUEST]",
    "llama 3.1": f"<function=get_weather>{ARGUMENTS}</function>",
    "llama 3.1, json": f"<|python_tag|>{CALL.replace('arguments', 'parameters')}",
    "llama 3.1, built in": '<|python_tag|>get_weather.call(city="Oslo")',
    "llama 3.2": '{"type": "function", "name": "get_weather", "parameters": {"city": "Oslo"}}',
    "llama 4": '[get_weather(city="Oslo")]',
    "mistral": f"[TOOL_CALLS][{CALL}]",
    "mistral, with a space": f"[TOOL_CALLS] [{CALL}]",
    "mistral small": f"[TOOL_CALLS]get_weather[ARGS]{ARGUMENTS}",
    "magistral": f"[TOOL_CALLS]get_weather[CALL_ID]a1b2c3d4e[ARGS]{ARGUMENTS}",
    "deepseek v3": (
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n"
        f"{FENCE}json\n{ARGUMENTS}\n{FENCE}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    "deepseek v3.1": (
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{ARGUMENTS}<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
    ),
    "deepseek v3.2": (
        '<｜DSML｜function_calls>\n<｜DSML｜invoke name="get_weather">\n'
        '<｜DSML｜parameter name="city" string="true">Oslo</｜DSML｜parameter>\n</｜DSML｜invoke>\n'
        "</｜DSML｜function_calls>"
    ),
    "kimi": (
        "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>"
        f"{ARGUMENTS}<|tool_call_end|><|tool_calls_section_end|>"
    ),
    "command r7b": (
        '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Oslo"}}\n'
        "]<|END_ACTION|>"
    ),
    "command r": (
        f'Action: {FENCE}json\n[\n  {{\n    "tool_name": "get_weather",\n    "parameters": {{"city": "Oslo"}}\n  }}\n]'
        f"\n{FENCE}"
    ),
    "phi": f"<|tool_call|>[{CALL}]<|/tool_call|>",
    "granite": f"<|tool_call|>[{CALL}]",
    "phi, firefunction": f"functools[{CALL}]",
    "xlam": f"[{CALL}]",
    "liquid": '<|tool_call_start|>[get_weather(city="Oslo")]<|tool_call_end|>',
    "gemma": "<start_function_call>call:get_weather{city:<escape>Oslo<escape>}<end_function_call>",
    "gemma 3": f'{FENCE}tool_code\nprint(get_weather(city="Oslo"))\n{FENCE}',
    "gemma 4": '<|tool_call>call:get_weather{city:<|"|>Oslo<|"|>}<tool_call|>',
    "gpt-oss": (f"<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{ARGUMENTS}<|call|>"),
    "apertus": '<|tools_prefix|>[{"get_weather": {"city": "Oslo"}}]<|tools_suffix|>',
    "internlm": f"<|action_start|><|plugin|>\n{CALL}<|action_end|>",
    "bare": CALL,
    "bare, with arguments as text": '{"name": "get_weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}',
    "bare, over lines": '{\n  "name": "get_weather",\n  "arguments": {\n    "city": "Oslo"\n  }\n}',
    "bare, as python": "{'name': 'get_weather', 'arguments': {'city': 'Oslo'}}",
    "bare, openai": '{"tool_calls": [{"type": "function", "function": ' + CALL + "}]}",
    "bare, functions of old": '{"function_call": {"name": "get_weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}}',
    "bare, several at once": (
        '{"tool_uses": [{"recipient_name": "functions.get_weather", "parameters": {"city": "Oslo"}}]}'
    ),
    "bare, tool and input": '{"tool": "get_weather", "tool_input": {"city": "Oslo"}}',
    "langchain": '{"action": "get_weather", "action_input": {"city": "Oslo"}}',
    "fenced": f"{FENCE}json\n{CALL}\n{FENCE}",
    "fenced in one line": f"{FENCE}json {CALL} {FENCE}",
    "fenced without a language": f"{FENCE}\n{CALL}\n{FENCE}",
    "fenced as a call": f"{FENCE}tool_call\n{CALL}\n{FENCE}",
    "functions of openai's prompts": f"functions.get_weather({ARGUMENTS})",
    "functions, with names": 'functions.get_weather(city="Oslo")',
    "python of a known tool": 'get_weather(city="Oslo")',
    "json of a known tool": f"get_weather({ARGUMENTS})",
    "xlam, in tags": f"<xlam_function_call>{CALL}</xlam_function_call>",
    "in capitals": f"<TOOL_CALL>{CALL}</TOOL_CALL>",
    "in square brackets": f"[TOOL_CALL]{CALL}[/TOOL_CALL]",
    "tool_use": f"<tool_use>{CALL}</tool_use>",
    "tool_code": '<tool_code>print(get_weather(city="Oslo"))</tool_code>',
    "tools": f"<tools>{CALL}</tools>",
    "tool": f"<tool>{CALL}</tool>",
    "function": f"<function>{CALL}</function>",
    "function with a name": f'<function name="get_weather">{ARGUMENTS}</function>',
    "deepseek, in ascii": (
        f"<|tool▁calls▁begin|><|tool▁call▁begin|>get_weather<|tool▁sep|>{ARGUMENTS}<|tool▁call▁end|><|tool▁calls▁end|>"
    ),
    "gpt-oss, recipient in the role": (
        f"<|start|>assistant to=functions.get_weather<|channel|>commentary json<|message|>{ARGUMENTS}<|call|>"
    ),
    "gpt-oss, with its role": (
        "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>"
        f"{ARGUMENTS}<|call|>"
    ),
    "react with json": (
        f'Action:\n{FENCE}json\n{{"action": "get_weather", "action_input": {{"city": "Oslo"}}}}\n{FENCE}'
    ),
}


def heard(deltas: list[str], *, tools: tuple[str, ...] = ("get_weather",)) -> tuple[str, list[ToolCall]]:
    """The text and the calls of a reply."""
    scaffolding = AgentFilter(tools)
    parts = [part for delta in deltas for part in scaffolding.feed(delta)] + scaffolding.flush()
    return (
        "".join(part for part in parts if isinstance(part, str)),
        [part for part in parts if isinstance(part, ToolCall)],
    )


@pytest.mark.parametrize("before", ["", "Let me look.\n", "見てみますね。"])
@pytest.mark.parametrize("way", WAYS)
def test_a_call_is_a_call_whichever_way_it_is_written(way: str, before: str) -> None:
    """Of 17 ways 11 were read aloud."""
    reply = before + WAYS[way]
    if before.endswith("。") and WAYS[way].startswith(("Action", FENCE, "functools", "get_weather")):
        reply = before + "\n" + WAYS[way]
    text, (call,) = heard([reply])
    assert text.strip() == before.strip()
    assert (call.id, call.name, json.loads(call.arguments)) == ("", "get_weather", {"city": "Oslo"})
    assert heard(list(reply)) == heard([reply])
    assert heard([reply[at : at + 3] for at in range(0, len(reply), 3)]) == heard([reply])


@pytest.mark.parametrize("way", [way for way in WAYS if not way.endswith("of a known tool")])
def test_a_call_is_not_text_even_where_nobody_knows_its_tool(way: str) -> None:
    text, calls = heard(list(WAYS[way]), tools=())
    assert text.strip() == ""
    assert [call.name for call in calls] == ["get_weather"]


@pytest.mark.parametrize("way", WAYS)
def test_a_call_that_breaks_off_is_not_text(way: str) -> None:
    """Wherever the server ran out of model tokens behind the mark of a call: nothing of its arguments is heard."""
    reply = WAYS[way]
    for end in range(reply.rindex("Oslo") + 1, len(reply)):
        text, _ = heard([reply[:end]])
        assert "city" not in text, reply[:end]
        assert "get_weather" not in text, reply[:end]


@pytest.mark.parametrize(
    "reply",
    [
        "Use {braces} and [brackets] and <tags>.",
        "f(x) = {1, 2} [see](https://example.com) `{x}`",
        "[note(s)] [x] [1] [get_it()] [HumanMessage(content='hi')]",
        "The <tool_call> tag, <function_calls> and [TOOL] are for programs.",
        "- [ ] milk\n- [x] eggs",
        "「{」と「[」は括弧です。",
        "```python\nd = {\"name\": \"get_weather\", \"arguments\": {}}\n```\nDone.",
        "```\nplain\n```",
        "~~~\n{\n~~~",
        "```ls -la``` lists {files}.",
        "from here on, for five [good] reasons",
        "The functions. And functions.php, functions.get() and functions.map(x) of",
        "get_weather() is a function, as is\nget_weather(city) and\nget_weathers(city=1).",
        "<tools>, <tool> and <function> are words, and so is <tool_use>",
        '{"',
        "{'a",
        "[{",
        "```json\n",
        "",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_call_passes_unchanged(reply: str) -> None:
    assert heard([reply]) == (reply, [])
    assert heard(list(reply)) == (reply, [])


@pytest.mark.parametrize(
    "value",
    [
        "{'say': 'x', 'arguments': b'1', 'name': 'a'}",
        "{'say': 'x', 'arguments': {1, 2}, 'name': 'a'}",
        "{'say': 'x', 'arguments': {'x': {(1, 2): 3}}, 'name': 'a'}",
        '{"say": "\\ud800x", "arguments": {"x": "\\ud800"}, "name": "a"}',
        '{"say": "x", "arguments": {"x": ' + "1" * 5000 + '}, "name": "a"}',
        "[a" + ".b" * 300 + "(x=1)]",
        "[a(x=" + "-" * 300 + "y)]",
        "functions.a(" + "[" * 950 + "]" * 950 + ")",
        '{"tool_call":' * 300 + '{"name": "a", "arguments": {}}' + "}" * 300,
        *(
            '{"say": "x", "arguments": {"x": ' + "[" * deep + "]" * deep + '}, "name": "a"}'
            for deep in range(90, 999, 7)
        ),
    ],
    ids=lambda value: f"{value[:30]}, {len(value)}",
)
@pytest.mark.parametrize("spoken_field", ["", "say"])
def test_what_cannot_be_written_as_json_ends_no_reply(value: str, spoken_field: str) -> None:
    """Python's sets and bytes, half characters and deep brackets were errors in the middle of a reply."""
    for reply in (value, f"<tool_call>{value}</tool_call>", f"{FENCE}json\n{value}\n{FENCE}"):
        scaffolding = AgentFilter(["a"], spoken_field=spoken_field)
        for part in [*scaffolding.feed(f"Hi. {reply} Bye."), *scaffolding.flush()]:
            match part:
                case ToolCall():
                    assert (part.name + part.arguments).encode()
                case ReplyData():
                    assert part.content.encode()
                case _:
                    assert part.encode()


def test_several_calls_stand_side_by_side() -> None:
    two = read_calls('{"name": "a", "arguments": {}}; {"name": "b", "parameters": {"x": 1}}')
    assert [(call.name, call.arguments) for call in two] == [("a", "{}"), ("b", '{"x": 1}')]
    fenced = f"{FENCE}json\n{CALL}\n{CALL}\n{FENCE}"
    assert [call.name for call in heard(list(fenced))[1]] == ["get_weather"] * 2
    python = "[a(x=1), b(y='it\\'s', z=[1, None])]"
    assert [(call.name, json.loads(call.arguments)) for call in read_calls(python)] == [
        ("a", {"x": 1}), ("b", {"y": "it's", "z": [1, None]}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "name", "arguments"),
    [
        ("{oops}", "", "{oops}"),
        ('{"name": "a", "argu', "a", '{"name": "a", "argu'),
        ("x = 1", "", "x = 1"),
        ("[1, 2]", "", "1"),
        ("add(3, 4)", "add", "add(3, 4)"),
        ('call:a{x:<escape>it"s<escape>', "a", '{x:<escape>it"s<escape>'),
    ],
)
def test_a_call_that_cannot_be_read_is_kept_so_that_the_model_is_told(body: str, name: str, arguments: str) -> None:
    call = read_calls(body)[0]
    assert (call.name, call.arguments) == (name, arguments)


def test_data_are_not_calls() -> None:
    for value in (None, 1, "x", [], [1], {}, {"name": "Taro", "age": 3}, {"name": "x", "input": "y"}, [{"name": "a"}]):
        assert calls_of(value) == []
    assert [call.name for call in calls_of([{"name": "a"}], tools=["a"])] == ["a"]
    deep: object = {"name": "a", "arguments": {}}
    for _ in range(100_000):
        deep = {"function": deep}
    assert calls_of(deep) == []


def test_values_are_read_in_json_and_in_python() -> None:
    assert load('{"a": "two\nlines"}') == {"a": "two\nlines"}
    assert load("{'a': True, 'b': None}") == {"a": True, "b": None}
    for broken in ("", "{", "f(x)", "[" * 100_000, '{"a": 1e999999999999}x'):
        with pytest.raises(ValueError, match="not a value"):
            load(broken)

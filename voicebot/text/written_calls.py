"""The ways in which models write tool calls into their text, where no server has taken them out."""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Collection, Iterator

from voicebot.messages import ToolCall

CALL_BLOCKS: dict[str, tuple[str, ...]] = {
    # Hermes, Qwen, Granite and many others, Hunyuan, Jamba, Glaive, Olmo, MiniMax, Seed, LongCat, Nemotron, Anthropic
    "<tool_call>": ("</tool_call>",),
    "<tool_calls>": ("</tool_calls>",),
    "<function_call>": ("</function_call>",),
    "<function_calls>": ("</function_calls>",),
    "<functioncall>": ("</functioncall>",),
    "<TOOLCALL>": ("</TOOLCALL>",),
    "<minimax:tool_call>": ("</minimax:tool_call>",),
    "<seed:tool_call>": ("</seed:tool_call>",),
    "<longcat_tool_call>": ("</longcat_tool_call>",),
    "<xlam_function_call>": ("</xlam_function_call>",),
    "<TOOL_CALL>": ("</TOOL_CALL>",),
    "<tool_use>": ("</tool_use>",),
    "<tool_code>": ("</tool_code>",),
    "<tools>": ("</tools>",),
    "<tool>": ("</tool>",),
    "<function>": ("</function>",),
    "<function=": ("</function>",),
    "<function name=": ("</function>",),
    "<invoke name=": ("</invoke>",),
    "[TOOL_CALL]": ("[/TOOL_CALL]",),
    "[TOOL_REQUEST]": ("[END_TOOL_REQUEST]",),  # LM Studio
    # Phi, Granite, Gemma, Kimi, Liquid
    "<|tool_call|>": ("<|/tool_call|>",),
    "<|tool_call>": ("<tool_call|>",),
    "<start_function_call>": ("<end_function_call>",),
    "<|tool_calls_section_begin|>": ("<|tool_calls_section_end|>",),
    "<|tool_call_begin|>": ("<|tool_call_end|>",),
    "<|tool_call_start|>": ("<|tool_call_end|>",),
    # DeepSeek
    "<｜tool▁calls▁begin｜>": ("<｜tool▁calls▁end｜>",),
    "<｜tool▁call▁begin｜>": ("<｜tool▁call▁end｜>",),
    "<|tool▁calls▁begin|>": ("<|tool▁calls▁end|>",),
    "<｜DSML｜function_calls>": ("</｜DSML｜function_calls>",),
    # Cohere, InternLM, Apertus, gpt-oss
    "<|START_ACTION|>": ("<|END_ACTION|>",),
    "<|action_start|>": ("<|action_end|>",),
    "<|tools_prefix|>": ("<|tools_suffix|>",),
    "<|channel|>commentary to=": ("<|call|>", "<|end|>"),
    "<|start|>assistant<|channel|>commentary to=": ("<|call|>", "<|end|>"),
    "<|start|>assistant to=": ("<|call|>", "<|end|>"),
    # Llama, Mistral: to the end of the reply
    "<|python_tag|>": ("<|eom_id|>", "<|eot_id|>"),
    "[TOOL_CALLS]": (),
}
"""What a call begins with and what ends it."""
PLAIN_WORDS = {"<tool>", "<tools>", "<tool_use>", "<tool_code>", "<function>", "[TOOL_CALL]"}
"""Those that may well stand at the end of a reply."""
WORDS = PLAIN_WORDS | {
    "<tool_call>", "<tool_calls>", "<function_call>", "<function_calls>", "<functioncall>", "<TOOLCALL>",
    "<TOOL_CALL>", "<xlam_function_call>", "<tool_response>",
}  # fmt: skip
"""Those that somebody may write about: only what a call follows is one."""
INVENTED = {"<tool_response>": ("</tool_response>",)}
"""Tool output that a model makes up."""
CALL_LANGUAGES = {"tool_call", "tool_calls", "tool_code", "tool_use", "function_call", "function"}
"""What a fenced block that holds calls says it is written in."""

_NAMES = ("name", "tool_name", "tool", "function", "function_name", "action", "recipient_name")
_ARGUMENTS = (
    "arguments", "parameters", "args", "kwargs", "tool_input", "tool_args", "tool_parameters", "action_input", "input",
)  # fmt: skip
_WRAPPERS = ("tool_calls", "function_call", "tool_call", "tool_uses", "function")
_NAME = r"[A-Za-z_][\w.-]{0,63}"
_FIRST_WORD = re.compile(r"[\"']?([^\"'\s>]+)")
_MARKED = re.compile(
    r"<｜tool▁calls?▁(?:begin|end)｜>|<\|tool_calls?(?:_section)?_(?:begin|end)\|>|</?tool_calls?>|</?function_calls>"
    r"|<\|tool_call\|?>|<tool_call\|>|<\|plugin\|>"
)
_ASCII_BARS = re.compile(r"<\|(tool▁[\w▁]++)\|>")
_HEAD = re.compile(
    rf"(?:(?:function|tool)\s*+<｜tool▁sep｜>)?+(?:functions\.|call:)?+({_NAME})(?::\d+)?+"
    r"(?:<｜tool▁sep｜>|<\|tool_call_argument_begin\|>|\[CALL_ID\]\w*+|\[ARGS\]|<\|channel\|>\w++|<\|constrain\|>\w*+"
    r"|<\|message\|>|json\b|```\w*+|\(|\s++)*+(?=[{\[])"
)
"""What may stand between the name of a call and its arguments."""
_WRITTEN_NAME = re.compile(rf"[\"'](?:{'|'.join(_NAMES)})[\"']\s*:\s*[\"']([^\"'\\]+)[\"']|\[\s*({_NAME})\(")
_GEMMA_QUOTES = re.compile(r"<escape>|<\|\"\|>")
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)\s*:")
_AFTER_ARGUMENTS = re.compile(r"[` \n;,]*+")
_AFTER_VALUE = re.compile(r"[; \n,]*+")
_DECODER = json.JSONDecoder(strict=False)
_TAGGED = (
    ("<function=", "</function>", "<parameter="),
    ("<function name=", "</function>", "<parameter name="),
    ("<invoke name=", "</invoke>", "<parameter name="),
)
"""How a call begins whose name stands in a tag, how it ends, and how its parameters begin."""


def read_calls(body: str, *, tools: Collection[str] = ()) -> list[ToolCall]:
    """Return the calls, without ids, in a block that a model has marked as such.

    One that cannot be read is kept as it is, so that the model is told.
    """
    body = _ASCII_BARS.sub(r"<｜\1｜>", body.replace("｜DSML｜", ""))
    try:
        calls = [*_tagged(body)] or [
            call for part in _MARKED.split(body) if part.strip() for call in _read_part(part.strip(), tools)
        ]
    except RecursionError:
        calls = []
    if calls or not body.strip():
        return calls
    return [unreadable(body)]


def unreadable(body: str) -> ToolCall:
    """Return the call that `body` was meant to be."""
    name = _WRITTEN_NAME.search(body)
    return ToolCall("", (name[1] or name[2]).removeprefix("functions.") if name else "", body.strip())


def calls_of(value: object, tools: Collection[str] = ()) -> list[ToolCall]:
    """Return the calls that a JSON value describes; none where it describes something else, or not only calls."""
    try:
        return _calls_of(value, tools)
    except RecursionError:
        return []


def _calls_of(value: object, tools: Collection[str]) -> list[ToolCall]:
    items = value if isinstance(value, list) else [value]
    calls: list[ToolCall] = []
    for item in items:
        if not isinstance(item, dict):
            return []
        if (
            wrapped := next((item[key] for key in _WRAPPERS if isinstance(item.get(key), dict | list)), None)
        ) is not None:
            described = _calls_of(wrapped, tools)
        else:
            described = _described(item, tools)
        if not described:
            return []
        calls += described
    return calls


def load(text: str) -> object:
    """Return the value that `text` is, as JSON or in Python's words: it can be written as JSON. Raises ValueError."""
    try:
        return _writable(_DECODER.decode(text.strip()))
    except (ValueError, RecursionError) as error:
        try:
            return _writable(ast.literal_eval(_parsed(text.strip())))
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            raise ValueError(f"not a value: {error}") from error


def _raw(text: str, at: int = 0) -> tuple[object, int]:
    """Return the JSON value at this place of `text`, and where it ends. Raises ValueError and RecursionError."""
    value, end = _DECODER.raw_decode(text, at)
    return _writable(value), end


def _writable(value: object) -> object:
    """Return `value` without half characters, which no server takes. Raises TypeError for what is not JSON's."""
    written = json.dumps(value, ensure_ascii=False)
    whole = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value if whole == written else json.loads(whole)


def _parsed(text: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a model's escapes are nobody's fault
        return ast.parse(text, mode="eval").body


def _described(item: dict[str, object], tools: Collection[str]) -> list[ToolCall]:
    name = next((value for key in _NAMES if isinstance(value := item.get(key), str) and value), "")
    if not name:
        return []
    key = next((key for key in _ARGUMENTS if key in item), "")
    arguments = item.get(key, {})
    if name not in tools and not (
        key and (key == "action_input" or isinstance(arguments, dict) or _is_object(arguments))
    ):
        return []
    return [ToolCall("", name.removeprefix("functions."), _arguments(arguments))]


def _is_object(text: object) -> bool:
    return isinstance(text, str) and text.strip().startswith("{")


def _arguments(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _tagged(body: str) -> Iterator[ToolCall]:
    """Yield the calls whose names and parameters stand in tags."""
    for opening, closing, parameter in _TAGGED:
        for name, inside in _pieces(body, opening, closing):
            yield ToolCall("", name, _object_in(inside, parameter))
    name, keys, rest = body.partition("<arg_key>")
    if keys and re.fullmatch(rf"\s*({_NAME})\s*", name):
        pairs = (piece.partition("</arg_key>") for piece in rest.split(keys))
        arguments = {key.strip(): _between(value, "<arg_value>", "</arg_value>") for key, _, value in pairs}
        yield ToolCall("", name.strip(), _arguments(arguments))


def _pieces(text: str, opening: str, closing: str) -> Iterator[tuple[str, str]]:
    """Yield the name behind each `opening` and what stands between it and its `closing`, or the next one."""
    for piece in text.split(opening)[1:]:
        head, _, inside = piece.partition(">")
        if name := _FIRST_WORD.match(head):
            yield name[1], inside.partition(closing)[0]


def _object_in(inside: str, parameter: str) -> str:
    """Return the arguments between two tags: JSON, or parameters in tags of their own."""
    if inside.lstrip().startswith("{"):
        return inside.strip()
    return _arguments({name: _without_line_ends(value) for name, value in _pieces(inside, parameter, "</parameter>")})


def _between(text: str, opening: str, closing: str) -> str:
    return _without_line_ends(text.partition(opening)[2].partition(closing)[0])


def _without_line_ends(text: str) -> str:
    return text.removeprefix("\n").removesuffix("\n")


def _read_part(part: str, tools: Collection[str]) -> Iterator[ToolCall]:
    if part.startswith(("{", "[")) and (calls := [*_values(part, tools)] or _python_calls(part)):
        yield from calls
        return
    named = False
    at = 0
    while head := _HEAD.match(part, at):
        named = True
        try:
            value, at = _raw(part, head.end())
        except (ValueError, RecursionError):
            yield ToolCall("", head[1], _gemma_arguments(part[head.end() :]))
            return
        yield ToolCall("", head[1], _arguments(value))
        at = _behind(_AFTER_ARGUMENTS, part, at)
    if not named:
        yield from _python_calls(part) or [unreadable(part)]


def _values(part: str, tools: Collection[str]) -> Iterator[ToolCall]:
    """Yield the calls of JSON values that stand one behind the other."""
    at = 0
    while at < len(part):
        try:
            value, end = _raw(part, at)
        except (ValueError, RecursionError):
            try:
                value, end = load(part[at:]), len(part)
            except ValueError:
                return
        for item in value if isinstance(value, list) else [value]:
            yield from calls_of(item, tools) or [_lenient(item)]
        at = _behind(_AFTER_VALUE, part, end)


def _behind(separators: re.Pattern[str], text: str, at: int) -> int:
    """Return where what separates two calls ends; the rest of `text` is not copied, it may hold 100,000 of them."""
    found = separators.match(text, at)
    return found.end() if found else at


def _lenient(item: object) -> ToolCall:
    """Return the call that a value in a marked block must be."""
    fields = item if isinstance(item, dict) else {}
    if len(fields) == 1 and isinstance(arguments := next(iter(fields.values())), dict):
        return ToolCall("", next(iter(fields)), _arguments(arguments))  # as Apertus does
    name = next((str(fields[key]) for key in _NAMES if key in fields), "")
    key = next((key for key in _ARGUMENTS if key in fields), "")
    if not name:
        return ToolCall("", "", _arguments(item))
    return ToolCall("", name, _arguments(fields.get(key, {})))


def _python_calls(part: str) -> list[ToolCall]:
    """Return the calls in `[weather(city="Oslo")]`, `weather(…)`, `print(weather(…))` or `search.call(…)`."""
    try:
        body = _parsed(part)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    calls: list[ToolCall] = []
    for item in body.elts if isinstance(body, ast.List | ast.Tuple) else [body]:
        if not isinstance(item, ast.Call):
            return []
        name = ast.unparse(item.func)
        if name == "print" and len(item.args) == 1 and isinstance(item.args[0], ast.Call):
            item = item.args[0]
            name = ast.unparse(item.func)
        named = {keyword.arg: _literal(keyword.value) for keyword in item.keywords if keyword.arg}
        arguments = ast.unparse(item) if item.args else _arguments(named)  # which have no names
        calls.append(ToolCall("", name.removesuffix(".call").removeprefix("functions."), arguments))
    return calls


def _literal(node: ast.expr) -> object:
    try:
        value = ast.literal_eval(node)
        json.dumps(value)
    except (ValueError, TypeError, RecursionError):
        return ast.unparse(node)
    return value


def _gemma_arguments(written: str) -> str:
    """Return as JSON what Gemma writes without quotation marks around keys and with words of its own around texts."""
    text = _BARE_KEY.sub(r'\1"\2":', _GEMMA_QUOTES.sub('"', written)).strip()
    try:
        value, _ = _raw(text)
    except (ValueError, RecursionError):
        return written.strip()
    return _arguments(value)

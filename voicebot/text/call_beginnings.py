"""Whether a tool call, or any other JSON, begins at a place of a text that may not be complete yet."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal

from voicebot.text.written_calls import CALL_BLOCKS, CALL_LANGUAGES, INVENTED, WORDS

Verdict = Literal["yes", "no", "unfinished"]
"""The text is unfinished, and more of it has to be seen."""

BLOCKS = CALL_BLOCKS | INVENTED
LIST_NAME = "functools"
"""What Phi and FireFunction put in front of a list of calls."""
FUNCTIONS = "functions."
"""What models put in front of the names of functions, as OpenAI's prompts do."""
LONGEST_BEGINNING = 600
"""Characters; what is not decided after this many is not a call."""

_TAG = re.compile("|".join(map(re.escape, BLOCKS)))
_PARTS_OF_TAGS = frozenset(tag[:length] for tag in BLOCKS for length in range(1, len(tag)))
_SPACE = re.compile(r"\s*+")
_KEY = re.compile(r"\"[^\"\\\n]{0,100}+(\"?+)|'[^'\\\n]{0,100}+('?+)")
_NAME = re.compile(r"[A-Za-z_][\w.-]{0,63}+")
_CALL = re.compile(r"\[\s*+([A-Za-z_][\w.]{0,63}+)(?:(\()\s*+([A-Za-z_]\w{0,63}+)?+\s*+)?+")
_BRACKET = re.compile(r"([A-Za-z_][\w.-]{0,63}+)\s*+(\()?+\s*+([A-Za-z_]\w{0,63}+)?+\s*+")
_FENCE = re.compile(r"(`++|~++)(?:[ \t]*+([\w+-]*+)[ \t]*+)")
_TAGS_IN_CALLS = ("<tool_call>", "<function=", "<invoke name=", "<parameter", "<arg_key>")


def begins(text: str, *, at_line_start: bool, tools: Collection[str]) -> Verdict:
    """Tell whether a call, a value or a fenced block begins with the first character of `text`."""
    match text[:1]:
        case "<":
            verdict = begins_block(text)
        case "{":
            verdict = begins_object(text)
        case "[":
            verdict = either(begins_block(text), begins_array(text), begins_python(text, tools))
        case "`" | "~":
            verdict = begins_fence(text) if at_line_start else "no"
        case _:
            verdict = begins_named(text, at_line_start=at_line_start, tools=tools)
    return "no" if verdict == "unfinished" and len(text) >= LONGEST_BEGINNING else verdict


def begins_block(text: str) -> Verdict:
    """Tell whether `text` begins with the tag of a call. A tag that people also write about counts only if a call
    follows it."""
    if tag := _TAG.match(text):
        return _begins_body(text[tag.end() :]) if tag[0] in WORDS else "yes"
    return "unfinished" if text in _PARTS_OF_TAGS else "no"


def begins_object(text: str) -> Verdict:
    """Tell whether `text` begins with a brace, a key and a colon."""
    if not text.startswith("{"):
        return "no"
    at = _behind_space(text, 1)
    if at == len(text):
        return "unfinished"
    key = _KEY.match(text, at)
    if key is None:
        return "no"
    if not (key[1] or key[2]):
        return "unfinished" if key.end() == len(text) else "no"
    at = _behind_space(text, key.end())
    return "unfinished" if at == len(text) else "yes" if text[at] == ":" else "no"


def begins_array(text: str) -> Verdict:
    """Tell whether `text` begins with an array of objects."""
    at = _behind_space(text, 1)
    if not text.startswith("[") or at == len(text):
        return "unfinished" if text.startswith("[") else "no"
    return begins_object(text[at:]) if text[at] == "{" else "no"


def begins_value(text: str) -> Verdict:
    """Tell whether `text` begins with an object or an array of objects."""
    return either(begins_object(text), begins_array(text))


def begins_python(text: str, tools: Collection[str]) -> Verdict:
    """Tell whether `text` begins with a list of Python calls: of one of `tools`, or with a named argument.

    Names in capitals are those of classes: that is how Python writes down what is not a call.
    """
    if _behind_space(text, 1) == len(text):
        return "unfinished"
    call = _CALL.match(text)
    if call is None:
        return "no"
    name, bracket, argument = call.groups()
    if bracket and name in tools:
        return "yes"
    if call.end() == len(text):
        return "unfinished"
    return "yes" if bracket and argument and text[call.end()] == "=" and not name[0].isupper() else "no"


def begins_named(text: str, *, at_line_start: bool, tools: Collection[str]) -> Verdict:
    """Tell whether `text` begins with functions.name(…), or at the start of a line with functools[…] or one of `tools`.

    In the brackets stand an object or named arguments.
    """
    verdict = begins_with(text, FUNCTIONS)
    if verdict == "yes":
        verdict = _begins_arguments(text[len(FUNCTIONS) :])
    if not at_line_start:
        return verdict
    listed = begins_with(text, f"{LIST_NAME}[")
    if listed == "yes" and begins_value(text[len(LIST_NAME) :]) == "unfinished":
        listed = "unfinished"  # whether the list is JSON or Python is still to be seen
    return either(verdict, listed, *(_begins_arguments(text, name) for name in tools))


def _begins_arguments(text: str, name: str = "") -> Verdict:
    """Tell whether `text` begins with this name, or any, and its arguments in brackets."""
    if not text.startswith(name):
        return begins_with(text, name)
    found = _BRACKET.match(text)
    if found is None:
        return "no" if text else "unfinished"
    if found.end() == len(text):
        return "unfinished"
    if not found[2] or (name and found[1] != name):
        return "no"
    if found[3]:
        return "yes" if text[found.end()] == "=" else "no"
    return begins_object(text[found.end() :])


def begins_fence(text: str) -> Verdict:
    """Tell whether `text` begins with a fenced block, whatever is in it."""
    fence = _FENCE.match(text)
    if fence is None or fence.end() == len(text):
        return "unfinished"
    if len(fence[1]) < 3:
        return "no"
    if text[fence.end()] != "\n":
        line, line_end, _ = text[fence.end() :].partition("\n")
        if (in_line := begins_value(text[fence.end() :])) != "no":
            return in_line
        return "no" if fence[1] in line else "yes" if line_end else "unfinished"
    body = _behind_space(text, fence.end())
    if fence[2] in CALL_LANGUAGES:
        return "yes"
    if body == len(text):
        return "unfinished"
    return "unfinished" if begins_value(text[body:]) == "unfinished" else "yes"


def fence_of(text: str) -> tuple[str, str, int]:
    """Return the marks and the language of the fenced block with which `text` begins, and where its body begins."""
    fence = _FENCE.match(text)
    assert fence, "there is one"
    return fence[1], fence[2], _behind_space(text, fence.end())


def begins_with(text: str, wanted: str) -> Verdict:
    """Tell whether `text` begins with `wanted`."""
    return "yes" if text.startswith(wanted) else "unfinished" if wanted.startswith(text) else "no"


def either(*verdicts: Verdict) -> Verdict:
    """Return what `verdicts` about one text come to."""
    return "yes" if "yes" in verdicts else "unfinished" if "unfinished" in verdicts else "no"


def _begins_body(body: str) -> Verdict:
    """Tell whether the body of a call begins here, after whitespace."""
    at = _behind_space(body, 0)
    if at == len(body):
        return "unfinished"
    if body[at] in "{[":
        return "yes"
    if body[at] == "<":
        return either(*(begins_with(body[at:], tag) for tag in _TAGS_IN_CALLS))
    name = _NAME.match(body, at)
    if name is None:
        return "no"
    if name.end() == len(body):
        return "unfinished"
    if body[name.end()] == "(":
        return "yes"
    at = _behind_space(body, name.end())
    if at == len(body):
        return "unfinished"
    if "\n" in body[name.end() : at] and body[at] in "{`":
        return "yes"
    return begins_with(body[at:], "<arg_key>")


def _behind_space(text: str, at: int) -> int:
    """Return where the whitespace at this place ends, if there is any."""
    found = _SPACE.match(text, at)
    return found.end() if found else at

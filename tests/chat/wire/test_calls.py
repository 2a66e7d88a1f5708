"""Tool calls come in parts, numbered in many ways."""

from __future__ import annotations

import pytest

from voicebot.chat.wire.calls import CallPart, JoinedCalls


@pytest.mark.parametrize(
    "parts",
    [
        [(0, "a", "x", "{"), (0, "b", "y", "{"), (0, "b", "", "}")],  # every call is number 0
        [(None, "a", "x", "{"), (None, "b", "y", "{"), (None, "", "", "}")],  # nothing is numbered
        [(None, "", "x", "{"), (None, "", "y", "{"), (None, "", "", "}")],
        [(3, "a", "x", "{"), (1, "b", "y", "{"), (1, "b", "y", "}")],
        [(0, "", "x", ""), (0, "", "", "{"), (1, "b", "y", "{"), (1, "", "", "}")],
    ],
)
def test_calls_are_told_apart_however_they_are_numbered(parts: list[tuple[int | None, str, str, str]]) -> None:
    calls = JoinedCalls()
    for index, number, name, arguments in parts:
        calls.feed(CallPart(index, number, name, arguments))
    assert [(call.name, call.arguments) for call in calls.finish(cut_short=False)] == [("x", "{"), ("y", "{}")]

"""No part of a secret that is long enough to be one leaves a turn, however it comes."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import QUESTION, pipeline, turn
from voicebot import events
from voicebot.errors import ChatError
from voicebot.messages import Message, ReplyData, ReplyPart, ToolCall
from voicebot.testing import EventRecorder, ScriptedChat
from voicebot.text.redaction import StreamRedactor, spellings

KEY = "sk-canary-0123456789"
SEEN_AT_MOST = 3
"""Letters of it: behind a letter or digit a secret is noticed after this many."""
FILLERS = st.sampled_from(["Your key is ", "s", "sk", "k-", "-", " ", "。", "鍵は", "**", "`", "\n", "x", ". "])


class Scripted(ScriptedChat):
    """Sends these parts, whatever they are."""

    def __init__(self, parts: Sequence[ReplyPart], error: ChatError | None = None) -> None:
        super().__init__([], error)
        self._parts = parts

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # type: ignore[override]  # more than text  # noqa: ARG002 - the protocol has it
        for part in self._parts:
            yield part
        if self.error:
            raise self.error


def told(parts: Sequence[ReplyPart], error: ChatError | None = None, *, speak: bool) -> EventRecorder:
    """The events of a turn whose process holds the key; neither its events nor its outcome has more of it."""
    made = replace(pipeline(Scripted(parts, error)), new_redactor=partial(StreamRedactor, spellings([KEY])))
    outcome, recorder = turn(made if speak else replace(made, synthesizer=None))
    tellable = KEY[: SEEN_AT_MOST + 1]
    for event in recorder.events:
        assert tellable not in json.dumps(events.as_dict(event), ensure_ascii=False)
    assert tellable not in "".join(event.text for event in recorder.of(events.Delta))
    assert tellable not in outcome.heard + outcome.unsaid + outcome.skipped
    if outcome.error is not None:
        assert tellable not in f"{outcome.error} {outcome.error.message} {outcome.error.hint}"
    return recorder


@given(st.lists(st.one_of(FILLERS, st.just(KEY)), min_size=1).map("".join), st.data(), st.booleans())
def test_of_a_secret_in_a_reply_nothing_leaves_the_turn_however_it_is_split(
    text: str, data: st.DataObject, speak: bool
) -> None:
    """The first letters of a key were passed on before the rest of it came."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    told([text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)], speak=speak)


def test_of_a_secret_in_anything_else_nothing_leaves_the_turn_either() -> None:
    """The command printed no keys, but the events of a server held them."""
    arguments = json.dumps({"key": KEY})
    recorder = told(
        [
            "Let me see. ",
            Message("assistant", "", tool_calls=(ToolCall("1", "look", arguments),)),
            Message("tool", f"401: wrong key {KEY}", tool_call_id="1", tool_name="look"),
            ReplyData(arguments),
        ],
        ChatError(f"the server says: wrong key {KEY}", hint=f"is {KEY[:15]}… right?"),
        speak=True,
    )
    assert json.loads(recorder.of(events.ToolCalled)[0].arguments) == {"key": "[secret]"}
    assert recorder.of(events.ToolAnswered)[0].content == "401: wrong key [secret]"
    (ended,) = recorder.of(events.TurnEnded)
    assert (ended.error, ended.hint) == ("the server says: wrong key [secret]", "is [secret]… right?")


def test_of_a_secret_in_a_question_nothing_leaves_the_turn() -> None:
    made = replace(pipeline(Scripted(["Yes."])), new_redactor=partial(StreamRedactor, (QUESTION[0].content,)))
    _, recorder = turn(made)
    assert recorder.of(events.TurnStarted)[0].message == "[secret]"

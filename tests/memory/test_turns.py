"""What the chat model is told of one turn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.memory.builders import call, outcome, result
from voicebot.memory.turns import finished_turn
from voicebot.messages import Message, ToolCall

QUESTION = Message("user", "何時？")


def told(*exchanged: Message, heard: str = "", complete: bool = True) -> tuple[Message, ...]:
    ended = outcome(heard, kind="completed" if complete else "interrupted", exchanged=exchanged)
    return finished_turn("何時？", ended, model="m").messages()


def test_a_reply_is_told_as_far_as_it_was_heard() -> None:
    assert told(heard=" 十二時 ") == (QUESTION, Message("assistant", "十二時"))
    assert told(heard="十二", complete=False) == (QUESTION, Message("assistant", "十二", interrupted=True))


def test_a_turn_in_which_nothing_was_heard_and_nothing_done_is_not_told() -> None:
    assert told(heard=" \n", complete=False) == ()


def test_a_tool_loop_stands_between_question_and_reply() -> None:
    assert told(call("1"), result("1"), heard="十二時半です。") == (
        QUESTION,
        call("1"),
        result("1"),
        Message("assistant", "十二時半です。"),
    )


def test_text_before_a_tool_call_is_told_once() -> None:
    _, asked, _, reply = told(call("1", content="調べます。"), result("1"), heard="調べます。 十二時半です。")
    assert (asked.content, reply.content) == ("調べます。", "十二時半です。")


def test_text_before_a_tool_call_is_told_as_far_as_it_was_heard() -> None:
    """The tool ran while the text before its call was still being spoken."""
    _, asked, _, reply = told(
        call("1", content="Let me look at the clock."), result("1"), heard="Let me look", complete=False
    )
    assert (asked.content, reply) == ("Let me look", Message("assistant", "", interrupted=True))


def test_text_before_a_tool_call_that_was_not_meant_to_be_spoken_stays() -> None:
    _, asked, _, reply = told(call("1", content="I need the clock."), result("1"), heard="Half past twelve.")
    assert (asked.content, reply.content) == ("I need the clock.", "Half past twelve.")


def test_a_tool_that_was_used_is_told_even_if_nothing_was_heard() -> None:
    assert told(call("1"), result("1"), complete=False) == (
        QUESTION,
        call("1"),
        result("1"),
        Message("assistant", "", interrupted=True),
    )


def test_a_call_without_a_result_is_not_told() -> None:
    assert told(call("1"), complete=False) == ()
    both = Message("assistant", "", tool_calls=(ToolCall("1", "clock", "{}"), ToolCall("2", "sum", "{}")))
    _, asked, answered, _ = told(both, result("2"), heard="a", complete=False)
    assert (asked.tool_calls, answered) == ((ToolCall("2", "sum", "{}"),), result("2"))


IDS = st.sampled_from(["", "1", "2", "3"])
EXCHANGE = st.lists(
    st.one_of(
        st.builds(result, IDS),
        st.builds(
            lambda ids: Message("assistant", "", tool_calls=tuple(ToolCall(i, "t", "{}") for i in ids)), st.lists(IDS)
        ),
    ),
    max_size=8,
)


@given(EXCHANGE)
def test_whatever_was_exchanged_every_call_has_its_result_behind_it(exchanged: list[Message]) -> None:
    waiting: list[str] = []
    for message in told(*exchanged, heard="x"):
        if message.role == "tool":
            waiting.remove(message.tool_call_id)
        else:
            assert not waiting
            waiting = [call.id for call in message.tool_calls]
    assert not waiting

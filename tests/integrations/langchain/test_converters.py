"""Promises of the conversion between LangChain's messages and ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, Generation, GenerationChunk, LLMResult

from voicebot.chat.langchain_runnable import as_langchain
from voicebot.integrations.langchain.converters import (
    as_message,
    asked_text,
    call_chunk,
    delta_chunk,
    delta_text,
    last_chunk,
    whole_reply,
)
from voicebot.messages import Message, ToolCall, Usage

texts = st.text(max_size=20)
whole_arguments = st.dictionaries(texts, texts, max_size=2).map(lambda value: json.dumps(value, ensure_ascii=False))
broken_arguments = st.sampled_from(['{"city": "京', "[1]", "sunny"])


def calls(arguments: st.SearchStrategy[str]) -> st.SearchStrategy[list[ToolCall]]:
    return st.lists(st.builds(ToolCall, id=texts, name=texts, arguments=arguments), max_size=2)


messages = st.one_of(
    st.builds(Message, st.sampled_from(["system", "user"]), texts),
    st.builds(Message, st.just("tool"), texts, tool_call_id=texts, tool_name=texts),
    st.builds(
        lambda text, whole, broken: Message("assistant", text, tool_calls=(*whole, *broken)),
        texts,
        calls(whole_arguments),
        calls(broken_arguments),
    ),
)


@given(st.lists(messages))
def test_a_message_comes_back_from_langchain_as_it_was(conversation: list[Message]) -> None:
    assert [as_message(message) for message in as_langchain(conversation)] == conversation


def test_a_reply_in_chunks_is_the_reply() -> None:
    chunks = [
        delta_chunk("見ま"),
        delta_chunk("す。"),
        call_chunk(ToolCall("c1", "weather", '{"city": "京都"}'), 0),
        call_chunk(ToolCall("c2", "clock", "{}"), 1),
        last_chunk(Usage(11, 7, finish_reason="tool_calls"), model="tiny", provider="voicebot-ollama"),
    ]
    reply = sum(chunks[1:], chunks[0]).message
    assert isinstance(reply, AIMessageChunk)
    assert reply.content == "見ます。"
    called = [(call["id"], call["name"], call["args"]) for call in reply.tool_calls]
    assert called == [("c1", "weather", {"city": "京都"}), ("c2", "clock", {})]
    assert reply.usage_metadata == {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    assert reply.response_metadata["finish_reason"] == "tool_calls"


def test_counts_that_the_server_does_not_tell_are_not_made_up() -> None:
    reply = last_chunk(Usage(), model="tiny", provider="voicebot-ollama").message
    assert isinstance(reply, AIMessageChunk)
    assert reply.usage_metadata is None
    assert "finish_reason" not in reply.response_metadata


def test_of_what_callbacks_are_told_only_text_is_text() -> None:
    blocks = AIMessage([{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "Four."}, " Or five."])
    assert asked_text([[HumanMessage("hi"), blocks]]) == "Four. Or five."
    assert asked_text([]) == asked_text([[]]) == ""
    assert delta_text("Four.", None) == delta_text("Four.", GenerationChunk(text="Four.")) == "Four."
    assert whole_reply(LLMResult(generations=[[ChatGeneration(message=blocks)]])) == ("Four. Or five.", False)
    assert whole_reply(LLMResult(generations=[[Generation(text="Four.")]])) == ("Four.", False)
    assert whole_reply(LLMResult(generations=[])) == ("", False)


@pytest.mark.parametrize("arguments", ['{"city": "Oslo"}', '{"city": '])
def test_a_reply_that_calls_a_tool_says_so_even_if_the_call_is_broken(arguments: str) -> None:
    (reply,) = as_langchain([Message("assistant", "Let me look.", tool_calls=(ToolCall("1", "weather", arguments),))])
    assert whole_reply(LLMResult(generations=[[ChatGeneration(message=reply)]])) == ("Let me look.", True)

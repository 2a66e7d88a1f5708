"""Promises of graphs that keep the conversation themselves: one thread a conversation, and nothing told twice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langgraph.checkpoint.memory import MemorySaver
from langgraph.graph import START, MessagesState, StateGraph

from tests.fakes import pipeline
from tests.integrations.langchain.scripted_model import ScriptedModel, scripted
from voicebot.app import Engines, open_conversation
from voicebot.audio.silent import SilentOutput
from voicebot.chat.answers import answers_only
from voicebot.chat.langchain_runnable import RunnableChat
from voicebot.chat.langchain_runnable.threads import untold
from voicebot.config.models import ChatLangChain, Config
from voicebot.conversation import Conversation
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message, ReplyPart, ToolCall
from voicebot.protocols import for_new_conversation
from voicebot.testing import CostingSynthesizer, ScriptedChat

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """LangChain runs on asyncio alone."""
    return "asyncio"


def keeper(
    model: ScriptedModel, saver: MemorySaver | None = None
) -> Any:  # Any: LangGraph's types need its state twice
    """A graph that keeps the conversation."""

    async def reply(state: MessagesState) -> dict[str, list[AnyMessage]]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("reply", reply)
    graph.add_edge(START, "reply")
    return graph.compile(checkpointer=saver or MemorySaver())


def chat_of(graph: Any, *, conversation: str = "") -> RunnableChat:
    return RunnableChat(graph, ChatLangChain(kind="langchain", runnable="my.module:it"), conversation=conversation)


async def said(chat: RunnableChat, messages: Sequence[Message]) -> list[ReplyPart]:
    async with aclosing(chat.stream_reply(messages)) as reply:
        return [part async for part in reply]


def texts(messages: Sequence[BaseMessage]) -> list[tuple[str, object]]:
    return [(message.type, message.content) for message in messages]


async def test_a_graph_with_a_memory_of_its_own_is_given_a_thread_and_told_nothing_twice() -> None:
    """Without a thread_id it failed at its first word."""
    llm = scripted(["Hi."], ["Taro."], ["Bye."])
    memory = WindowMemory(system_prompt="Be kind.", turns=5)
    voice = CostingSynthesizer(delay=0, rtf=0)
    conversation = Conversation(
        replace(pipeline(ScriptedChat([]), voice), chat=answers_only(chat_of(keeper(llm)), runs_tools=True)),
        memory=memory,
    )
    for message in ("I am Taro.", "Who am I?", "Bye."):
        assert (await conversation.speak(message)).kind == "completed"
    assert voice.said == ["Hi.", "Taro.", "Bye."]
    assert texts(llm.asked[2]) == [
        ("system", "Be kind."), ("human", "I am Taro."), ("ai", "Hi."), ("human", "Who am I?"), ("ai", "Taro."),
        ("human", "Bye."),
    ]  # fmt: skip


async def test_each_conversation_has_a_thread_of_its_own() -> None:
    llm = scripted(["One."], ["Two."], ["Three."])
    first = answers_only(chat_of(keeper(llm)), runs_tools=True)
    second = for_new_conversation(first)
    for chat in (first, second, first):
        async with aclosing(chat.stream_reply([Message("user", "Hello.")])) as reply:
            assert [part async for part in reply]
    assert [len(asked) for asked in llm.asked] == [1, 1, 3]
    assert for_new_conversation(plain := ScriptedChat([])) is plain
    assert for_new_conversation(simple := answers_only(plain)) is simple


async def test_conversations_that_share_their_engines_do_not_share_threads() -> None:
    llm = scripted(["One."], ["Two."])
    engines = Engines(chat_of(keeper(llm)), None, None, None, None)
    for _ in range(2):
        memory = WindowMemory(system_prompt="", turns=5)
        output = SilentOutput(realtime=False)
        async with open_conversation(engines, Config(), notify=print, output=output, memory=memory) as conversation:
            await conversation.speak("Hello.")
    assert [len(asked) for asked in llm.asked] == [1, 1]


async def test_a_thread_that_the_runnable_brings_along_is_kept() -> None:
    saver, llm = MemorySaver(), scripted(["Hi."])
    graph = keeper(llm, saver).with_config(configurable={"thread_id": "mine"})
    assert await said(chat_of(graph), [Message("user", "Hello.")]) == ["Hi."]
    assert {checkpoint.config["configurable"]["thread_id"] for checkpoint in saver.list(None)} == {"mine"}


async def test_of_an_answer_that_was_interrupted_the_thread_knows_what_was_heard() -> None:
    llm = scripted(["One. Two. Three."], ["Four."])
    chat = chat_of(keeper(llm))
    await said(chat, [Message("user", "Count.")])
    await said(
        chat, [Message("user", "Count."), Message("assistant", "One.", interrupted=True), Message("user", "On.")]
    )
    assert texts(llm.asked[1]) == [("human", "Count."), ("ai", "One."), ("human", "On.")]


ASKED, ANSWERED = HumanMessage("a"), AIMessage("A", id="1")
HISTORY = [Message("system", "s"), Message("user", "a"), Message("assistant", "A"), Message("user", "b")]


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ([], ["s", "a", "A", "b"]),
        ([SystemMessage("s"), ASKED, ANSWERED], ["b"]),
        ([ASKED], ["A", "b"]),  # cancelled before it was kept
        ([HumanMessage("x"), AIMessage("X")], ["a", "A", "b"]),  # of another program
        ([ASKED, ANSWERED, HumanMessage("unheard"), AIMessage("U")], ["A", "b"]),
        ([ASKED, AIMessage("", tool_calls=[{"name": "t", "args": {}, "id": "1"}])], ["A", "b"]),
    ],
)
def test_a_thread_is_told_what_came_behind_the_last_question_that_it_knows(
    known: list[BaseMessage], told: list[str]
) -> None:
    assert [message.content for message in untold(known, HISTORY).messages] == told


def test_calls_that_a_thread_may_know_are_not_told_twice() -> None:
    calls = [Message("assistant", "", tool_calls=(ToolCall("1", "t", "{}"),)), Message("tool", "x", tool_call_id="1")]
    messages = [Message("user", "a"), *calls, Message("assistant", "A"), Message("user", "a")]
    assert [message.content for message in untold([ASKED], messages).messages] == ["A", "a"]
    assert [message.content for message in untold([ASKED, ANSWERED], messages).messages] == ["a"]

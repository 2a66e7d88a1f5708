"""Promises of graphs whose nodes say themselves what follows: the answer is spoken, and no choice of a router."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import Any, Literal

import pytest
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import Command

from tests.integrations.langchain.scripted_model import ScriptedModel, agent, scripted
from voicebot.chat.langchain_runnable import RunnableChat
from voicebot.config.models import ChatLangChain
from voicebot.messages import Message, ReplyPart

pytestmark = pytest.mark.anyio

HELLO = [Message("user", "How is the weather?")]
Node = Any  # LangGraph has no name for what a node may be


@pytest.fixture
def anyio_backend() -> str:
    """LangChain runs on asyncio alone."""
    return "asyncio"


def writer(model: ScriptedModel) -> Node:
    """A node that puts what its model writes into the conversation."""

    async def write(state: MessagesState) -> dict[str, Any]:  # Any: as LangGraph has it
        return {"messages": [await model.ainvoke(state["messages"])]}

    return write


def router(model: ScriptedModel) -> Node:
    """A node that goes where its model says, and tells nobody before."""

    async def choose(state: MessagesState):  # type: ignore[no-untyped-def]  # LangGraph would read it
        chosen = await model.ainvoke(state["messages"])
        return Command(goto=END if chosen.content == "FINISH" else str(chosen.content))

    return choose


def annotated_router(model: ScriptedModel) -> Node:
    """The same that says where it may go."""

    async def choose(state: MessagesState) -> Command[Literal["weather", "maths"]]:
        chosen = await model.ainvoke(state["messages"])
        return Command(goto=str(chosen.content))  # type: ignore[arg-type]  # it is one of them

    return choose


def graph_of(nodes: dict[str, Node], *edges: tuple[str, str]) -> Any:  # Any: LangGraph's types need its state twice
    """A graph that begins with the first of `nodes`."""
    graph = StateGraph(MessagesState)
    for name, node in nodes.items():
        graph.add_node(name, node)
    for source, target in ((START, next(iter(nodes))), *edges):
        graph.add_edge(source, target)
    return graph.compile()


async def said(graph: Any, messages: Sequence[Message] = HELLO) -> list[ReplyPart]:
    chat = RunnableChat(graph, ChatLangChain(kind="langchain", runnable="my.module:it"))
    async with aclosing(chat.stream_reply(messages)) as reply:
        return [part async for part in reply]


@pytest.mark.parametrize("new_router", [router, annotated_router])
@pytest.mark.parametrize("edges", [[("weather", END), ("maths", END)], []])
async def test_the_answer_is_spoken_and_not_what_the_router_wrote(
    new_router: Callable[[ScriptedModel], Node], edges: list[tuple[str, str]]
) -> None:
    """With a Command that was not annotated the router's "weather" was spoken and the answer lost."""
    nodes = {
        "router": new_router(scripted(["wea", "ther"])),
        "weather": writer(scripted(["It is ", "sunny."])),
        "maths": writer(scripted(["Four."])),
    }
    parts = await said(graph_of(nodes, *edges))
    assert "".join(map(str, parts)) == "It is sunny."
    if edges or new_router is annotated_router:  # otherwise weather might go on to another node
        assert parts == ["It is ", "sunny."]


async def test_a_router_that_answers_itself_is_heard() -> None:
    async def greet(state: MessagesState) -> Command[Literal["weather", "__end__"]]:
        return Command(goto="__end__", update={"messages": [await llm.ainvoke(state["messages"])]})

    llm = scripted(["Hello. ", "What can I do?"])
    parts = await said(graph_of({"greet": greet, "weather": writer(scripted(["It is sunny."]))}))
    assert parts == ["Hello. What can I do?"]


async def test_of_a_supervisor_and_its_workers_the_last_worker_is_heard() -> None:
    """The supervisor's "weather" and "FINISH" were spoken, and the worker's answer was lost."""

    async def supervise(state: MessagesState) -> Command[Literal["weather", "__end__"]]:
        chosen = str((await llm.ainvoke(state["messages"])).content)
        return Command(goto="__end__" if chosen == "FINISH" else "weather")

    async def work(state: MessagesState) -> Command[Literal["supervise"]]:
        return Command(goto="supervise", update={"messages": [await worker.ainvoke(state["messages"])]})

    llm = scripted(["weather"], ["weather"], ["FINISH"])
    worker = scripted(["Let me look."], ["It is ", "sunny."])
    assert await said(graph_of({"supervise": supervise, "weather": work})) == ["It is sunny."]


async def test_routers_behind_routers_are_not_heard() -> None:
    nodes = {
        "first": router(scripted(["second"])),
        "second": router(scripted(["weather"])),
        "weather": writer(scripted(["It is sunny."])),
    }
    assert await said(graph_of(nodes)) == ["It is sunny."]


async def test_an_answer_behind_a_word_that_was_spoken_already_is_heard() -> None:
    nodes = {
        "look": writer(scripted(["Let me look."])),
        "router": router(scripted(["weather"])),
        "weather": writer(scripted(["It is sunny."])),
    }
    parts = await said(graph_of(nodes, ("look", "router")))
    assert "".join(map(str, parts)).endswith("It is sunny.")
    assert "weather" not in "".join(map(str, parts))


async def test_an_agent_that_uses_no_commands_streams_as_before() -> None:
    assert await said(agent(scripted(["Hel", "lo."]))) == ["Hel", "lo."]

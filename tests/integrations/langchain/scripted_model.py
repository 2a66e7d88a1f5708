"""A LangChain chat model that writes what the test says, and agents made with it."""

# ruff: noqa: ARG002 - LangChain says what its models are given

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

Script = Sequence[str | AIMessageChunk | Exception]


class ScriptedModel(BaseChatModel):
    """Streams the next of its scripts at each call: texts, chunks, and errors that it raises."""

    scripts: list[Any]  # Any: pydantic would look into them otherwise
    asked: list[list[BaseMessage]] = []  # noqa: RUF012 - pydantic copies it

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Any:  # Any: as LangChain has it
        return self.bind(tools=[{"function": {"name": tool.name}} for tool in tools])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        self.asked.append(messages)
        for piece in self.scripts.pop(0):
            if isinstance(piece, Exception):
                raise piece
            chunk = AIMessageChunk(content=piece) if isinstance(piece, str) else piece
            yield ChatGenerationChunk(message=chunk)


def scripted(*scripts: Script) -> ScriptedModel:
    """A model with a script for each call."""
    return ScriptedModel(scripts=[list(script) for script in scripts])


def call(name: str, arguments: str, *, id: str = "call_1") -> list[AIMessageChunk]:
    """A tool call, as models stream it: in pieces."""
    pieces = [
        tool_call_chunk(name=name, args=arguments[:3], id=id, index=0),
        tool_call_chunk(name=None, args=arguments[3:], id=None, index=0),
    ]
    return [AIMessageChunk(content="", tool_call_chunks=[piece]) for piece in pieces]


def usage(given: int, written: int) -> AIMessageChunk:
    """The last chunk of a reply, with its usage."""
    counts = UsageMetadata(input_tokens=given, output_tokens=written, total_tokens=given + written)
    return AIMessageChunk(content="", usage_metadata=counts, response_metadata={"finish_reason": "stop"})


@tool
def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"<sunny in {city}>"


# Any: LangGraph's own types need its state and context twice
def agent(model: BaseChatModel, *tools: Any, then: Any = None) -> Any:
    """An agent that uses its tools until it answers; `then`, a function of its state, is a node behind it."""
    bound = model.bind_tools(tools or [weather])

    def think(state: MessagesState) -> dict[str, Any]:
        return {"messages": [bound.invoke(state["messages"])]}

    graph = StateGraph(MessagesState)
    graph.add_node("think", think)
    graph.add_node("tools", ToolNode(list(tools or [weather])))
    graph.add_edge(START, "think")
    graph.add_edge("tools", "think")
    last = END
    if then:
        graph.add_node("then", then)
        graph.add_edge("then", END)
        last = "then"
    graph.add_conditional_edges("think", tools_condition, {"tools": "tools", END: last})
    return graph.compile()

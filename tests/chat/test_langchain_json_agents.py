"""Promises of LangChain's own agents that write JSON: their final answer is heard, and nothing else of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableLambda

from tests.integrations.langchain.scripted_model import ScriptedModel, scripted, weather
from voicebot.chat.answers import answers_only
from voicebot.chat.langchain_runnable import RunnableChat
from voicebot.config.models import ChatLangChain
from voicebot.messages import Message

pytestmark = pytest.mark.anyio

ACTION = '{"action": "weather", "action_input": {"city": "Oslo"}}'
ANSWER = ['{"action": "Final ', 'Answer", "action_input": "It\\u20', '19s \\"sunny\\"', '."}']
SAID = 'It’s "sunny".'


@pytest.fixture
def anyio_backend() -> str:
    """LangChain runs on asyncio alone."""
    return "asyncio"


def executor(kind: str, model: ScriptedModel) -> Any:  # Any: LangChain's own
    from langchain_classic import agents  # takes a second, which every worker would wait for if it stood above

    json_chat = kind == "create_json_chat_agent"
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "{tools} {tool_names}"),
            ("human", "{input}" if json_chat else "{input} {agent_scratchpad}"),
            *([MessagesPlaceholder("agent_scratchpad")] if json_chat else []),
        ]
    )
    return agents.AgentExecutor(agent=getattr(agents, kind)(model, [weather], prompt), tools=[weather])


async def heard(runnable: Any, **keys: Any) -> list[str]:  # Any: a runnable, and keys of the configuration
    chat = answers_only(
        RunnableChat(runnable, ChatLangChain(kind="langchain", runnable="my.module:it", **keys)), runs_tools=True
    )
    return [part async for part in chat.stream_reply([Message("user", "Is it sunny?")]) if isinstance(part, str)]


@pytest.mark.parametrize("kind", ["create_json_chat_agent", "create_structured_chat_agent"])
async def test_an_agent_with_its_executor_is_heard_with_its_answer_alone(kind: str) -> None:
    model = scripted([f"```json\n{ACTION}\n```"], ["```json\n", *ANSWER, "\n```"])
    assert "".join(await heard(executor(kind, model), input="text", input_key="input")) == SAID


async def test_the_messages_of_such_an_agent_are_heard_as_the_answer_streams() -> None:
    """It was heard as "code omitted", or as JSON."""
    model = scripted([f"Thought: look\nAction:\n```\n{ACTION}\n```"], ["Action:\n```json\n", *ANSWER, "\n```"])

    async def steps(messages: list[BaseMessage]) -> AsyncGenerator[BaseMessage, None]:
        for _ in range(2):
            async for chunk in model.astream(messages):
                yield chunk
        yield AIMessage("")

    assert [text for text in await heard(RunnableLambda(steps)) if text.strip()] == ["It", '’s "sunny"', "."]

"""Promises of LangChain runnables as the source of replies."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompt_values import PromptValue
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableGenerator, RunnableLambda

from tests.fakes import pipeline
from tests.integrations.langchain.scripted_model import agent, call, scripted, usage
from voicebot.chat import open_chat
from voicebot.chat.langchain_runnable import RunnableChat, as_langchain
from voicebot.config.models import ChatLangChain
from voicebot.conversation import Conversation
from voicebot.errors import ChatError
from voicebot.events import Broadcast, ToolAnswered, ToolCalled
from voicebot.installation import extra_command
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message, ReplyPart, ToolCall, Usage
from voicebot.testing import CostingSynthesizer, EventRecorder, ScriptedChat

pytestmark = pytest.mark.anyio

HELLO = [Message("system", "Be kind."), Message("user", "hello")]
HERE = "tests.chat.test_langchain_runnable"


@pytest.fixture
def anyio_backend() -> str:
    """LangChain runs on asyncio alone."""
    return "asyncio"


def model() -> Any:  # Any: as whoever writes a factory may have it
    """A factory of a chat model."""
    return scripted(["Hel", "lo."])


async def slow_model() -> Any:
    """A factory that waits."""
    await anyio.lowlevel.checkpoint()
    return scripted(["Slow."])


def thinker() -> Any:
    """A factory of a model that writes down its thoughts."""
    return scripted(["Thought: easy\n", "Final Answer: ", "Four."])


def json_agent() -> Any:
    """A factory of a model that writes down in JSON what it does."""
    action = '{"action": "calculator", "action_input": "3+4"}'
    return scripted([f"```json\n{action}\n```\n", '{"action": "Final ', 'Answer", "action_input": "Se', 'ven."}'])


def broken_factory() -> Any:
    """A factory that fails."""
    raise ValueError("no key")


def show(prompt: PromptValue) -> str:
    """Say what was given."""
    return str(prompt.to_messages())


chain = ChatPromptTemplate.from_messages([("human", "{question}!")]) | RunnableLambda(show)


def chat_of(runnable: Any, **keys: Any) -> RunnableChat:
    return RunnableChat(runnable, ChatLangChain(kind="langchain", runnable="my.module:it", **keys))


async def said(chat: RunnableChat, messages: Sequence[Message] = HELLO) -> list[ReplyPart]:
    async with aclosing(chat.stream_reply(messages)) as reply:
        return [part async for part in reply]


async def opened(path: str, **keys: Any) -> list[ReplyPart]:
    config = ChatLangChain(kind="langchain", runnable=f"{HERE}:{path}", **keys)
    async with open_chat(config, notify=print) as chat:
        assert chat.name == f"langchain {HERE}:{path}"
        return [part async for part in chat.stream_reply(HELLO)]


async def test_a_chat_model_is_given_the_conversation_and_streams() -> None:
    llm = scripted(["Hel", "lo.", usage(5, 2)])
    assert await said(chat_of(llm)) == ["Hel", "lo.", Usage(5, 2, finish_reason="stop")]
    assert llm.asked == [[SystemMessage("Be kind."), HumanMessage("hello")]]


async def test_factories_are_called_and_awaited() -> None:
    assert await opened("model") == ["Hel", "lo."]
    assert await opened("slow_model") == ["Slow."]


async def test_a_chain_can_be_given_the_last_message_alone_under_its_key() -> None:
    assert await opened("chain", input="text", input_key="question") == [str([HumanMessage("hello!")])]


async def test_a_chain_that_yields_text_or_dicts_is_spoken() -> None:
    assert await said(chat_of(scripted(["こん", "にちは。"]) | StrOutputParser())) == ["こん", "にちは。"]

    async def answers(_: AsyncIterator[Any]) -> AsyncIterator[dict[str, object]]:
        yield {"context": ["a document"]}
        yield {"answer": "It is "}
        yield {"answer": "four."}

    assert await said(chat_of(RunnableGenerator(answers))) == ["It is ", "four."]


async def test_reasoning_is_not_spoken() -> None:
    blocks = AIMessageChunk(content=[{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "Four."}])
    assert await said(chat_of(scripted([blocks]))) == ["Four."]
    assert await said(chat_of(scripted(["<thi", "nk>Hm.</think>", "Four."]))) == ["Four."]


async def test_thoughts_that_an_agent_writes_down_are_not_spoken() -> None:
    assert "".join(str(part) for part in await opened("thinker")) == "Four."


async def test_of_an_agent_that_writes_json_the_answer_is_spoken_and_its_calls_are_its_own_business() -> None:
    """It was heard as "code omitted", or as JSON."""
    assert await opened("json_agent") == ["\n", "Se", "ven."]


async def test_of_an_agent_tool_messages_are_told_and_never_spoken() -> None:
    llm = scripted(["Let me look.", *call("weather", '{"city": "京都"}')], ["It is ", "sunny."])
    assert await said(chat_of(agent(llm))) == [
        "Let me look.",
        Message("assistant", "", tool_calls=(ToolCall("call_1", "weather", '{"city": "京都"}'),)),
        Message("tool", "<sunny in 京都>", tool_call_id="call_1", tool_name="weather"),
        "\n",
        "It is ",
        "sunny.",
    ]
    assert [message.type for message in llm.asked[1]] == ["system", "human", "ai", "tool"]


async def test_of_a_graph_only_its_last_node_is_spoken() -> None:
    writer = scripted(["A short summary."])

    def summarise(_: Any) -> dict[str, Any]:
        return {"messages": [writer.invoke("summarise")]}

    graph = agent(scripted(["A very long draft."]), then=summarise)
    assert await said(chat_of(graph)) == ["A short summary."]


async def test_of_a_graph_whose_last_node_says_nothing_the_last_message_is_spoken() -> None:
    graph = agent(scripted(["The answer ", "is four."]), then=lambda _: None)
    assert await said(chat_of(graph)) == ["The answer is four."]


async def test_models_that_langgraph_keeps_quiet_are_not_spoken() -> None:
    quiet = scripted(["Is this about the weather? Yes."]).with_config(tags=["nostream"])
    loud = scripted(["Sunny."])

    def think(_: Any) -> dict[str, Any]:
        quiet.invoke("classify")
        return {"messages": [loud.invoke("answer")]}

    assert await said(chat_of(agent(scripted(["draft"]), then=think))) == ["Sunny."]


async def test_a_graph_that_is_wrapped_is_still_a_graph() -> None:
    assert await said(chat_of(agent(scripted(["Hi."])).with_config(recursion_limit=9))) == ["Hi."]


async def test_three_turns_with_an_agent_are_heard_and_remembered_with_its_calls() -> None:
    llm = scripted(["Hi."], call("weather", '{"city": "Oslo"}'), ["It is sunny."], ["You are welcome."])
    voice, events, memory = CostingSynthesizer(delay=0, rtf=0), EventRecorder(), WindowMemory(system_prompt="", turns=5)
    made = replace(pipeline(ScriptedChat([]), voice), chat=chat_of(agent(llm)))
    conversation = Conversation(made, memory=memory, broadcast=Broadcast(events))
    await conversation.speak("Hello.")
    outcome = await conversation.speak("How is the weather in Oslo?")
    assert (outcome.kind, outcome.heard, voice.said) == ("completed", "It is sunny.", ["Hi.", "It is sunny."])
    assert [event.name for event in events.of(ToolCalled)] == ["weather"]
    assert [event.content for event in events.of(ToolAnswered)] == ["<sunny in Oslo>"]
    await conversation.speak("Thanks.")
    assert voice.said[2:] == ["You are welcome."]
    assert [message.type for message in llm.asked[3]] == ["human", "ai", "human", "ai", "tool", "ai", "human"]


async def test_calls_go_back_to_langchain_as_they_were() -> None:
    calls = (ToolCall("1", "weather", '{"city": "Oslo"}'), ToolCall("2", "weather", '{"city'))
    ai, answer = as_langchain([Message("assistant", "", tool_calls=calls), Message("tool", "sunny", tool_call_id="1")])
    assert isinstance(ai, AIMessage)
    assert ai.tool_calls == [{"name": "weather", "args": {"city": "Oslo"}, "id": "1", "type": "tool_call"}]
    assert [call["args"] for call in ai.invalid_tool_calls] == ['{"city']
    assert isinstance(answer, ToolMessage)
    assert (answer.content, answer.tool_call_id) == ("sunny", "1")


async def test_a_runnable_that_fails_is_a_chat_error_with_its_path_after_what_it_said() -> None:
    heard: list[ReplyPart] = []
    chat = chat_of(scripted(["So far."], [ChatError("the server is gone", hint="start it")]))
    assert await said(chat) == ["So far."]
    with pytest.raises(ChatError) as caught:
        await said(chat)
    assert (caught.value.message, caught.value.hint) == ("my.module:it: the server is gone", "start it")

    reply = chat_of(scripted(["So far.", KeyError("city")])).stream_reply(HELLO)
    with pytest.raises(ChatError, match=r"my\.module:it failed: KeyError: 'city'"):  # noqa: PT012 - it is a loop
        async for part in reply:
            heard.append(part)  # noqa: PERF401 - what came before counts
    assert heard == ["So far."]


async def test_a_runnable_without_a_word_for_the_listener_is_a_chat_error() -> None:
    with pytest.raises(ChatError, match=r"the reply of my\.module:it is empty"):
        await said(chat_of(RunnableLambda(lambda _: {"documents": ["a"]})))


async def test_closing_the_reply_ends_the_runnable() -> None:
    ended = anyio.Event()

    async def endless(_: AsyncIterator[Any]) -> AsyncIterator[str]:
        try:
            yield "So "
            await anyio.sleep_forever()
        finally:
            ended.set()

    with anyio.CancelScope() as scope:
        async with aclosing(chat_of(RunnableGenerator(endless)).stream_reply(HELLO)) as reply:
            async for _ in reply:
                scope.cancel()
    with anyio.fail_after(20):
        await ended.wait()


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("", "nothing says what is to reply", "chat.runnable"),
        ("no_such.module:it", "No module named 'no_such'", "where voicebot is started"),
        (f"{HERE}:no_such", "no_such", "module:attribute"),
        (f"{HERE}:HELLO", "a list has no astream", "a chain"),
        (f"{HERE}:broken_factory", "ValueError: no key", "without arguments"),
    ],
)
async def test_what_cannot_be_opened_says_why(path: str, message: str, hint: str) -> None:
    with pytest.raises(ChatError) as caught:
        async with open_chat(ChatLangChain(kind="langchain", runnable=path), notify=print):
            pass
    assert message in caught.value.message
    assert path in caught.value.message
    assert hint in caught.value.hint


def test_under_trio_it_says_that_langchain_needs_asyncio() -> None:
    async def use() -> None:
        async with open_chat(ChatLangChain(kind="langchain", runnable=f"{HERE}:model"), notify=print):
            pass

    with pytest.raises(ChatError, match="LangChain runs on asyncio"):
        anyio.run(use, backend="trio")


def test_without_langchain_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['langchain_core'] = None\n"
        "import anyio\n"
        "from voicebot.chat import open_chat\n"
        "from voicebot.config.models import ChatLangChain\n"
        "from voicebot.errors import ChatError\n"
        "async def use():\n"
        "    config = ChatLangChain(kind='langchain', runnable='tests.integrations.langchain.scripted_model:agent')\n"
        "    async with open_chat(config, notify=print): pass\n"
        "try: anyio.run(use)\n"
        "except ChatError as error: print(error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == extra_command("langchain")


def test_messages_have_their_roles() -> None:
    given: list[BaseMessage] = as_langchain([*HELLO, Message("assistant", "Hi", interrupted=True)])
    assert given == [SystemMessage("Be kind."), HumanMessage("hello"), AIMessage("Hi")]

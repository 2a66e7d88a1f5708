"""Promises of the callback handler that speaks what a model writes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel, FakeListLLM
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.types import interrupt

from tests.integrations.langchain.scripted_model import agent, call, scripted
from voicebot.config.models import Config
from voicebot.errors import AudioError, ConfigError
from voicebot.events import Delta, TurnEnded
from voicebot.integrations.langchain import SpeakingCallbackHandler
from voicebot.testing import EventRecorder

pytestmark = pytest.mark.anyio

AT_ONCE = Config.model_validate({"tts": {"kind": "tone"}, "audio": {"kind": "silent"}})
REAL_TIME = Config.model_validate({"tts": {"kind": "tone"}, "audio": {"kind": "silent", "realtime": True}})
LONG = "This sentence takes quite a while to be said aloud, and nobody is going to wait for its end. " * 20


class Listener:
    """Somebody who hears a handler, gets its chunks and records its events."""

    def __init__(self) -> None:
        self.recorder = EventRecorder()
        self.chunks: list[str] = []
        self.begun = threading.Event()

    def speaking(self, config: Config = AT_ONCE, **settings: Any) -> SpeakingCallbackHandler:
        return SpeakingCallbackHandler(config, on_chunk=self.chunk, emit=self.recorder, **settings)

    def chunk(self, text: str) -> None:
        self.chunks.append(text)
        self.begun.set()

    @property
    def heard(self) -> list[str]:
        return [event.heard for event in self.recorder.of(TurnEnded)]

    @property
    def outcomes(self) -> list[str]:
        return [event.outcome for event in self.recorder.of(TurnEnded)]


@pytest.fixture
def listener() -> Listener:
    """Somebody who listens."""
    return Listener()


# Any: a TypedDict whose callbacks mypy wants as a list
def callbacks(speaking: SpeakingCallbackHandler) -> Any:
    return {"callbacks": [speaking]}


# ---------------------------------------------------------------- from sync and async code


def test_what_a_model_streams_is_spoken_and_its_chunks_are_told(listener: Listener) -> None:
    with listener.speaking() as speaking:
        for _ in scripted(["Hello ", "there. こん", "にちは。", "Bye."]).stream("hi", config=callbacks(speaking)):
            pass
    assert listener.heard == ["Hello there. こんにちは。Bye."]
    assert "".join(listener.chunks) == "Hello there. こんにちは。Bye."
    assert len(listener.chunks) > 1


def test_sections_of_the_configuration_come_on_top_of_it(listener: Listener, tmp_path: Path) -> None:
    """Another voice or output took a whole Config."""
    said = tmp_path / "said.wav"
    with listener.speaking(audio={"kind": "wav", "path": str(said)}, chunking={"strategy": "newline"}) as speaking:
        scripted(["One. ", "Two.\nThree."]).invoke("hi", config=callbacks(speaking))
    assert said.stat().st_size > 10_000
    assert listener.chunks == ["One. Two.", "\nThree."]
    with pytest.raises(ConfigError, match="sped"), listener.speaking(tts={"kind": "voicevox", "sped": 2}):
        pass


def test_invoke_is_spoken_token_by_token_too(listener: Listener) -> None:
    with listener.speaking() as speaking:
        reply = scripted(["One. ", "Two."]).invoke("hi", config=callbacks(speaking))
    assert reply.content == "One. Two."
    assert [event.text for event in listener.recorder.of(Delta)] == ["One. ", "Two."]


def test_a_model_that_does_not_stream_is_spoken_when_it_has_finished(listener: Listener) -> None:
    with listener.speaking() as speaking:
        llm = FakeListChatModel(responses=["Whole."], disable_streaming=True)
        llm.invoke("hi", config=callbacks(speaking))
        FakeListLLM(responses=["A text model."]).invoke("hi", config=callbacks(speaking))
    assert listener.heard == ["Whole.", "A text model."]


async def test_in_an_event_loop_nothing_blocks_and_everything_is_heard(listener: Listener) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.sleep(0.005)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        async with listener.speaking(REAL_TIME) as speaking:
            await scripted(["Spoken ", "in real time."]).ainvoke("hi", config=callbacks(speaking))
            before = ticks
            await speaking.ajoin()
            assert listener.heard == ["Spoken in real time."]
            assert ticks > before
            scripted(["From sync code."]).invoke("hi", config=callbacks(speaking))
        tasks.cancel_scope.cancel()
    assert listener.heard[1:] == ["From sync code."]


def test_one_handler_can_be_opened_in_several_event_loops_one_after_another(listener: Listener) -> None:
    speaking = listener.speaking()

    async def use() -> None:
        async with speaking:
            await scripted(["Again."]).ainvoke("hi", config=callbacks(speaking))

    asyncio.run(use())
    asyncio.run(use())
    assert listener.heard == ["Again.", "Again."]


def test_chains_are_spoken(listener: Listener) -> None:
    chain = ChatPromptTemplate.from_messages([("human", "{question}")]) | scripted(["Four."]) | StrOutputParser()
    with listener.speaking() as speaking:
        assert chain.invoke({"question": "2 + 2?"}, config=callbacks(speaking)) == "Four."
    assert listener.heard == ["Four."]


def test_replies_that_are_written_at_the_same_time_are_spoken_one_after_another(listener: Listener) -> None:
    llm = FakeListChatModel(responses=["First. Still first.", "Second. Still second."])
    with listener.speaking() as speaking:
        llm.batch(["a", "b"], config=callbacks(speaking))
        speaking.join()
        assert sorted(listener.heard) == ["First. Still first.", "Second. Still second."]


# ---------------------------------------------------------------- what is not spoken


def test_of_an_agent_neither_tool_output_nor_what_happens_in_a_tool_is_spoken(listener: Listener) -> None:
    inner = scripted(["A secret thought of the tool."])

    @tool
    def think_hard(question: str) -> str:
        """Think hard."""
        return f"<{inner.invoke(question).content}>"

    llm = scripted(["Let me think.", *call("think_hard", '{"question": "why"}')], ["Because."])
    with listener.speaking() as speaking:
        agent(llm, think_hard).invoke({"messages": [HumanMessage("why?")]}, config=callbacks(speaking))
    assert listener.heard == ["Let me think.", "Because."]


def test_what_a_model_writes_for_a_retriever_is_not_spoken(listener: Listener) -> None:
    class Retriever(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            queries = scripted(["sky colour physics"]).invoke(query, config={"callbacks": run_manager.get_child()})
            return [Document(str(queries.content))]

    def show(documents: list[Document]) -> str:
        return documents[0].page_content

    with listener.speaking() as speaking:
        chain = Retriever() | RunnableLambda(show) | scripted(["Because of the air."])
        chain.invoke("Why is the sky blue?", config=callbacks(speaking))
    assert listener.heard == ["Because of the air."]


def test_a_reply_of_whitespace_is_not_a_turn(listener: Listener) -> None:
    with listener.speaking() as speaking:
        scripted(["\n", "\n", *call("weather", "{}")]).invoke("hi", config=callbacks(speaking))
    assert listener.recorder.events == []


async def test_async_agents_are_spoken_too(listener: Listener) -> None:
    llm = scripted(call("weather", '{"city": "Oslo"}'), ["Sunny."])
    async with listener.speaking() as speaking:
        async for _ in agent(llm).astream({"messages": [HumanMessage("?")]}, config=callbacks(speaking)):
            pass
    assert listener.heard == ["Sunny."]


def test_with_final_answer_only_what_comes_before_a_call_is_not_spoken(listener: Listener) -> None:
    llm = scripted(["Let me look.", *call("weather", '{"city": "Oslo"}')], ["It is ", "sunny."])
    with listener.speaking(final_answer_only=True) as speaking:
        agent(llm).invoke({"messages": [HumanMessage("?")]}, config=callbacks(speaking))
    assert listener.heard == ["It is sunny."]


@pytest.mark.parametrize("label", ["Final Answer:", "最終回答："])
def test_with_final_answer_only_a_react_agents_thoughts_are_not_spoken(listener: Listener, label: str) -> None:
    thinking = ["Thou", "ght: I need a tool.\nAct", "ion: weather\nAction Input: Oslo\n"]
    answering = ["I know ", "it now.\nFinal", " Answer: It is ", "sunny."]
    if label != "Final Answer:":
        answering = ["もう分かった。\n最終", "回答：晴れ", "です。"]
    with listener.speaking(final_answer_only=True) as speaking:
        scripted(thinking).invoke("Question: how is the weather?", config=callbacks(speaking))
        scripted(answering).invoke("Observation: sunny\nThought: ", config=callbacks(speaking))
    assert listener.heard == ["It is sunny." if label == "Final Answer:" else "晴れです。"]


def test_reasoning_is_not_spoken(listener: Listener) -> None:
    block = AIMessageChunk(content=[{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "Four."}])
    with listener.speaking() as speaking:
        scripted([block]).invoke("hi", config=callbacks(speaking))
        scripted(["<think>Hm", ".</think>", "Five."]).invoke("hi", config=callbacks(speaking))
        scripted(["No."]).with_config(tags=["nostream"]).invoke("hi", config=callbacks(speaking))
    assert listener.heard == ["Four.", "Five."]


def test_what_a_model_writes_for_the_one_who_listens_is_not_spoken(listener: Listener) -> None:
    """LangChain finds the callbacks of a call in its context, which must not follow into the handler's thread."""
    subtitles: list[str] = []

    def translate(text: str) -> None:
        subtitles.append(str(scripted([f"<{text}>"]).invoke(text).content))

    def answer(question: str) -> str:
        return str(scripted(["Because."]).invoke(question).content)

    with SpeakingCallbackHandler(AT_ONCE, on_chunk=translate, emit=listener.recorder) as speaking:
        RunnableLambda(answer).invoke("why?", config=callbacks(speaking))
    assert subtitles == ["<Because.>"]
    assert listener.heard == ["Because."]


# ---------------------------------------------------------------- errors and ends


def test_a_model_that_fails_is_silent_at_once_and_the_next_one_is_heard(listener: Listener) -> None:
    broken = scripted([LONG, RuntimeError("the server is gone")])
    with listener.speaking(REAL_TIME) as speaking:
        chain = broken.with_fallbacks([scripted(["A better one."])])
        assert chain.invoke("hi", config=callbacks(speaking)).content == "A better one."
    assert listener.heard[-1] == "A better one."
    assert LONG not in listener.heard


def test_a_chain_that_fails_silences_what_belongs_to_it(listener: Listener) -> None:
    with listener.speaking(REAL_TIME) as speaking:
        with pytest.raises(Exception, match="Invalid json"):
            (scripted([LONG]) | JsonOutputParser()).invoke("hi", config=callbacks(speaking))
        scripted(["Next."]).invoke("hi", config=callbacks(speaking))
    assert listener.heard[-1] == "Next."
    assert LONG not in listener.heard


def test_a_graph_that_stops_to_ask_a_person_is_heard_out(listener: Listener) -> None:
    def ask(_: Any) -> None:
        scripted(["Shall I go on?"]).invoke("ask")
        interrupt("?")

    graph = agent(scripted(["I have a draft."]), then=ask)
    with listener.speaking(REAL_TIME) as speaking:
        graph.with_config(configurable={"thread_id": "1"}).invoke(
            {"messages": [HumanMessage("?")]}, config=callbacks(speaking)
        )
    assert listener.heard == ["I have a draft.", "Shall I go on?"]


def test_stop_is_silent_at_once_and_the_handler_goes_on(listener: Listener) -> None:
    with listener.speaking(REAL_TIME) as speaking:
        scripted([LONG]).invoke("hi", config=callbacks(speaking))
        assert listener.begun.wait(5)
        speaking.stop()
        speaking.join()
        scripted(["Next."]).invoke("hi", config=callbacks(speaking))
    assert listener.heard[-1] == "Next."
    assert listener.outcomes[-2:] in (["interrupted", "completed"], ["completed"])


def test_an_exception_in_the_block_ends_the_speech(listener: Listener) -> None:
    with pytest.raises(KeyError), listener.speaking(REAL_TIME) as speaking:  # noqa: PT012 - the block is what is tested
        scripted([LONG]).invoke("hi", config=callbacks(speaking))
        raise KeyError
    assert LONG not in listener.heard


async def test_cancelling_the_end_of_the_block_ends_the_speech(listener: Listener) -> None:
    with anyio.move_on_after(0.2) as scope:
        async with listener.speaking(REAL_TIME) as speaking:
            await scripted([LONG]).ainvoke("hi", config=callbacks(speaking))
    assert scope.cancelled_caught
    assert LONG not in listener.heard


def test_a_stream_that_is_left_is_silent(listener: Listener) -> None:
    with listener.speaking(REAL_TIME) as speaking:
        stream: Iterator[Any] = scripted([LONG, "more"]).stream("hi", config=callbacks(speaking))
        next(stream)
        stream.close()  # type: ignore[attr-defined]  # LangChain calls its generators iterators
    assert LONG not in listener.heard


def test_what_listens_may_fail_and_the_speech_goes_on(listener: Listener) -> None:
    def broken(_: str) -> None:
        raise ValueError("the socket is closed")

    with SpeakingCallbackHandler(AT_ONCE, on_chunk=broken, emit=listener.recorder) as speaking:
        scripted(["One. Two."]).invoke("hi", config=callbacks(speaking))
    assert listener.heard == ["One. Two."]


def test_used_without_being_opened_it_says_so(listener: Listener) -> None:
    with pytest.raises(RuntimeError, match="has to be opened"):
        scripted(["One."]).invoke("hi", config=callbacks(listener.speaking()))


def test_after_the_block_it_speaks_nothing(listener: Listener) -> None:
    with listener.speaking() as speaking:
        pass
    assert scripted(["One."]).invoke("hi", config=callbacks(speaking)).content == "One."
    speaking.join()
    speaking.stop()
    assert listener.heard == []


async def test_what_cannot_be_opened_is_told_at_once(listener: Listener, tmp_path: Path) -> None:
    config = Config.model_validate({"tts": {"kind": "tone"}, "audio": {"kind": "wav", "path": str(tmp_path)}})
    with pytest.raises(AudioError):
        listener.speaking(config).__enter__()
    with pytest.raises(AudioError):
        await listener.speaking(config).__aenter__()


async def test_no_thread_is_left_behind(listener: Listener) -> None:
    async with listener.speaking() as speaking:
        await scripted(["One."]).ainvoke("hi", config=callbacks(speaking))
    await to_thread.run_sync(lambda: None)
    assert not [thread for thread in threading.enumerate() if "speaking" in thread.name]


async def test_tokens_of_a_runnable_that_is_cancelled_are_not_spoken_on(listener: Listener) -> None:
    async with listener.speaking(REAL_TIME) as speaking:
        stream: AsyncIterator[Any] = scripted([LONG, "more"]).astream("hi", config=callbacks(speaking))
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # likewise
    assert LONG not in listener.heard

"""Promises of the callback handler that speaks."""

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

from tests.fakes import Recorder
from tests.integrations.langchain.scripted_model import agent, call, scripted
from voicebot.config.models import Config
from voicebot.errors import AudioError
from voicebot.events import Delta, TurnEnded
from voicebot.integrations.langchain import SpeakingCallbackHandler

pytestmark = pytest.mark.anyio

FAST = Config.model_validate({"tts": {"kind": "tone"}, "audio": {"kind": "silent"}})
REAL = Config.model_validate({"tts": {"kind": "tone"}, "audio": {"kind": "silent", "realtime": True}})
LONG = "This sentence takes quite a while to be said aloud, and nobody is going to wait for its end. " * 20


class Ears:
    """What was heard, one text for each turn, and what was told besides."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.chunks: list[str] = []
        self.begun = threading.Event()

    def speaking(self, config: Config = FAST, **settings: Any) -> SpeakingCallbackHandler:
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
def ears() -> Ears:
    """Somebody who listens."""
    return Ears()


def within(speaking: SpeakingCallbackHandler) -> Any:  # Any: a TypedDict whose callbacks mypy wants as a list
    return {"callbacks": [speaking]}


# ---------------------------------------------------------------- from sync and async code


def test_what_a_model_streams_is_spoken_and_its_chunks_are_told(ears: Ears) -> None:
    with ears.speaking() as speaking:
        for _ in scripted(["Hello ", "there. こん", "にちは。", "Bye."]).stream("hi", config=within(speaking)):
            pass
    assert ears.heard == ["Hello there. こんにちは。Bye."]
    assert "".join(ears.chunks) == "Hello there. こんにちは。Bye."
    assert len(ears.chunks) > 1


def test_invoke_is_spoken_token_by_token_too(ears: Ears) -> None:
    with ears.speaking() as speaking:
        reply = scripted(["One. ", "Two."]).invoke("hi", config=within(speaking))
    assert reply.content == "One. Two."
    assert [event.text for event in ears.recorder.of(Delta)] == ["One. ", "Two."]


def test_a_model_that_does_not_stream_is_spoken_when_it_has_finished(ears: Ears) -> None:
    with ears.speaking() as speaking:
        llm = FakeListChatModel(responses=["Whole."], disable_streaming=True)
        llm.invoke("hi", config=within(speaking))
        FakeListLLM(responses=["A text model."]).invoke("hi", config=within(speaking))
    assert ears.heard == ["Whole.", "A text model."]


async def test_in_an_event_loop_nothing_blocks_and_everything_is_heard(ears: Ears) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await anyio.sleep(0.005)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        async with ears.speaking(REAL) as speaking:
            await scripted(["Spoken ", "in real time."]).ainvoke("hi", config=within(speaking))
            before = ticks
            await speaking.ajoin()
            assert ears.heard == ["Spoken in real time."]
            assert ticks > before
            scripted(["From sync code."]).invoke("hi", config=within(speaking))
        tasks.cancel_scope.cancel()
    assert ears.heard[1:] == ["From sync code."]


def test_one_handler_can_be_opened_in_several_event_loops_one_after_another(ears: Ears) -> None:
    speaking = ears.speaking()

    async def use() -> None:
        async with speaking:
            await scripted(["Again."]).ainvoke("hi", config=within(speaking))

    asyncio.run(use())
    asyncio.run(use())
    assert ears.heard == ["Again.", "Again."]


def test_chains_are_spoken(ears: Ears) -> None:
    chain = ChatPromptTemplate.from_messages([("human", "{question}")]) | scripted(["Four."]) | StrOutputParser()
    with ears.speaking() as speaking:
        assert chain.invoke({"question": "2 + 2?"}, config=within(speaking)) == "Four."
    assert ears.heard == ["Four."]


def test_replies_that_are_written_at_the_same_time_are_spoken_one_after_another(ears: Ears) -> None:
    llm = FakeListChatModel(responses=["First. Still first.", "Second. Still second."])
    with ears.speaking() as speaking:
        llm.batch(["a", "b"], config=within(speaking))
        speaking.join()
        assert sorted(ears.heard) == ["First. Still first.", "Second. Still second."]


# ---------------------------------------------------------------- what is not spoken


def test_of_an_agent_neither_tool_output_nor_what_happens_in_a_tool_is_spoken(ears: Ears) -> None:
    inner = scripted(["A secret thought of the tool."])

    @tool
    def think_hard(question: str) -> str:
        """Think hard."""
        return f"<{inner.invoke(question).content}>"

    llm = scripted(["Let me think.", *call("think_hard", '{"question": "why"}')], ["Because."])
    with ears.speaking() as speaking:
        agent(llm, think_hard).invoke({"messages": [HumanMessage("why?")]}, config=within(speaking))
    assert ears.heard == ["Let me think.", "Because."]


def test_what_a_model_writes_for_a_retriever_is_not_spoken(ears: Ears) -> None:
    class Retriever(BaseRetriever):
        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            queries = scripted(["sky colour physics"]).invoke(query, config={"callbacks": run_manager.get_child()})
            return [Document(str(queries.content))]

    def show(documents: list[Document]) -> str:
        return documents[0].page_content

    with ears.speaking() as speaking:
        chain = Retriever() | RunnableLambda(show) | scripted(["Because of the air."])
        chain.invoke("Why is the sky blue?", config=within(speaking))
    assert ears.heard == ["Because of the air."]


def test_a_reply_of_blanks_is_no_turn(ears: Ears) -> None:
    with ears.speaking() as speaking:
        scripted(["\n", "\n", *call("weather", "{}")]).invoke("hi", config=within(speaking))
    assert ears.recorder.events == []


async def test_async_agents_are_spoken_the_same(ears: Ears) -> None:
    llm = scripted(call("weather", '{"city": "Oslo"}'), ["Sunny."])
    async with ears.speaking() as speaking:
        async for _ in agent(llm).astream({"messages": [HumanMessage("?")]}, config=within(speaking)):
            pass
    assert ears.heard == ["Sunny."]


def test_with_final_answer_only_what_comes_before_a_call_is_not_spoken(ears: Ears) -> None:
    llm = scripted(["Let me look.", *call("weather", '{"city": "Oslo"}')], ["It is ", "sunny."])
    with ears.speaking(final_answer_only=True) as speaking:
        agent(llm).invoke({"messages": [HumanMessage("?")]}, config=within(speaking))
    assert ears.heard == ["It is sunny."]


@pytest.mark.parametrize("label", ["Final Answer:", "最終回答："])
def test_with_final_answer_only_a_react_agents_thoughts_are_not_spoken(ears: Ears, label: str) -> None:
    thinking = ["Thou", "ght: I need a tool.\nAct", "ion: weather\nAction Input: Oslo\n"]
    answering = ["I know ", "it now.\nFinal", " Answer: It is ", "sunny."]
    if label != "Final Answer:":
        answering = ["もう分かった。\n最終", "回答：晴れ", "です。"]
    with ears.speaking(final_answer_only=True) as speaking:
        scripted(thinking).invoke("Question: how is the weather?", config=within(speaking))
        scripted(answering).invoke("Observation: sunny\nThought: ", config=within(speaking))
    assert ears.heard == ["It is sunny." if label == "Final Answer:" else "晴れです。"]


def test_reasoning_is_not_spoken(ears: Ears) -> None:
    block = AIMessageChunk(content=[{"type": "reasoning", "reasoning": "Hm."}, {"type": "text", "text": "Four."}])
    with ears.speaking() as speaking:
        scripted([block]).invoke("hi", config=within(speaking))
        scripted(["<think>Hm", ".</think>", "Five."]).invoke("hi", config=within(speaking))
        scripted(["No."]).with_config(tags=["nostream"]).invoke("hi", config=within(speaking))
    assert ears.heard == ["Four.", "Five."]


def test_what_a_model_writes_for_the_one_who_listens_is_not_spoken(ears: Ears) -> None:
    """LangChain finds the callbacks of a call in its context, which must not follow into the handler's thread."""
    subtitles: list[str] = []

    def translate(text: str) -> None:
        subtitles.append(str(scripted([f"<{text}>"]).invoke(text).content))

    def answer(question: str) -> str:
        return str(scripted(["Because."]).invoke(question).content)

    with SpeakingCallbackHandler(FAST, on_chunk=translate, emit=ears.recorder) as speaking:
        RunnableLambda(answer).invoke("why?", config=within(speaking))
    assert subtitles == ["<Because.>"]
    assert ears.heard == ["Because."]


# ---------------------------------------------------------------- errors and ends


def test_a_model_that_fails_is_silent_at_once_and_the_next_one_is_heard(ears: Ears) -> None:
    broken = scripted([LONG, RuntimeError("the server is gone")])
    with ears.speaking(REAL) as speaking:
        chain = broken.with_fallbacks([scripted(["A better one."])])
        assert chain.invoke("hi", config=within(speaking)).content == "A better one."
    assert ears.heard[-1] == "A better one."
    assert LONG not in ears.heard


def test_a_chain_that_fails_silences_what_belongs_to_it(ears: Ears) -> None:
    with ears.speaking(REAL) as speaking:
        with pytest.raises(Exception, match="Invalid json"):
            (scripted([LONG]) | JsonOutputParser()).invoke("hi", config=within(speaking))
        scripted(["Next."]).invoke("hi", config=within(speaking))
    assert ears.heard[-1] == "Next."
    assert LONG not in ears.heard


def test_a_graph_that_stops_to_ask_a_person_is_heard_out(ears: Ears) -> None:
    def ask(_: Any) -> None:
        scripted(["Shall I go on?"]).invoke("ask")
        interrupt("?")

    graph = agent(scripted(["I have a draft."]), then=ask)
    with ears.speaking(REAL) as speaking:
        graph.with_config(configurable={"thread_id": "1"}).invoke(
            {"messages": [HumanMessage("?")]}, config=within(speaking)
        )
    assert ears.heard == ["I have a draft.", "Shall I go on?"]


def test_stop_is_silent_at_once_and_the_handler_goes_on(ears: Ears) -> None:
    with ears.speaking(REAL) as speaking:
        scripted([LONG]).invoke("hi", config=within(speaking))
        assert ears.begun.wait(5)
        speaking.stop()
        speaking.join()
        scripted(["Next."]).invoke("hi", config=within(speaking))
    assert ears.heard[-1] == "Next."
    assert ears.outcomes[-2:] in (["interrupted", "completed"], ["completed"])


def test_an_exception_in_the_block_ends_the_speech(ears: Ears) -> None:
    with pytest.raises(KeyError), ears.speaking(REAL) as speaking:  # noqa: PT012 - the block is what is tested
        scripted([LONG]).invoke("hi", config=within(speaking))
        raise KeyError
    assert LONG not in ears.heard


async def test_cancelling_the_end_of_the_block_ends_the_speech(ears: Ears) -> None:
    with anyio.move_on_after(0.2) as scope:
        async with ears.speaking(REAL) as speaking:
            await scripted([LONG]).ainvoke("hi", config=within(speaking))
    assert scope.cancelled_caught
    assert LONG not in ears.heard


def test_a_stream_that_is_left_is_silent(ears: Ears) -> None:
    with ears.speaking(REAL) as speaking:
        stream: Iterator[Any] = scripted([LONG, "more"]).stream("hi", config=within(speaking))
        next(stream)
        stream.close()  # type: ignore[attr-defined]  # LangChain calls its generators iterators
    assert LONG not in ears.heard


def test_what_listens_may_fail_and_the_speech_goes_on(ears: Ears) -> None:
    def broken(_: str) -> None:
        raise ValueError("the socket is closed")

    with SpeakingCallbackHandler(FAST, on_chunk=broken, emit=ears.recorder) as speaking:
        scripted(["One. Two."]).invoke("hi", config=within(speaking))
    assert ears.heard == ["One. Two."]


def test_used_without_being_opened_it_says_so(ears: Ears) -> None:
    with pytest.raises(RuntimeError, match="has to be opened"):
        scripted(["One."]).invoke("hi", config=within(ears.speaking()))


def test_after_the_block_it_is_deaf(ears: Ears) -> None:
    with ears.speaking() as speaking:
        pass
    assert scripted(["One."]).invoke("hi", config=within(speaking)).content == "One."
    speaking.join()
    speaking.stop()
    assert ears.heard == []


async def test_what_cannot_be_opened_is_told_at_once(ears: Ears, tmp_path: Path) -> None:
    config = Config.model_validate({"tts": {"kind": "tone"}, "audio": {"kind": "wav", "path": str(tmp_path)}})
    with pytest.raises(AudioError):
        ears.speaking(config).__enter__()
    with pytest.raises(AudioError):
        await ears.speaking(config).__aenter__()


async def test_no_thread_is_left_behind(ears: Ears) -> None:
    async with ears.speaking() as speaking:
        await scripted(["One."]).ainvoke("hi", config=within(speaking))
    await to_thread.run_sync(lambda: None)
    assert not [thread for thread in threading.enumerate() if "speaking" in thread.name]


async def test_tokens_of_a_runnable_that_is_cancelled_are_not_spoken_on(ears: Ears) -> None:
    async with ears.speaking(REAL) as speaking:
        stream: AsyncIterator[Any] = scripted([LONG, "more"]).astream("hi", config=within(speaking))
        await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]  # the same
    assert LONG not in ears.heard

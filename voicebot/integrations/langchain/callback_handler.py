"""A LangChain callback handler that speaks what a model writes, while it writes it."""

# ruff: noqa: ARG002 - LangChain says what its callbacks are given
from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from uuid import UUID

from anyio import CancelScope, to_thread
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk, LLMResult

from voicebot.app import open_conversation, open_engines
from voicebot.config.loading import load_config
from voicebot.config.models import Config
from voicebot.conversation import GivenText
from voicebot.events import Event, SegmentReady, TurnEnded, TurnEvent
from voicebot.integrations.langchain.converters import asked_text, delta_text, whole_reply
from voicebot.integrations.langchain.narrator import WRITER, Narrator, open_narrator
from voicebot.integrations.langchain.narrator_thread import NarratorThread
from voicebot.library.settings import Settings, with_sections
from voicebot.protocols import Emit

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)
_NOT_STREAMED = "nostream"
"""LangGraph's tag of models whose text is not for the listener."""


class SpeakingCallbackHandler(BaseCallbackHandler):
    """Speaks the tokens of any LangChain model, chain or agent that it is given to, as they come.

    One handler serves sync and async LangChain code: a thread of its own runs the pipeline, and no callback waits for
    it. Use it as a context manager, with `with` or `async with`: leaving the block waits until everything was spoken;
    an exception that leaves it ends the speech at once. Replies are spoken one after another; what a model writes
    inside a tool is never spoken. Opening raises VoicebotError; later errors are logged and passed to `emit`.
    """

    raise_error = True  # the only error is that the handler was not opened
    run_inline = True  # in order, and without a detour through LangChain's thread pool: nothing here takes time

    def __init__(
        self,
        config: Config | None = None,
        *,
        on_chunk: Callable[[str], None] | None = None,
        final_answer_only: bool = False,
        emit: Emit | None = None,
        notify: Callable[[str], None] = _log.warning,
        **sections: Settings,
    ) -> None:
        """Prepare to speak as `config` says; None: as config.toml says.

        `sections` are sections of config.toml that come on top of it: `tts="voicevox"`, or
        `tts={"kind": "voicevox", "voice": "ずんだもん"}`, `audio={"kind": "wav", "path": "said.wav"}`,
        `spoken={"code": "read"}`, `chunking={"strategy": "sentence"}`. Opening raises ConfigError for what cannot be.

        `on_chunk` is called with each piece of text (a sentence or a clause) when it is ready to be spoken, and `emit`
        with every event of every turn, both in the handler's own thread. With `final_answer_only` nothing is spoken
        that comes before a tool call or ReAct's "Final Answer:"; a model with tools is then heard when it has finished.
        `notify` is told what a person should know: the voice's credit, and where the sound goes if there is no
        loudspeaker.
        """
        self._config = config
        self._sections = sections
        self._on_chunk = on_chunk
        self._final_answer_only = final_answer_only
        self._emit = emit
        self._notify = notify
        self._opened: tuple[NarratorThread, Future[None], AbstractContextManager[object]] | None = None

    # ------------------------------------------------------------ open and close

    def __enter__(self) -> Self:
        """Open the voice and the audio output."""
        with ExitStack() as stack:
            portal = stack.enter_context(start_blocking_portal("asyncio", name="voicebot speaking"))
            working, thread = portal.start_task(self._work)
            self._opened = thread, working, stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait until everything was spoken, or end the speech at once if there is an exception; then close."""
        working, portal = self._finish(at_once=kind is not None)
        with portal:
            try:
                working.result()
            finally:
                working.cancel()  # Ctrl-C ends the wait

    async def __aenter__(self) -> Self:
        """As `__enter__`, without blocking the event loop."""
        return await to_thread.run_sync(self.__enter__)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """As `__exit__`, without blocking the event loop; cancelling it ends the speech."""
        working, portal = self._finish(at_once=kind is not None)
        try:
            await asyncio.wrap_future(working)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(portal.__exit__, None, None, None)

    def join(self) -> None:
        """Wait until everything that has come so far was spoken."""
        self._thread.quiet().result()

    async def ajoin(self) -> None:
        """As `join`, without blocking the event loop."""
        await asyncio.wrap_future(self._thread.quiet())

    def stop(self) -> None:
        """Be silent at once, and forget what has come so far."""
        self._tell(Narrator.stop)

    # ------------------------------------------------------------ what LangChain calls

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Expect a reply."""
        self._begin(run_id, parent_run_id, tags, asked_text(messages), kwargs)

    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Expect a reply."""
        self._begin(run_id, parent_run_id, tags, prompts[0] if prompts else "", kwargs)

    def on_llm_new_token(
        self,
        token: str | list[Any],
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """Speak the delta."""
        if delta := delta_text(token, chunk):
            self._tell(Narrator.add, run_id, delta)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Speak the rest, or the whole reply if the model does not stream."""
        whole, calls = whole_reply(response)
        self._tell(Narrator.end, run_id, whole, calls=calls)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the speech of this reply."""
        self._tell(Narrator.fail, run_id)

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: dict[str, Any],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember what the chain is part of."""
        self._tell(Narrator.enter, run_id, parent_run_id)

    def on_chain_end(self, outputs: dict[str, Any], *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the chain."""
        self._tell(Narrator.leave, run_id)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """End the speech of whatever belongs to the chain."""
        if any(kind.__name__ == "GraphBubbleUp" for kind in type(error).__mro__):
            self._tell(Narrator.leave, run_id)  # LangGraph asks a person, or hands over: not a failure
        else:
            self._tell(Narrator.fail, run_id)

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Speak nothing that is written inside the tool."""
        self._tell(Narrator.enter, run_id, parent_run_id, tool=True)

    def on_retriever_start(
        self,
        serialized: dict[str, Any],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """Speak nothing that is written inside the retriever: some have a model write their queries."""
        self._tell(Narrator.enter, run_id, parent_run_id, tool=True)

    def on_retriever_end(self, documents: Sequence[Document], *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the retriever."""
        self._tell(Narrator.leave, run_id)

    def on_retriever_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the retriever."""
        self._tell(Narrator.leave, run_id)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the tool."""
        self._tell(Narrator.leave, run_id)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """Forget the tool, and nothing else: the agent may know what to do."""
        self._tell(Narrator.leave, run_id)

    # These two make `invoke` stream: where a handler has them, LangChain prefers `_stream` if the model has one.

    def tap_output_iter(self, run_id: UUID, output: Iterator[T]) -> Iterator[T]:
        """Return `output`."""
        return output

    def tap_output_aiter(self, run_id: UUID, output: AsyncIterator[T]) -> AsyncIterator[T]:
        """Return `output`."""
        return output

    # ------------------------------------------------------------ the thread

    @property
    def _thread(self) -> NarratorThread:
        if self._opened is None:
            raise RuntimeError(
                "a SpeakingCallbackHandler has to be opened first: with SpeakingCallbackHandler() as speaking: …"
            )
        return self._opened[0]

    def _tell(self, method: Callable[Concatenate[Narrator, P], None], *args: P.args, **kwargs: P.kwargs) -> None:
        self._thread.tell(method, *args, **kwargs)

    def _begin(
        self, run_id: UUID, parent: UUID | None, tags: list[str] | None, prompt: str, details: dict[str, Any]
    ) -> None:
        if _NOT_STREAMED in (tags or ()):
            return
        parameters = details.get("invocation_params") or {}
        has_tools = bool(parameters.get("tools") or parameters.get("functions"))
        self._tell(Narrator.begin, run_id, parent, prompt, has_tools=has_tools)

    def _finish(self, *, at_once: bool) -> tuple[Future[None], AbstractContextManager[object]]:
        assert self._opened is not None
        _, working, portal = self._opened
        if at_once:
            self.stop()
        self._tell(Narrator.finish)
        return working, portal

    async def _work(self, *, task_status: TaskStatus[NarratorThread]) -> None:
        config = self._config or self._config_of_this_folder()
        if self._sections:
            config = with_sections(config, self._sections, origin="SpeakingCallbackHandler")
        unused = GivenText("", WRITER)  # LangChain's models write; nothing is asked of the conversation's own
        async with (
            open_engines(config, notify=self._notify, chat=unused) as engines,
            open_conversation(engines, config, notify=self._notify, listener=self._hear) as conversation,
            open_narrator(conversation, final_answer_only=self._final_answer_only) as narrator,
        ):
            task_status.started(NarratorThread.running(narrator))
            await narrator.finished.wait()

    def _config_of_this_folder(self) -> Config:
        loaded = load_config()
        for refused in loaded.refused:
            self._notify(str(refused))
        return loaded.config

    def _hear(self, event: Event) -> None:
        if not isinstance(event, TurnEvent):
            return
        if isinstance(event, TurnEnded) and event.error:
            _log.warning("%s%s", event.error, f" ({event.hint})" if event.hint else "")
        try:
            if self._on_chunk and isinstance(event, SegmentReady):
                self._on_chunk(event.text)
            if self._emit:
                self._emit(event)
        except Exception:  # noqa: BLE001 - the caller's own
            _log.exception("a listener failed; the speech goes on")

"""A voice for a program: it says what the program gives it, one thing at a time."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import TypeVar

import anyio
from anyio import CancelScope

from voicebot.app import Engines, Notify, open_conversation, open_engines
from voicebot.config.models import Config, Section
from voicebot.conversation import Conversation
from voicebot.errors import ChatError, VoiceClosed
from voicebot.events import Event
from voicebot.floor import Priority
from voicebot.library.deltas import Deltas, text_of
from voicebot.library.event_stream import EventStream
from voicebot.library.settings import ConfigSource, Settings, wanted
from voicebot.messages import Message, ReplyPart
from voicebot.protocols import AudioOutput, ChatModel, Synthesizer
from voicebot.speech import Outcome
from voicebot.translation import tr

_log = logging.getLogger("voicebot")
_SILENT_WITHIN_SECONDS = 2.0
"""What is being spoken when the voice is closed has this long to end; then it is abandoned."""
P = TypeVar("P")


class Voice:
    """Speaks; what is asked for meanwhile waits for its turn.

    Each method that speaks returns when that is over and says how it ended, with `Outcome.kind`: "completed",
    "interrupted" or "failed". A fault of the voice, the output or the chat model is an outcome, with its `error`; it
    is raised only by `outcome.raise_if_failed()`. Cancelling the call ends the speech. Once the block that opened it
    has ended, they raise VoiceClosed. Not to be used from another thread: see `open_voice_sync`.
    """

    def __init__(self, conversation: Conversation, notify: Notify) -> None:
        self.conversation = conversation
        """The conversation itself, for everything that this class does not offer."""
        self._notify = notify
        self._closed = False
        self._turns = 0
        self._quiet = anyio.Event()
        self._readers = ExitStack()

    async def say(
        self, text: str, *, barge_in: bool = False, priority: Priority = Priority.MESSAGE, source: str = ""
    ) -> Outcome:
        """Say `text` when its turn has come; with `barge_in` at once, in the place of whatever is being said."""
        with self._turn():
            return self._told(await self.conversation.say(text, barge_in=barge_in, priority=priority, source=source))

    async def speak(
        self, deltas: Deltas, *, barge_in: bool = False, priority: Priority = Priority.MESSAGE, source: str = ""
    ) -> Outcome:
        """Say a text while it is being written, sentence by sentence; otherwise as `say`.

        What `deltas` raises is raised here, a ChatError excepted, which is an outcome; an async generator is closed
        when its turn ends. An iterator that is not async is asked in a thread.
        """
        with self._turn():
            text = text_of(deltas)
            try:
                return self._told(
                    await self.conversation.say(text, barge_in=barge_in, priority=priority, source=source)
                )
            finally:
                with CancelScope(shield=True):
                    await text.aclose()  # it may never have had its turn

    async def ask(self, message: str, *, barge_in: bool = True, priority: Priority = Priority.MESSAGE) -> Outcome:
        """Speak the reply of the chat model to `message`; what was heard of it is remembered.

        Without a chat model that is a failed outcome.
        """
        with self._turn():
            return self._told(await self.conversation.speak(message, barge_in=barge_in, priority=priority))

    def stop(self) -> bool:
        """Be silent at once and drop what waits; return whether there was anything to end."""
        return self.conversation.floor.cancel_all()

    def pause(self) -> None:
        """Let the sound stand still until `resume`."""
        self.conversation.pause()

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        self.conversation.resume()

    @property
    def speaking(self) -> bool:
        """Whether anything is being said, or paused."""
        return self.conversation.floor.live is not None

    def events(self, *, capacity: int = 1024) -> EventStream:
        """What happens from now on, to be read with `async for` by another task; it ends when the voice is closed.

        At most `capacity` events are kept unread; then the oldest are lost, and `missed` counts them.
        """
        self.check_open()
        return EventStream(self.conversation.broadcast, self._readers, capacity=capacity)

    # ------------------------------------------------------------ its end

    async def close(self) -> None:
        """Be silent, and speak no more; the block that opened it does that."""
        self._closed = True
        self.stop()
        with CancelScope(shield=True), anyio.move_on_after(_SILENT_WITHIN_SECONDS):
            if self._turns:
                await self._quiet.wait()
        self._readers.close()

    def check_open(self) -> None:
        """Raise VoiceClosed where the block that opened it has ended."""
        if self._closed:
            raise VoiceClosed(tr("the voice is closed"), hint=tr("speak inside the block that opens it"))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self.check_open()
        self._turns += 1
        try:
            yield
        finally:
            self._turns -= 1
            if not self._turns:
                self._quiet.set()
                self._quiet = anyio.Event()

    def _told(self, outcome: Outcome) -> Outcome:
        if outcome.kind == "failed" and outcome.error is not None:
            self._notify(outcome.error.in_one_line)
        return outcome


@asynccontextmanager
async def open_voice(
    config: ConfigSource | None = None,
    *,
    chat: ChatModel | Settings | None = None,
    tts: Synthesizer | Settings | None = None,
    audio: AudioOutput | Settings | None = None,
    chunking: Mapping[str, object] | Section | None = None,
    spoken: Mapping[str, object] | Section | None = None,
    conversation: Mapping[str, object] | Section | None = None,
    memory: Mapping[str, object] | Section | None = None,
    tools: Mapping[str, object] | Section | None = None,
    on_event: Callable[[Event], None] | None = None,
    notify: Notify | None = None,
) -> AsyncIterator[Voice]:
    """Open a voice, on asyncio or trio; leaving the block ends what is being said.

    `config` is a configuration, its tables, or a file; None: the defaults. No file and no environment variable is read
    that is not named: `open_voice(voicebot.load_config())` speaks as the command does. The keywords are sections of
    config.toml that go on top of it; `chat`, `tts` and `audio` may be their kind alone, such as "voicevox", or an
    object of your own. Unless `chat` is named there is no chat model, and without `memory.store` no conversation is
    kept in a file.

    `on_event` is called with each event at once, and must neither block nor raise. `notify` is told what a person
    should know (a voice's credit, where the sound goes without a loudspeaker, why something failed); it is logged
    unless you say otherwise. Raises ConfigError, VoiceUnavailable, AudioError and, for a chat model that was named
    here, ChatError.
    """
    notify = notify or _log_notice
    sections = {"chunking": chunking, "spoken": spoken, "conversation": conversation, "memory": memory, "tools": tools}
    said: dict[str, Settings] = {name: given for name, given in sections.items() if given is not None}
    own_chat, own_voice, own_output = _own(said, "chat", chat), _own(said, "tts", tts), _own(said, "audio", audio)
    if own_output is not None:
        said["audio"] = "silent"  # no loudspeaker is looked for
    asked = wanted(config, said)
    async with AsyncExitStack() as stack:
        engines = await _open_engines(
            stack,
            asked.config,
            notify,
            chat=own_chat if asked.names_chat or own_chat else _no_chat(),
            synthesizer=own_voice,
            needs_chat=chat is not None,
        )
        below = await stack.enter_async_context(
            open_conversation(engines, asked.config, notify=notify, output=own_output, listener=on_event)
        )
        voice = Voice(below, notify)
        stack.push_async_callback(voice.close)
        yield voice


def _own(said: dict[str, Settings], name: str, given: P | Settings | None) -> P | None:
    """What is given where that is an object of the program's own; settings are put among those that it `said`."""
    if given is None:
        return None
    if isinstance(given, (str, Mapping, Section)):
        said[name] = given
        return None
    return given


async def _open_engines(
    stack: AsyncExitStack,
    config: Config,
    notify: Notify,
    *,
    chat: ChatModel | None,
    synthesizer: Synthesizer | None,
    needs_chat: bool,
) -> Engines:
    """The engines; a chat model of a file that cannot be opened is an error only when it is asked."""
    try:
        return await stack.enter_async_context(open_engines(config, notify=notify, chat=chat, synthesizer=synthesizer))
    except ChatError as error:
        if needs_chat:
            raise
        missing = _MissingChat(error)
    return await stack.enter_async_context(open_engines(config, notify=notify, chat=missing, synthesizer=synthesizer))


class _MissingChat:
    """Stands in for a chat model that could not be opened, and says why when it is asked."""

    name = "none"

    def __init__(self, error: ChatError) -> None:
        self._error = error

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # noqa: ARG002 - the protocol has it
        """Raise ChatError."""
        raise type(self._error)(self._error.message, hint=self._error.hint) from self._error
        yield ""


def _no_chat() -> _MissingChat:
    return _MissingChat(
        ChatError(
            tr("there is no chat model"),
            hint=tr('name one: open_voice(chat="ollama"), or say a text of your own: voice.speak(deltas)'),
        )
    )


def _log_notice(text: str) -> None:
    _log.warning("%s", text)

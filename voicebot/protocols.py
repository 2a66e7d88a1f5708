"""The plugs: what a chat model, a voice, an audio output, a chunker and a memory must be able to do."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from functools import lru_cache
from inspect import signature
from typing import Any, Protocol, TypeGuard, TypeVarTuple, runtime_checkable
from uuid import uuid4

from voicebot.events import TurnEvent
from voicebot.messages import Message, ReplyOptions, ReplyPart, ToolSpec
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Clip, Outcome, Segment, Style

Arguments = TypeVarTuple("Arguments")
Emit = Callable[[TurnEvent], None]
"""Takes an event of a turn; never blocks and never raises."""


class ChatModel(Protocol):
    """Writes replies."""

    @property
    def name(self) -> str:
        """What a person calls it, such as `ollama llama3.2`."""
        ...

    def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:
        """Yield the deltas of the reply to `messages` as they arrive, and what else the server or a tool loop tells.

        The caller closes the generator (`aclosing`), which ends the request. Raises ChatError, also for a reply
        that breaks off: after its deltas so far.
        """
        ...


class ToolChatModel(Protocol):
    """Writes replies and can ask for tools."""

    @property
    def name(self) -> str:
        """What a person calls it."""
        ...

    def stream_reply(
        self, messages: Sequence[Message], *, tools: Sequence[ToolSpec] = ()
    ) -> AsyncGenerator[ReplyPart, None]:
        """As `ChatModel.stream_reply`, with a `ToolCall` for each call of the model, behind the text before it."""
        ...


def takes_tools(chat: ChatModel) -> TypeGuard[ToolChatModel]:
    """Tell whether `chat` can be offered tools."""
    return "tools" in signature(chat.stream_reply).parameters


@runtime_checkable
class ConversationalChatModel(ChatModel, Protocol):
    """Writes replies, and keeps something of each conversation itself."""

    def for_conversation(self, conversation: str) -> ChatModel:
        """Return the same chat model for the conversation with this id, which nothing else has."""
        ...


def for_new_conversation(chat: ChatModel) -> ChatModel:
    """Return what writes the replies of one more conversation; `chat` itself where it keeps nothing of any."""
    return chat.for_conversation(str(uuid4())) if isinstance(chat, ConversationalChatModel) else chat


@runtime_checkable
class AdjustableChatModel(ChatModel, Protocol):
    """Writes replies, and can write some in another way."""

    def adjusted(self, options: ReplyOptions) -> ChatModel:
        """Return the same chat model with these options, as far as it has them."""
        ...


def adjusted(chat: ChatModel, options: ReplyOptions) -> ChatModel:
    """Return what writes replies with these options, as far as `chat` has them; others are ignored."""
    return chat.adjusted(options) if isinstance(chat, AdjustableChatModel) else chat


class Synthesizer(Protocol):
    """Makes audio of text. It knows nothing of utterances, clips or turns."""

    @property
    def name(self) -> str:
        """What a person calls it, such as `voicevox ずんだもん/ノーマル`."""
        ...

    @property
    def identity(self) -> str:
        """Which engine it is, where, and which of its voices: what is learned of it is kept under this."""
        ...

    @property
    def credit(self) -> str:
        """What has to be named wherever its sound is used, such as `VOICEVOX:ずんだもん`; empty if nothing."""
        ...

    @property
    def format(self) -> AudioFormat:
        """The format that its audio usually has; each piece says its own."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        """Yield the audio of `text`, which is one line and not empty, in order; one piece where it does not stream.

        The caller closes the generator (`aclosing`). Any number of calls may run at once: a synthesizer whose engine
        cannot work on them in parallel lets them wait. Raises SynthesisError when this text cannot be said and
        VoiceUnavailable when none can. Cancelling gives the engine up to the next caller at once.
        """
        ...


class LoadingSynthesizer(Protocol):
    """A synthesizer that needs more for some languages than for others."""

    def expect(self, language: str) -> None:
        """Begin to load what only texts in `language` (BCP 47) need; return at once. A synthesizer passes it on to
        those that it is made of."""
        ...


def loads_languages(synthesizer: object) -> TypeGuard[LoadingSynthesizer]:
    """Tell whether `synthesizer` can be told what language is coming."""
    return callable(getattr(synthesizer, "expect", None))


class UrgentSynthesizer(Protocol):
    """A synthesizer that is told how soon its audio is needed, and lets what is needed later wait."""

    def synthesize(
        self, text: str, style: Style = AS_CONFIGURED, *, within_seconds: float = math.inf
    ) -> AsyncGenerator[Audio, None]:
        """As `Synthesizer.synthesize`; the listener would hear silence after `within_seconds` from now.

        0.0: they wait already; infinite: nobody waits for it.
        """
        ...


def takes_urgency(synthesizer: Synthesizer) -> TypeGuard[UrgentSynthesizer]:
    """Tell whether `synthesizer` can be told how soon its audio is needed."""
    method = synthesizer.synthesize
    return _takes_within_seconds(getattr(method, "__func__", method))  # the function, which all of its kind share


@lru_cache(maxsize=64)
def _takes_within_seconds(function: Callable[..., object]) -> bool:
    try:
        return "within_seconds" in signature(function).parameters
    except (TypeError, ValueError):  # it is not written in Python, and does not tell
        return False


def synthesize_within(
    synthesizer: Synthesizer, text: str, style: Style, within_seconds: float
) -> AsyncGenerator[Audio, None]:
    """Yield the audio of `text`, which is needed after `within_seconds`, if `synthesizer` wants to know that.

    A synthesizer made of others passes on with this what it is told itself.
    """
    if takes_urgency(synthesizer):
        return synthesizer.synthesize(text, style, within_seconds=within_seconds)
    return synthesizer.synthesize(text, style)


class Playback(Protocol):
    """One clip on its way to the listener."""

    async def started(self) -> float:
        """Wait until the first frame is audible; return that moment on the clock of `anyio.current_time`.

        Returns also when the clip is over without a sound. Raises AudioError when the output is gone.
        """
        ...

    async def finished(self) -> float:
        """Wait until nothing more of the clip will be heard; return that moment.

        That is when its last frame was heard or the output was aborted; an output that is elsewhere also gives up a
        clip of which it hears nothing. `heard_seconds` tells how it ended. Raises AudioError when the output is gone.
        """
        ...

    def heard_seconds(self) -> float:
        """How much of the clip has been heard so far: never less than before, the clip's `seconds` at its end."""
        ...


class AudioOutput(Protocol):
    """Where clips are heard, or kept."""

    @property
    def name(self) -> str:
        """What a person calls it, such as the device's name or the file's path."""
        ...

    @property
    def realtime(self) -> bool:
        """False when clips are taken faster than they sound, so that there are no gaps to speak of."""
        ...

    async def play(self, clip: Clip) -> Playback:
        """Queue `clip` directly behind the one before; return as soon as the next one may come.

        Raises AudioError.
        """
        ...

    async def drain(self) -> None:
        """Come to rest after the last clip of a turn was heard. Raises AudioError when the output is gone."""
        ...

    def pause(self) -> None:
        """Hold the sound until `resume` or `abort`; clips are still queued. Does nothing when it is held already.

        What has left for the listener may still be heard, and counts: at most the latency of a device.
        """
        ...

    def resume(self) -> None:
        """Go on with the frame behind the last one; does nothing without a `pause`."""
        ...

    def paused_seconds(self) -> float:
        """How long it has been held in all, so far: silence that was asked for."""
        ...

    def abort(self) -> None:
        """Be silent now, forget what was not heard, and end a pause; every Playback keeps its `heard_seconds`."""
        ...


class ChunkingStrategy(Protocol):
    """Says where a reply is cut into what is spoken at a time; made anew for each reply."""

    def feed(self, delta: str) -> Sequence[str]:
        """Take the next piece of the reply and return the pieces of it that are ready, in order and unchanged.

        Whitespace between them may be dropped.
        """
        ...

    def flush(self) -> Sequence[str]:
        """Return the rest at the end of the reply; what is not returned is said as one piece."""
        ...


class TurnChunker(Protocol):
    """Cuts one reply for a turn: what `text.chunking.Chunker` does."""

    def feed(self, delta: str) -> list[Segment]:
        """Take the next piece of the reply and return the segments that are ready."""
        ...

    def flush(self) -> list[Segment]:
        """Return what is left at the end of the reply."""
        ...

    def release(self) -> list[Segment]:
        """Return what waits only for what comes next, now that the stream has paused."""
        ...

    @property
    def unfinished(self) -> str:
        """The clause that is being written, where a phrase may be broken off it."""
        ...

    def break_off(self, count: int) -> Segment:
        """Cut behind the first `count` characters of `unfinished`."""
        ...


class Memory(Protocol):
    """What the chat model is told of the conversation so far."""

    def messages(self) -> list[Message]:
        """The messages to send before the next one of the user."""
        ...

    def remember(self, message: str, outcome: Outcome, *, model: str) -> object:
        """Know one finished turn from now on; `model` is what a person calls the chat model."""
        ...

    async def keep(self) -> None:
        """Return when everything remembered so far is safe, or the person was told that it cannot be."""
        ...

    async def condense(self, chat: ChatModel) -> None:
        """Make what is told shorter, where there is need, with the help of `chat`; nothing is lost by cancelling it."""
        ...


class Background(Protocol):
    """What a conversation leaves to be done between its turns: a task group, or a part of one."""

    def start_soon(
        self,
        func: Callable[[*Arguments], Coroutine[Any, Any, object]],  # Any: the event loop's
        *args: *Arguments,
    ) -> object:
        """Start a task that ends with the conversation at the latest."""
        ...

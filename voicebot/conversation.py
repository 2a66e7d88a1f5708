"""A conversation: what one person says and hears, who has the floor of it, and what is remembered of each turn."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing, nullcontext
from dataclasses import dataclass, replace

import anyio
from anyio import CancelScope

from voicebot.events import Broadcast, Notice, new_turn_id
from voicebot.floor import Floor, Priority
from voicebot.messages import Message, ReplyPart
from voicebot.protocols import Background, Memory, Synthesizer, for_new_conversation, synthesize_within
from voicebot.speech import AS_CONFIGURED, Audio, Capabilities, Metrics, Outcome, Style
from voicebot.text.language import has_japanese
from voicebot.turn import Pipeline, speak_turn

_NOT_HEARD_EN = "(Your voice failed for a moment. I could read, but not hear: {})"
_NOT_HEARD_JA = "（途中で声が出ていませんでした。画面で読めただけで、聞こえなかった部分：{}）"


@dataclass(frozen=True, slots=True)
class GivenText:
    """A chat model that says a given text, or deltas as somebody else writes them."""

    text: str | AsyncIterable[str]
    name: str = "given text"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # noqa: ARG002 - the protocol has it
        """Yield the text, whatever is asked. An async generator is closed with this one."""
        text = self.text
        if isinstance(text, str):
            yield text
            return
        async with aclosing(text) if isinstance(text, AsyncGenerator) else nullcontext():
            async for delta in text:
                yield delta


class Styled:
    """A synthesizer that says everything in one style."""

    def __init__(self, synthesizer: Synthesizer, style: Style) -> None:
        self._synthesizer = synthesizer
        self._style = style
        self.name, self.identity, self.credit = synthesizer.name, synthesizer.identity, synthesizer.credit
        self.format = synthesizer.format

    @property
    def capabilities(self) -> Capabilities:
        """What it can do now."""
        return self._synthesizer.capabilities

    def synthesize(
        self, text: str, style: Style = AS_CONFIGURED, *, within_seconds: float = math.inf
    ) -> AsyncGenerator[Audio, None]:
        """Yield the audio of `text` in its style, unless another is asked for."""
        style = self._style if style == AS_CONFIGURED else style
        return synthesize_within(self._synthesizer, text, style, within_seconds)


def in_style(synthesizer: Synthesizer, style: Style) -> Synthesizer:
    """`synthesizer`, saying everything in `style`."""
    return synthesizer if style == AS_CONFIGURED else Styled(synthesizer, style)


class Conversation:
    """Lets one turn speak at a time and remembers what was heard of it."""

    def __init__(
        self,
        pipeline: Pipeline,
        *,
        memory: Memory,
        broadcast: Broadcast | None = None,
        background: Background | None = None,
    ) -> None:
        """With `background` the memory is tidied there between turns."""
        self.broadcast = broadcast or Broadcast()
        """What happens in this conversation, and in no other."""
        self.floor = Floor(self.broadcast.emit)
        """Who speaks, and who waits for that."""
        self.pipeline = pipeline
        """What its turns are made with; a turn that runs keeps the one it began with."""
        self.memory = memory
        """What is remembered of them; a turn that runs is remembered by the one it began with."""
        self._began = anyio.current_time()
        self.background = background
        """What goes on between turns; None: nothing does."""
        self._condensing: CancelScope | None = None

    async def speak(
        self,
        message: str,
        *,
        barge_in: bool = True,
        priority: Priority = Priority.MESSAGE,
        source: str = "",
        turn: str = "",
        pipeline: Pipeline | None = None,
    ) -> Outcome:
        """Speak the reply to `message` and return how that ended.

        With `barge_in` a turn that is being spoken ends first, and those that wait and matter less are dropped;
        without, this one waits for its place. What was heard of the reply is remembered, not what was generated, and
        kept when this returns. `turn` is the id in its events; left out, it gets a new one. `pipeline` stands in for
        the conversation's own, such as one with the output of the person who asks.
        """
        turn = turn or new_turn_id()
        async with self.floor.claim(turn, priority, source=source, barge_in=barge_in) as claim:
            if claim.dropped:
                return _unspoken("")
            if self._condensing is not None:
                self._condensing.cancel()  # it must not share the chat server with a reply
            memory, pipeline = self.memory, pipeline or self.pipeline
            messages = _told([*memory.messages(), Message("user", message)])
            outcome = await speak_turn(messages, pipeline, emit=self.broadcast.emit, scope=claim.scope, turn=turn)
            memory.remember(message, outcome, model=pipeline.chat.name)
        await memory.keep()
        if self.background is not None and not self.floor.closed:
            self.background.start_soon(self._condense)
        return outcome

    async def say(
        self,
        text: str | AsyncIterable[str],
        *,
        message: str = "",
        writer: str = "given text",
        barge_in: bool = False,
        priority: Priority = Priority.MESSAGE,
        source: str = "",
        turn: str = "",
        style: Style = AS_CONFIGURED,
        pipeline: Pipeline | None = None,
    ) -> Outcome:
        """Say `text` as it stands when its turn has come, and return how that ended. It is not remembered.

        With `barge_in` that is at once, as in `speak`.
        Deltas are said while they come. What they raise is raised here, a ChatError excepted: that is an outcome. An
        async generator is closed when its turn ends. `message` is what the text replies to and `writer` who writes it,
        as `TurnStarted` tells them. `turn` is the id in its events; left out, it gets a new one. `style` is the
        voice and speed, where they differ from the configured ones. `pipeline` is as in `speak`.
        """
        turn = turn or new_turn_id()
        async with self.floor.claim(turn, priority, source=source, barge_in=barge_in) as claim:
            if claim.dropped:
                return _unspoken(text if isinstance(text, str) else "")
            pipeline = replace(pipeline or self.pipeline, chat=GivenText(text, writer))
            if pipeline.synthesizer is not None:
                pipeline = replace(pipeline, synthesizer=in_style(pipeline.synthesizer, style))
            messages = [Message("user", message)] if message else []
            return await speak_turn(messages, pipeline, emit=self.broadcast.emit, scope=claim.scope, turn=turn)

    def interrupt(self) -> bool:
        """End the turn that is being spoken and the person's own that waits, if any; tell whether there was one."""
        live = self.floor.live
        stopped = live is not None and self.floor.cancel(live.id)
        own = [claim.id for claim in self.floor.waiting if claim.barge_in]
        return any([stopped, *map(self.floor.cancel, own)])

    def pause(self) -> None:
        """Let the sound stand still; what is queued goes on after `resume`."""
        self.pipeline.output.pause()

    def resume(self) -> None:
        """Go on where `pause` stopped."""
        self.pipeline.output.resume()

    def notify(self, message: str, *, hint: str = "") -> None:
        """Tell everybody who listens something that belongs to no turn."""
        self.broadcast.emit(Notice("", self.seconds(), message, hint))

    def seconds(self) -> float:
        """How long it has gone on: the clock of the events between turns."""
        return anyio.current_time() - self._began

    async def _condense(self) -> None:
        if self.floor.live is not None:
            return
        with CancelScope() as self._condensing:
            # it is not a turn of this conversation
            await self.memory.condense(for_new_conversation(self.pipeline.chat))


def _told(messages: Sequence[Message]) -> list[Message]:
    """`messages`, in which the user says what they could not hear of the reply before.

    In a reply itself, models would take it for their own words and copy it.
    """
    told: list[Message] = []
    for message in messages:
        skipped = told[-1].skipped if told else ""
        if message.role == "user" and skipped:
            note = _NOT_HEARD_JA if has_japanese(skipped) else _NOT_HEARD_EN
            message = replace(message, content=f"{note.format(skipped)}\n\n{message.content}")
        told.append(message)
    return told


def _unspoken(text: str) -> Outcome:
    """The outcome of a turn that never had the floor."""
    return Outcome("interrupted", "", text, True, Metrics())

"""A turn is a function call: `speak_turn` writes, cuts, says and plays one reply, all at the same time.

Everything that belongs to the reply is a local of this call, inside one cancel scope. Barge-in is cancelling that
scope.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

import anyio
from anyio import CancelScope, EndOfStream, WouldBlock
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voicebot import events
from voicebot.errors import ChatError, SynthesisError, VoicebotError, VoiceUnavailable
from voicebot.messages import Message, ToolCall, Usage
from voicebot.metrics import MetricsFold
from voicebot.pacing import Pacer, Wait
from voicebot.protocols import AudioOutput, ChatModel, Emit, Playback, Synthesizer
from voicebot.speech import AudioFormat, Clip, Outcome, OutcomeKind, Segment, Utterance
from voicebot.text.chunking import Chunker
from voicebot.text.heard import heard_part

_NO_AUDIO = AudioFormat(24_000)
_AUDIBLE_GAP = 0.001
"""Seconds; what is shorter is rounding."""
_CUT_SHORT = {
    "length": ("the chat server ended the reply at its length limit", "raise chat.max_tokens, or ask for less"),
    "content_filter": ("the chat server's content filter ended the reply", ""),
}
"""Reasons to end a reply that its listener should know of: what happened, and what to do."""
_FAILURES_IN_A_ROW = 3
"""After so many utterances that could not be said, the voice is given up for the rest of the turn."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What turns are made with. It outlives them; only the chunker and the pacer are made anew each time."""

    chat: ChatModel
    synthesizer: Synthesizer | None
    """None: the reply is shown and not spoken."""
    output: AudioOutput
    new_chunker: Callable[[], Chunker]
    new_pacer: Callable[[], Pacer]
    idle_seconds: float = 0.3
    """A finished sentence is said when the model has paused this long."""
    patience_seconds: float = 2.0
    """When the model has paused this long and the voice has nothing to say, an unfinished clause is said too."""


async def speak_turn(messages: Sequence[Message], pipeline: Pipeline, *, emit: Emit, scope: CancelScope) -> Outcome:
    """Speak the reply to `messages` while it is being written; return how that ended.

    Cancelling `scope` is barge-in: the output is silent at once and the outcome says what had been heard. Faults of the
    chat model, the voice and the output are outcomes too; a reply that breaks off is spoken as far as it came.
    """
    turn = _Turn(emit)
    turn.emit(
        events.TurnStarted(
            0.0,
            message=messages[-1].content if messages else "",
            chat=pipeline.chat.name,
            voice=pipeline.synthesizer.name if pipeline.synthesizer else "none",
            audio=pipeline.output.name,
        )
    )
    with scope:
        try:
            await _run_stages(messages, pipeline, turn)
        except BaseExceptionGroup as group:
            error = _first_leaf(group)
            if not isinstance(error, VoicebotError):
                raise error from None
            turn.error = error
    return _end(turn, interrupted=scope.cancelled_caught)


async def _run_stages(messages: Sequence[Message], pipeline: Pipeline, turn: _Turn) -> None:
    # Deltas and segments are cheap: enough of them to cut and say ahead, few enough that a chat server that writes a
    # book meets the back-pressure of the loudspeaker.
    deltas_in, deltas_out = anyio.create_memory_object_stream[str](256)
    segments_in, segments_out = anyio.create_memory_object_stream[Segment](64)
    clips_in, clips_out = anyio.create_memory_object_stream[Clip](2)  # audio is dear: two ahead of the output's own
    pacer = pipeline.new_pacer()
    if pipeline.synthesizer is None or not pipeline.output.realtime:
        turn.play_until = math.inf  # nobody waits for the next sound
    with deltas_out, segments_out, clips_out:
        async with anyio.create_task_group() as stages:
            stages.start_soon(_read, pipeline.chat, messages, deltas_in, turn)
            stages.start_soon(_chunk, deltas_out, pipeline, pacer, segments_in, turn)
            stages.start_soon(_synthesize, segments_out, pacer, pipeline.synthesizer, clips_in, turn)
            stages.start_soon(_play, clips_out, pipeline.output, turn)


# ---------------------------------------------------------------- the stages


async def _read(chat: ChatModel, messages: Sequence[Message], deltas: MemoryObjectSendStream[str], turn: _Turn) -> None:
    """Take the deltas from the chat model."""
    with deltas:
        try:
            async with aclosing(chat.stream_reply(messages)) as reply:
                async for part in reply:
                    if not isinstance(part, str):
                        turn.note(part)
                        continue
                    turn.reply.append(part)
                    turn.first_text = min(turn.first_text, anyio.current_time())
                    turn.emit(events.Delta(turn.now(), part))
                    await deltas.send(part)
        except ChatError as error:
            turn.error = error  # what came before it is still worth hearing


async def _chunk(
    deltas: MemoryObjectReceiveStream[str],
    pipeline: Pipeline,
    pacer: Pacer,
    segments: MemoryObjectSendStream[Segment],
    turn: _Turn,
) -> None:
    """Cut the deltas into segments; do not hold a finished sentence back when the model pauses."""
    chunker = pipeline.new_chunker()
    pauses = (pipeline.idle_seconds, max(0.0, pipeline.patience_seconds - pipeline.idle_seconds))
    patience = list(pauses)
    ended = False
    with segments:
        while not ended:
            cut = []
            with anyio.move_on_after(patience[0] if patience else math.inf) as pause:
                try:
                    cut = chunker.feed(await deltas.receive())
                except EndOfStream:
                    cut, ended = chunker.flush(), True
            if pause.cancelled_caught:
                del patience[0]
                cut = chunker.release()
            else:
                patience = list(pauses)
            if not cut and not ended and segments.statistics().tasks_waiting_receive:  # the voice is free
                count = pacer.phrase_end(chunker.unfinished, turn.lead(), turn.silence(), paused=not patience)
                cut = [chunker.break_off(count)] if count else []
            for segment in cut:
                turn.emit(
                    events.SegmentReady(
                        turn.now(), segment.text, segment.start, segment.end, segment.boundary.value, segment.rule
                    )
                )
                await segments.send(segment)


async def _next_utterance(segments: MemoryObjectReceiveStream[Segment], pacer: Pacer, turn: _Turn) -> Utterance | None:
    """Decide, as late as possible, how much is said next; None at the end of the reply."""
    while True:
        with suppress(WouldBlock, EndOfStream):
            while pacer.wants_more:
                pacer.feed(segments.receive_nowait())
        match pacer.decide(turn.lead()):
            case Wait(seconds=seconds):
                with anyio.move_on_after(seconds):
                    try:
                        pacer.feed(await segments.receive())
                    except EndOfStream:
                        pacer.end()
            case None:
                return None
            case utterance:
                lead = turn.lead()
                turn.emit(
                    events.UtteranceReady(
                        turn.now(),
                        utterance.index,
                        utterance.text,
                        utterance.shown,
                        utterance.spoken,
                        utterance.rule,
                        lead if math.isfinite(lead) else None,
                    )
                )
                return utterance


async def _synthesize(
    segments: MemoryObjectReceiveStream[Segment],
    pacer: Pacer,
    voice: Synthesizer | None,
    clips: MemoryObjectSendStream[Clip],
    turn: _Turn,
) -> None:
    """Make the reply audible. An utterance that cannot be said is reported, shown and skipped."""
    failures = 0
    with clips:
        while (utterance := await _next_utterance(segments, pacer, turn)) is not None:
            if voice is None or not utterance.spoken:
                await clips.send(Clip(utterance, b"", _NO_AUDIO))
                continue
            if failures == _FAILURES_IN_A_ROW:
                await clips.send(Clip(utterance, b"", _NO_AUDIO, skipped=True))
                continue
            began = turn.now()
            try:
                clip = await voice.synthesize(utterance)
            except SynthesisError as error:
                failures = _FAILURES_IN_A_ROW if isinstance(error, VoiceUnavailable) else failures + 1
                turn.voice_error = error
                if failures == _FAILURES_IN_A_ROW:
                    turn.error = turn.error or error
                turn.emit(
                    events.Warning(turn.now(), f"could not say {utterance.text.strip()!r}: {error.message}", error.hint)
                )
                clip = Clip(utterance, b"", _NO_AUDIO, skipped=True)
            else:
                failures = 0
                now = turn.now()
                pacer.learn(utterance, now - began)
                turn.made(clip.seconds)
                turn.emit(events.ClipReady(now, utterance.index, clip.seconds, now - began, clip.format.sample_rate))
            await clips.send(clip)


async def _play(clips: MemoryObjectReceiveStream[Clip], output: AudioOutput, turn: _Turn) -> None:
    """Let the clips be heard; when the turn is cancelled, be silent at once."""
    try:
        async with anyio.create_task_group() as follower:
            # Never full: `output.play` returns only when there is room for another clip.
            queued_in, queued_out = anyio.create_memory_object_stream[_Queued](math.inf)
            follower.start_soon(_follow, queued_out, output.realtime, turn)
            with queued_in:
                async for clip in clips:
                    playback = await output.play(clip) if clip.pcm else None
                    queued = _Queued(clip.utterance, clip.seconds, clip.skipped, playback)
                    turn.queued.append(queued)
                    queued_in.send_nowait(queued)
        await output.drain()
    except BaseException:
        output.abort()
        raise


async def _follow(queue: MemoryObjectReceiveStream[_Queued], realtime: bool, turn: _Turn) -> None:
    """Report what is heard when it is heard."""
    finished: float | None = None
    with queue:
        async for queued in queue:
            index, playback = queued.utterance.index, queued.playback
            if playback is not None:
                started = await playback.started()
                turn.started(started, queued.seconds)
                if realtime and finished is not None and started - finished > _AUDIBLE_GAP:
                    turn.emit(events.Gap(turn.now(), index, started - finished))
            turn.emit(events.PlaybackStarted(turn.now(), index, queued.utterance.shown, queued.seconds))
            if playback is not None:
                finished = await playback.finished()
            queued.heard, queued.playback = True, None  # and its audio may go
            turn.emit(events.PlaybackFinished(turn.now(), index))


# ---------------------------------------------------------------- the account of the turn


@dataclass(slots=True)
class _Queued:
    """An utterance that was given to the output, or is only shown."""

    utterance: Utterance
    seconds: float
    """Of audio; 0 when it is only shown."""
    skipped: bool
    """It should have been heard and could not be made audible."""
    playback: Playback | None
    heard: bool = False


@dataclass(slots=True)
class _Turn:
    """What the stages leave behind for the outcome."""

    subscriber: Emit
    began: float = field(default_factory=anyio.current_time)
    fold: MetricsFold = field(default_factory=MetricsFold)
    reply: list[str] = field(default_factory=list)
    exchanged: list[Message] = field(default_factory=list)
    """The messages of a tool loop, in order."""
    queued: list[_Queued] = field(default_factory=list)
    error: VoicebotError | None = None
    """Why the turn failed."""
    voice_error: SynthesisError | None = None
    """Why the last utterance that could not be said was skipped."""
    play_until: float = 0.0
    """When the audio made so far will have been heard, on the clock of `anyio.current_time`."""
    first_text: float = math.inf
    """When the first delta came, on the same clock."""
    waiting_seconds: float = 0.0
    """Of audio that is made and not yet audible."""

    def now(self) -> float:
        return anyio.current_time() - self.began

    def note(self, part: ToolCall | Usage | Message) -> None:
        """Keep and tell what of the reply is not for the ear."""
        match part:
            case Usage():
                self.emit(
                    events.ChatUsage(
                        self.now(),
                        part.prompt_tokens,
                        part.reply_tokens,
                        part.load_seconds,
                        part.prompt_seconds,
                        part.reply_seconds,
                        part.finish_reason,
                    )
                )
                if cut := _CUT_SHORT.get(part.finish_reason):
                    self.emit(events.Warning(self.now(), *cut))
            case Message(role="tool"):
                self.exchanged.append(part)
                self.emit(events.ToolAnswered(self.now(), part.tool_call_id, part.tool_name, part.content))
            case Message():
                self.exchanged.append(part)
                for call in part.tool_calls:
                    self.emit(events.ToolCalled(self.now(), call.id, call.name, call.arguments))
            case ToolCall():
                self.emit(
                    events.Warning(self.now(), f"the chat model asked for the tool {part.name!r}, which nobody runs")
                )

    def lead(self) -> float:
        """Seconds of audio made and not yet heard."""
        return max(0.0, self.play_until - anyio.current_time())

    def silence(self) -> float:
        """For how many seconds the listener has heard nothing although there was text."""
        return max(0.0, anyio.current_time() - max(self.play_until, self.first_text))

    def made(self, seconds: float) -> None:
        """A clip of this length is there."""
        self.waiting_seconds += seconds
        self.play_until = max(self.play_until, anyio.current_time()) + seconds

    def started(self, at: float, seconds: float) -> None:
        """A clip of this length became audible: only now is it known when it will have been heard."""
        self.play_until = max(self.play_until, at + self.waiting_seconds)
        self.waiting_seconds -= seconds

    def emit(self, event: events.TurnEvent) -> None:
        self.fold.feed(event)
        self.subscriber(event)


def _end(turn: _Turn, *, interrupted: bool) -> Outcome:
    heard, end, exact = _heard(turn.queued)
    metrics = turn.fold.metrics()
    if turn.error is None and metrics.audio_seconds == 0:
        turn.error = turn.voice_error  # nothing at all could be said
    kind: OutcomeKind = "interrupted" if interrupted else "failed" if turn.error else "completed"
    error = None if interrupted else turn.error
    outcome = Outcome(kind, heard, "".join(turn.reply)[end:], exact, metrics, error, tuple(turn.exchanged))
    turn.emit(
        events.TurnEnded(
            turn.now(),
            outcome=kind,
            heard=heard,
            unsaid=outcome.unsaid,
            exact=exact,
            metrics=metrics,
            error=error.message if error else "",
            hint=error.hint if error else "",
        )
    )
    return outcome


def _heard(queue: Sequence[_Queued]) -> tuple[str, int, bool]:
    """The text that was heard, the offset in the reply behind it, and whether its end is exact."""
    heard: list[str] = []
    end = 0
    for queued in queue:
        utterance = queued.utterance
        if queued.heard:
            end = utterance.end
            if not queued.skipped:
                heard.append(utterance.text)
        elif queued.playback is not None:
            said = heard_part(utterance.spoken, queued.playback.heard_seconds() / queued.seconds)
            part = utterance.text[: utterance.text_end(len(said))]
            return "".join([*heard, part]), utterance.start + len(part), False
        else:
            break
    return "".join(heard), end, True


def _first_leaf(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error to show of a group: ours if there is one."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        match pending.pop(0):
            case BaseExceptionGroup() as inner:
                pending.extend(inner.exceptions)
            case leaf:
                leaves.append(leaf)
    return next((leaf for leaf in leaves if isinstance(leaf, VoicebotError)), leaves[0])

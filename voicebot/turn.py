"""A turn is a function call: `speak_turn` writes, cuts, says and plays one reply, all at the same time.

Everything that belongs to the reply is a local of this call, inside one cancel scope. Barge-in is cancelling that
scope.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, aclosing, closing, suppress
from dataclasses import dataclass, replace
from functools import partial

import anyio
from anyio import CancelScope, EndOfStream, WouldBlock
from anyio.lowlevel import checkpoint
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from voicebot import events
from voicebot.cutter import Cutter
from voicebot.errors import ChatError, SynthesisError, VoicebotError, without_groups
from voicebot.messages import Message
from voicebot.pacing import Pacer, Wait
from voicebot.playback_clock import ArrivalClock, PlaybackClock
from voicebot.protocols import AudioOutput, ChatModel, Emit, Synthesizer, TurnChunker, loads_languages
from voicebot.showing import Screen, announce, render
from voicebot.speech import Outcome, RenderedSegment, Segment, Utterance
from voicebot.synthesis import clips_of
from voicebot.text.false_pauses import without_false_pauses
from voicebot.text.language import has_japanese
from voicebot.text.redaction import StreamRedactor
from voicebot.text.rendering import Renderer
from voicebot.text.respelling import Respeller
from voicebot.text.whole_characters import WholeCharacters
from voicebot.turn_account import QueuedClip, TurnAccount
from voicebot.utterance_queue import QueuedUtterance, UtteranceQueue, without_audio

_AUDIBLE_GAP = 0.001
"""Seconds; what is shorter is rounding."""
_UNBROKEN = 32
"""Others have their turn after this many deltas, where a chat model has them all at hand."""
_UTTERANCES_AHEAD = 3
"""Audio is expensive: at most this many utterances are made, or being made, and not yet taken by the output. Several
engines may work on more."""


_GiveCut = Callable[[list[Segment]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What turns are made with. It outlives them; only chunker, renderer and pacer are made anew each time."""

    chat: ChatModel
    synthesizer: Synthesizer | None
    """None: the reply is shown and not spoken."""
    output: AudioOutput
    new_chunker: Callable[[], TurnChunker]
    new_pacer: Callable[[], Pacer]
    new_renderer: Callable[[], Renderer] = Renderer
    new_redactor: Callable[[], StreamRedactor] = partial(StreamRedactor, ())  # noqa: RUF009 - it holds no state
    """Takes the secrets that the process holds out of the reply."""
    new_respeller: Callable[[], Respeller] = Respeller
    heard_as_it_comes: bool = False
    """Somebody listens at the other end of an output that takes clips faster than they sound."""
    idle_seconds: float = 0.3
    """A finished sentence is said when the model has paused this long."""
    patience_seconds: float = 2.0
    """When the model has paused this long and the voice has nothing to say, an unfinished clause is said too."""
    batch_until: Callable[[float], float] = lambda now: now
    """Until when what comes is cut as one delta, given the time now (both on the event loop's clock); later than now
    where many turns share a processor."""
    show_in_pauses: Callable[[Cutter, Screen], AbstractContextManager[None]] | None = None
    """Without a voice: shows what is finished when the model pauses, until the block ends; None: a task of each turn
    does."""


async def speak_turn(
    messages: Sequence[Message], pipeline: Pipeline, *, emit: Emit, scope: CancelScope, turn: str = ""
) -> Outcome:
    """Speak the reply to `messages` while it is being written; return how that ended.

    Cancelling `scope` is barge-in: the output is silent at once and the outcome says what had been heard. Faults of the
    chat model, the voice and the output are outcomes too; a reply that breaks off is spoken as far as it came. `turn`
    is the id in its events; left out, it gets a new one.
    """
    synthesizer, output = pipeline.synthesizer, pipeline.output
    account = TurnAccount(
        turn or events.new_turn_id(), emit, clock=_listeners_clock(pipeline), redact=pipeline.new_redactor().whole
    )
    account.emit(
        events.TurnStarted(
            account.turn,
            0.0,
            message=messages[-1].content if messages else "",
            chat=pipeline.chat.name,
            voice=synthesizer.name if synthesizer else "none",
            audio=output.name,
        )
    )
    with scope:
        try:
            with without_groups():
                await _run_stages(messages, pipeline, account)
        except VoicebotError as error:
            account.error = error
    return account.end(interrupted=scope.cancelled_caught)


def _listeners_clock(pipeline: Pipeline) -> PlaybackClock | None:
    if pipeline.synthesizer is None:
        return None
    if pipeline.output.realtime:
        return PlaybackClock()
    return ArrivalClock(anyio.current_time) if pipeline.heard_as_it_comes else None


async def _run_stages(messages: Sequence[Message], pipeline: Pipeline, account: TurnAccount) -> None:
    pacer, synthesizer = pipeline.new_pacer(), pipeline.synthesizer
    cutter = Cutter(
        pipeline.new_chunker(),
        pacer,
        account,
        idle_seconds=pipeline.idle_seconds,
        patience_seconds=pipeline.patience_seconds,
        batch_until=pipeline.batch_until,
    )
    if synthesizer is None:
        screen = Screen(pipeline.new_renderer(), pacer, account)
        if pipeline.show_in_pauses is None:
            await _read(pipeline, messages, cutter, screen.show, account)
        else:
            with pipeline.show_in_pauses(cutter, screen):
                await _cut(pipeline, messages, cutter, screen.show, account)
            await screen.show(cutter.end())
        screen.end()
        return
    # Text is cheap: enough of it to cut and say ahead, little enough that a chat server that writes a book meets the
    # back-pressure of the loudspeaker. Clips are counted by `ahead`.
    cuts_in, cuts_out = anyio.create_memory_object_stream[list[Segment]](64)
    segments_in, segments_out = anyio.create_memory_object_stream[RenderedSegment](64)
    clips_in, clips_out = anyio.create_memory_object_stream[QueuedClip](math.inf)
    queue = UtteranceQueue(clips_in, account, at_once=synthesizer.capabilities.ahead)
    ahead = anyio.Semaphore(max(_UTTERANCES_AHEAD, queue.at_once))
    with cuts_out, segments_out, clips_out:
        async with anyio.create_task_group() as stages:
            stages.start_soon(_render, cuts_out, pipeline.new_renderer(), segments_in, account)
            stages.start_soon(
                _synthesize, segments_out, pacer, synthesizer, pipeline.new_respeller(), queue, ahead, account
            )
            stages.start_soon(_play, clips_out, ahead, pipeline.output, account)
            with cuts_in:
                await _read(pipeline, messages, cutter, cuts_in.send, account)


# ---------------------------------------------------------------- the stages


async def _read(
    pipeline: Pipeline, messages: Sequence[Message], cutter: Cutter, give: _GiveCut, account: TurnAccount
) -> None:
    """Read the reply and give away what is cut of it; do not hold a finished sentence back when the model pauses."""
    giving = anyio.Lock(fast_acquire=True)

    async def give_in_pauses() -> None:
        while True:
            await cutter.wait_for_pause()
            async with giving:
                if cut := cutter.pause():
                    await give(cut)

    async with anyio.create_task_group() as meanwhile:
        meanwhile.start_soon(give_in_pauses)
        await _cut(pipeline, messages, cutter, give, account)
        async with giving:  # what was cut is given away before its task is cancelled
            meanwhile.cancel_scope.cancel()
    await give(cutter.end())


async def _cut(
    pipeline: Pipeline, messages: Sequence[Message], cutter: Cutter, give: _GiveCut, account: TurnAccount
) -> None:
    """Take the deltas from the chat model and cut them into segments; most of them wake nobody."""
    whole, redactor = WholeCharacters(), pipeline.new_redactor()
    foresee = _foreseeing(pipeline.synthesizer)
    foresee("".join([message.content for message in messages[-1:]]))
    unbroken = 0
    try:
        async with aclosing(pipeline.chat.stream_reply(messages)) as reply:
            async for part in reply:
                if isinstance(part, str):
                    if (delta := redactor.feed(whole.feed(part))) or not part:
                        foresee(delta)
                        unbroken += 1
                        if cut := cutter.feed(delta):
                            await give(cut)
                        elif unbroken % _UNBROKEN == 0:
                            await checkpoint()
                else:
                    if cut := cutter.cut_batch():
                        await give(cut)
                    account.note(part)
    except ChatError as error:
        account.error = error  # what came before it is still worth hearing
    if (rest := redactor.feed(whole.flush()) + redactor.flush()) and (cut := cutter.feed(rest)):
        await give(cut)


def _foreseeing(synthesizer: Synthesizer | None) -> Callable[[str], None]:
    """What tells the synthesizer of the first Japanese text, before any of it is to be said.

    What only that needs takes an engine as long to load as the first clause takes to be written.
    """
    if not loads_languages(synthesizer):
        return lambda _: None
    told = False

    def foresee(text: str) -> None:
        nonlocal told
        if not told and has_japanese(text):
            told = True
            synthesizer.expect("ja")

    return foresee


async def _render(
    cuts: MemoryObjectReceiveStream[list[Segment]],
    renderer: Renderer,
    segments: MemoryObjectSendStream[RenderedSegment],
    account: TurnAccount,
) -> None:
    """Render what is cut."""
    with segments:
        async for cut in cuts:
            for segment in cut:
                await segments.send(render(segment, renderer, account))


async def _next_utterance(
    segments: MemoryObjectReceiveStream[RenderedSegment],
    pacer: Pacer,
    synthesizer: Synthesizer,
    respeller: Respeller,
    queue: UtteranceQueue,
    account: TurnAccount,
) -> Utterance | None:
    """Decide, as late as possible, how much is said next; None at the end of the reply."""
    while True:
        with suppress(WouldBlock, EndOfStream):
            while pacer.wants_more:
                pacer.feed(segments.receive_nowait())
        match pacer.decide(queue.lead(), at_once=queue.at_once):
            case Wait() as wait:
                with queue.until_changed(wait.seconds):
                    if not wait.text_helps:
                        await anyio.sleep_forever()
                    try:
                        pacer.feed(await segments.receive())
                    except EndOfStream:
                        pacer.end()
            case None:
                return None
            case utterance:
                can = synthesizer.capabilities
                spans = respeller.feed(utterance.spans, languages=can.languages, reads=can.reads)
                utterance = replace(utterance, spans=without_false_pauses(spans, can.languages))
                announce(utterance, queue.lead(), account)
                return utterance


async def _synthesize(
    segments: MemoryObjectReceiveStream[RenderedSegment],
    pacer: Pacer,
    synthesizer: Synthesizer,
    respeller: Respeller,
    queue: UtteranceQueue,
    ahead: anyio.Semaphore,
    account: TurnAccount,
) -> None:
    """Make the reply audible, several utterances at once where the voice has several engines."""
    with closing(queue):
        async with anyio.create_task_group() as makers:
            while True:
                await ahead.acquire()
                await queue.wait_for_room()
                utterance = await _next_utterance(segments, pacer, synthesizer, respeller, queue, account)
                if utterance is None:
                    return
                queued = queue.append(utterance)
                if not utterance.spoken:
                    queue.made(queued, without_audio(utterance))
                elif queue.voice_given_up:
                    queue.made(queued, without_audio(utterance, skipped=True))
                elif queue.at_once > 1:
                    makers.start_soon(_make, queued, queue, synthesizer, pacer, account)
                else:
                    await _make(queued, queue, synthesizer, pacer, account)


async def _make(
    queued: QueuedUtterance, queue: UtteranceQueue, synthesizer: Synthesizer, pacer: Pacer, account: TurnAccount
) -> None:
    """Make the audio of one utterance, as long as it is wanted."""
    lead = partial(queue.lead, before=queued)
    with queued.scope:
        try:
            async with aclosing(clips_of(queued.utterance, lead, synthesizer, pacer, account)) as made:
                async for clip in made:
                    await checkpoint()
                    queue.made(queued, clip)
        except SynthesisError as error:
            queue.failed(queued, error)


async def _play(
    clips: MemoryObjectReceiveStream[QueuedClip], ahead: anyio.Semaphore, output: AudioOutput, account: TurnAccount
) -> None:
    """Let the clips be heard; when the turn is cancelled, be silent at once."""
    try:
        # Never full: `output.play` returns only when there is room for another clip.
        queued_in, queued_out = anyio.create_memory_object_stream[QueuedClip](math.inf)
        with queued_out:
            async with anyio.create_task_group() as follower:
                follower.start_soon(_follow, queued_out, output, account)
                with queued_in:
                    async for queued in clips:
                        if queued.clip.last:
                            ahead.release()
                        queued.playback = await output.play(queued.clip) if queued.clip.pcm else None
                        account.queued(queued)
                        queued_in.send_nowait(queued)
        await output.drain()
    except BaseException:
        output.abort()
        raise


async def _follow(queue: MemoryObjectReceiveStream[QueuedClip], output: AudioOutput, account: TurnAccount) -> None:
    """Report what is heard when it is heard."""
    utterance: Utterance | None = None
    finished: float | None = None
    paused_seconds = 0.0
    async for queued in queue:
        clip, playback = queued.clip, queued.playback
        begins, utterance = clip.utterance is not utterance, clip.utterance
        if playback is not None:
            started = await playback.started()
            if output.realtime and finished is not None:
                silence = started - finished - (output.paused_seconds() - paused_seconds)
                if silence > _AUDIBLE_GAP:
                    account.emit(events.Gap(*account.stamp(), utterance.index, silence, within=not begins))
        if begins:
            account.emit(events.PlaybackStarted(*account.stamp(), utterance.index, utterance.shown, clip.seconds))
        if playback is not None:
            finished = await playback.finished()
            paused_seconds = output.paused_seconds()
        account.finished(queued, finished if playback is not None else None)

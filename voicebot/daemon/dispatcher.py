"""The one door to the conversation: everybody who has something to say asks here, in whatever protocol.

The control socket, MCP, MPRIS and SSIP are equal callers of a `Dispatcher`; none of them touches the conversation
itself. Wyoming sends its audio elsewhere, so it takes no turns here: it shares the engines alone.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import anyio
from anyio import CancelScope
from anyio.abc import TaskGroup

from voicebot import events
from voicebot.conversation import Conversation
from voicebot.daemon.requests import Kind, Requests, SpeechRequest, State
from voicebot.errors import AudioError, ChatError, VoicebotError, without_groups
from voicebot.events import Event, Subscription
from voicebot.floor import Claim, Priority
from voicebot.speech import AS_CONFIGURED, Outcome, Style
from voicebot.translation import marked, tr

log = logging.getLogger(__name__)
_ERRORS_KEPT = 10
_SILENT_SECONDS = 1.0
"""Falling silent takes milliseconds; nobody waits longer than this for an output that hangs."""


async def _as_it_is(kind: Kind) -> None:
    """Nothing has to be prepared."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that went wrong."""

    at: float
    """Seconds since 1970."""
    message: str
    hint: str


class Dispatcher:
    """Takes requests of many callers for one conversation, and follows each of them."""

    def __init__(
        self,
        conversation: Conversation,
        tasks: TaskGroup,
        *,
        pause_seconds: float,
        prepare: Callable[[Kind], Awaitable[None]] = _as_it_is,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """The turns run in `tasks`; a pause ends after `pause_seconds` at the latest.

        `prepare` is called before each, and raises VoicebotError if there is nothing to speak with.
        """
        self.conversation = conversation
        self.troubles: deque[Trouble] = deque(maxlen=_ERRORS_KEPT)
        """The last ones, the oldest first."""
        self._pause_ends: float | None = None
        """When the pause ends by itself, on the event loop's clock; None without one."""
        self._tasks = tasks
        self._requests = Requests()
        self._pause_seconds = pause_seconds
        self._lease = CancelScope()
        self._prepare = prepare
        self._wall_clock = wall_clock
        self._gone: set[str] = set()
        """What the last turn did without: people are told once that it goes, and once that it is back."""

    # ------------------------------------------------ to speak

    async def say(
        self,
        text: str | AsyncIterable[str],
        *,
        source: str = "",
        priority: Priority = Priority.MESSAGE,
        style: Style = AS_CONFIGURED,
    ) -> SpeechRequest:
        """Have `text` said; return once it has its place, or was refused one.

        The text is spoken whether or not the caller waits for `began` or `ended` of what is returned. An async
        generator is closed when its turn ends.
        """
        request = self._requests.new("say", text if isinstance(text, str) else "", source=source, priority=priority)
        say = partial(self.conversation.say, text, priority=priority, source=source, turn=request.turn, style=style)
        self._tasks.start_soon(self._run, request, say)
        await request.placed.wait()
        return request

    async def ask(
        self, question: str, *, source: str = "", priority: Priority = Priority.MESSAGE, barge_in: bool = True
    ) -> SpeechRequest:
        """Have the reply to `question` spoken; return once it has its place, or was refused one.

        With `barge_in` it interrupts, as a person does.
        """
        request = self._requests.new("ask", question, source=source, priority=priority)
        ask = partial(
            self.conversation.speak,
            question,
            barge_in=barge_in,
            priority=priority,
            source=source,
            turn=request.turn,
        )
        self._tasks.start_soon(self._run, request, ask)
        await request.placed.wait()
        return request

    async def repeat(self, *, source: str = "") -> SpeechRequest | None:
        """Say once more what was heard last; None: nothing was."""
        said = next((one for one in reversed(self._requests.history()) if one.heard), None)
        if said is None:
            return None
        return await self.say(said.text if said.kind == "say" and said.text else said.heard, source=source)

    async def _run(self, request: SpeechRequest, turn: Callable[[], Awaitable[Outcome]]) -> None:
        try:
            with request.scope:
                await self._prepare(request.kind)
                outcome = await turn()
                self._notice_faults(request.kind, outcome)
                if outcome.error is not None:
                    request.code = _PARTS[_part(outcome.error)]
        except VoicebotError as error:
            self._tell_gone(error)
            request.code = _PARTS[_part(error)]
            request.ends(State.FAILED, error.message, error.hint)
        except Exception:
            log.exception("%s failed", request.id)
            request.ends(State.FAILED, tr("this is a bug in voicebot"), tr("the log of the daemon says more"))
        finally:
            request.ends(State.CANCELLED, "stopped")
            self._requests.close(request)

    # ------------------------------------------------ to be silent

    async def stop(self, *, source: str = "", everybody: bool = False) -> int:
        """Stop what `source` asked for, or what everybody did; return how much that was, once it is silent.

        The person at this machine, who has no name, also silences what others asked for.
        """
        floor = self.conversation.floor
        live = floor.live
        found = [one for one in self._claims() if everybody or one.source == source or (one is live and not source)]
        early = [one for one in self._requests.open.values() if not one.placed.is_set()]
        cut = [one for one in early if everybody or one.source == source]
        for claim in found:
            floor.cancel(claim.id)
        for request in cut:
            request.scope.cancel()
        self.resume()
        await self._silent([self._requests.open.get(claim.id) for claim in found])
        return len(found) + len(cut)

    def stop_one(self, request: SpeechRequest) -> None:
        """Stop this one, wherever it is; it is over when it has `ended`."""
        if not self.conversation.floor.cancel(request.turn):
            request.scope.cancel()

    async def skip(self) -> bool:
        """Skip what is being spoken, and go on with what waits; return whether anything was spoken."""
        live = self.conversation.floor.live
        if live is None:
            return False
        self.conversation.floor.cancel(live.id)
        await self._silent([self._requests.open.get(live.id)])
        return True

    async def _silent(self, requests: Iterable[SpeechRequest | None]) -> None:
        with anyio.move_on_after(_SILENT_SECONDS):
            for request in requests:
                if request is not None:
                    await request.ended.wait()

    def pause(self) -> None:
        """Hold the sound until `resume`, a stop, or the time limit for forgotten pauses."""
        self._lease.cancel()
        self._lease = CancelScope()
        anew = self._pause_ends is None
        self._pause_ends = anyio.current_time() + self._pause_seconds
        self.conversation.pause()
        if anew:
            conversation = self.conversation
            conversation.broadcast.emit(events.Paused(self._live, conversation.seconds(), self._pause_seconds))
        self._tasks.start_soon(self._end_pause, self._lease)

    def resume(self) -> None:
        """Go on."""
        self._forget_pause()
        self.conversation.resume()

    @property
    def paused_until(self) -> float | None:
        """When the pause ends by itself, in seconds since 1970 by the present clock; None without one."""
        if self._pause_ends is None:
            return None
        return self._wall_clock() + self._pause_ends - anyio.current_time()

    async def _end_pause(self, lease: CancelScope) -> None:
        with lease:
            await anyio.sleep(self._pause_seconds)
            self.resume()

    def _forget_pause(self) -> None:
        self._lease.cancel()
        if self._pause_ends is not None:
            self._pause_ends = None
            self.conversation.broadcast.emit(events.Resumed(self._live, self.conversation.seconds()))

    @property
    def _live(self) -> str:
        """The turn that has the floor, or nothing."""
        live = self.conversation.floor.live
        return live.id if live is not None else ""

    async def finish(self, seconds: float) -> None:
        """Drop what waits, and let the sentence that is being spoken end within `seconds`."""
        floor = self.conversation.floor
        for claim in floor.waiting:
            floor.cancel(claim.id)
        if floor.live is None or self._pause_ends is not None:
            return
        with self.subscribe(capacity=math.inf) as subscription, anyio.move_on_after(seconds):
            async for event in subscription.events:
                if isinstance(event, events.PlaybackFinished | events.TurnEnded):
                    return

    # ------------------------------------------------ to know

    def find(self, name: str) -> SpeechRequest | None:
        """The request with this id, or of this turn, that waits or speaks."""
        return self._requests.find(name)

    @property
    def speaking(self) -> SpeechRequest | None:
        """What is being spoken, if a caller asked for it."""
        live = self.conversation.floor.live
        return self._requests.open.get(live.id) if live is not None else None

    def history(self) -> list[dict[str, object]]:
        """What was asked for and is over, the oldest first; what was cancelled too, with the reason."""
        return [
            {**_told(one), "state": one.state.value, "reason": one.reason, "hint": one.hint, "heard": one.heard}
            for one in self._requests.history()
        ]

    def status(self) -> dict[str, object]:
        """Who speaks, who waits, with what, and what went wrong."""
        pipeline, floor = self.conversation.pipeline, self.conversation.floor
        speaks = floor.live is not None and floor.live.dropped is None  # else it is just falling silent
        return {
            "speaking": self._claim(floor.live) if floor.live is not None and speaks else None,
            "waiting": [self._claim(claim) for claim in floor.waiting],
            "paused_until": self.paused_until,
            "chat": pipeline.chat.name,
            "voice": pipeline.synthesizer.name if pipeline.synthesizer else "none",
            "audio": pipeline.output.name,
            "errors": [{"at": one.at, "message": one.message, "hint": one.hint} for one in self.troubles],
        }

    def subscribe(self, capacity: float = 1024) -> AbstractContextManager[Subscription]:
        """Every event from now on; a slow reader loses the oldest."""
        return self.conversation.broadcast.subscribe(capacity)

    def note(self, event: Event) -> None:
        """Learn from an event of the conversation."""
        live = self.conversation.floor.live
        cut = live.dropped if live is not None and live.id == event.turn else None
        self._requests.note(event, cut or "stopped")
        match event:
            case events.TurnEnded(outcome=kind, error=error, hint=hint):
                if kind != "completed":
                    self._forget_pause()  # the output ended it when it fell silent
                if error:
                    self._trouble(error, hint)
            case events.Notice(message=message, hint=hint) | events.TurnWarning(message=message, hint=hint):
                self._trouble(message, hint)
            case _:
                pass

    def _trouble(self, message: str, hint: str) -> None:
        if not self.troubles or self.troubles[-1].message != message:
            self.troubles.append(Trouble(time.time(), message, hint))

    def _notice_faults(self, kind: Kind, outcome: Outcome) -> None:
        if outcome.error is not None:
            self._tell_gone(outcome.error)
        elif outcome.kind == "completed":
            back = self._gone if kind == "ask" else self._gone - {"chat model"}
            for name in sorted(back):
                self.conversation.notify(tr("the {name} is back", name=tr(name)))
            self._gone -= back

    def _tell_gone(self, error: VoicebotError) -> None:
        name = _part(error)
        if name not in self._gone:
            self._gone.add(name)
            self.conversation.notify(
                tr("the {name} is gone: {message}", name=tr(name), message=error.message), hint=error.hint
            )
            log.warning("the %s is gone: %s", name, error.message)

    def _claims(self) -> Iterable[Claim]:
        floor = self.conversation.floor
        return [*([floor.live] if floor.live is not None else []), *floor.waiting]

    def _claim(self, claim: Claim) -> dict[str, object]:
        request = self._requests.open.get(claim.id)
        if request is not None:
            return _told(request)
        return {"utterance": "", "turn": claim.id, "source": claim.source, "priority": claim.priority.value}  # a timer


_PARTS = {"chat model": "VB-CHAT", "loudspeaker": "VB-AUDIO", "voice": "VB-VOICE"}


def _part(error: VoicebotError) -> str:
    """The part that has failed, as a person calls it."""
    match error:
        case ChatError():
            return marked("chat model")
        case AudioError():
            return marked("loudspeaker")
        case _:
            return marked("voice")


def _told(request: SpeechRequest) -> dict[str, object]:
    return {
        "utterance": request.id,
        "turn": request.turn,
        "kind": request.kind,
        "source": request.source,
        "priority": request.priority.value,
        "asked_at": request.asked_at,
        "text": request.text,
    }


@asynccontextmanager
async def open_dispatcher(
    conversation: Conversation,
    *,
    pause_seconds: float = 300.0,
    prepare: Callable[[Kind], Awaitable[None]] = _as_it_is,
    wall_clock: Callable[[], float] = time.time,
) -> AsyncIterator[Dispatcher]:
    """A dispatcher whose turns end with the block."""
    with without_groups():
        async with anyio.create_task_group() as tasks:
            dispatcher = Dispatcher(
                conversation, tasks, pause_seconds=pause_seconds, prepare=prepare, wall_clock=wall_clock
            )
            with conversation.broadcast.listen(dispatcher.note):
                yield dispatcher
                tasks.cancel_scope.cancel()

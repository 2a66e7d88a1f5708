"""What a coding agent can ask of the daemon: the tools of `voicebot mcp`, without the protocol.

The agent is told numbers and names of ours, never what is spoken: it knows its own text, and that of others would be
words from outside in its prompt.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated, Literal

import anyio
from anyio.abc import TaskGroup, TaskStatus
from pydantic import BaseModel, ConfigDict, Field

from voicebot.daemon.address import AddressError
from voicebot.daemon.client import GONE, DaemonError
from voicebot.daemon.mcp.channel import Channel, open_channel
from voicebot.floor import Priority
from voicebot.text.redaction import without_passwords
from voicebot.text.safe_display import safe_line

Values = dict[str, object]

_PIECE_CHARACTERS = 5_000
"""The size of the parts of a text: one fits into a line even if every character takes twelve bytes."""
_SHOWN_CHARACTERS = 200
"""Of a message that somebody else wrote."""


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Speak(_Arguments):
    """Say a text aloud to the person at this machine, through their loudspeaker.

    Whoever else speaks is not interrupted: the text waits for its turn, and the answer says at which position.
    Returns an id for `stop`, never the text. With wait=finished it returns when it was heard.
    """

    text: Annotated[str, Field(description="What to say, as it is to be heard: plain sentences.")]
    wait: Annotated[
        Literal["queued", "finished"],
        Field(description="Return when it has its place (queued), or when it was heard (finished)."),
    ] = "queued"
    priority: Annotated[
        Priority,
        Field(
            description="important cuts in; message waits for its turn; text: the newest wins; notification is said "
            "only if nobody speaks; progress: of many only the last is certain to be said."
        ),
    ] = Priority.MESSAGE
    voice: Annotated[
        str, Field(max_length=200, description="A voice of list_voices; left out, the one the person has chosen.")
    ] = ""


class Stop(_Arguments):
    """Be silent: drop what you have asked for (self), what everybody has (all), or one utterance by its id."""

    scope: Annotated[str, Field(max_length=64, description="self, all, or an id that speak has returned.")] = "self"


class Status(_Arguments):
    """What is being spoken and what waits, by id and source, the voice, and the last errors. Never a text."""


class ListVoices(_Arguments):
    """The voices that speak can use."""

    language: Annotated[
        str, Field(max_length=35, description="Only those of this language, such as en, en-GB or ja.")
    ] = ""


class Agent:
    """One agent, and what it has asked for."""

    def __init__(self, source: str, tasks: TaskGroup) -> None:
        """`source` is how others see it; what is left of a long text is sent on in `tasks`."""
        self.source = source
        self._tasks = tasks
        self._order = anyio.Lock()
        """Held until the daemon has taken a text: the next one must not overtake it."""

    async def speak(self, asked: Speak) -> Values:
        """Have it said, by a daemon that is started where none runs. Raises DaemonError and AddressError.

        Cancelled while it waits, it stops the text.
        """
        pieces = [asked.text[i : i + _PIECE_CHARACTERS] for i in range(0, len(asked.text), _PIECE_CHARACTERS)]
        if asked.wait == "queued" and len(pieces) > 1:
            answer: Values | DaemonError | AddressError = await self._tasks.start(self._say_on, asked, pieces)
            if isinstance(answer, Exception):
                raise answer
            return _told(answer)
        async with AsyncExitStack() as stack:
            channel, said = await self._begin(asked, pieces, stack)
            await _send_rest(channel, pieces)
            return _told(await channel.answer(said))

    async def _say_on(
        self, asked: Speak, pieces: list[str], *, task_status: TaskStatus[Values | DaemonError | AddressError]
    ) -> None:
        """Send a long text as fast as it is spoken; the answer is there before that."""
        begun = False
        try:
            async with AsyncExitStack() as stack:
                channel, said = await self._begin(asked, pieces, stack)
                answer = await channel.answer(said)
                begun = True
                task_status.started(answer)
                await _send_rest(channel, pieces)
        except (DaemonError, AddressError) as error:
            if not begun:
                task_status.started(error)

    async def _begin(self, asked: Speak, pieces: list[str], stack: AsyncExitStack) -> tuple[Channel, int]:
        """Send the beginning; return when it has its place."""
        async with self._order:
            try:
                return await self._try_to_begin(asked, pieces, stack)
            except DaemonError as error:
                if error.code != GONE:
                    raise
                # The daemon was just ending; its part of the text was lost with it.
                return await self._try_to_begin(asked, pieces, stack)

    async def _try_to_begin(self, asked: Speak, pieces: list[str], stack: AsyncExitStack) -> tuple[Channel, int]:
        channel = await stack.enter_async_context(open_channel(start=True))
        assert channel is not None
        said = await channel.send(
            "say",
            text=pieces[0] if pieces else "",
            more=len(pieces) > 1,
            wait=asked.wait,
            priority=asked.priority.value,
            source=self.source,
            voice=asked.voice,
        )
        await channel.request("status")  # it is answered when what was sent before it has its place
        return channel, said

    async def stop(self, asked: Stop) -> Values:
        """Be silent. Raises DaemonError and AddressError."""
        async with open_channel(start=False) as channel:
            if channel is None:
                return {"stopped": 0}
            answer = await channel.request("stop", scope=asked.scope, source=self.source)
            return {"stopped": answer.get("stopped")}

    async def status(self, _: Status) -> Values:
        """How the daemon is. Raises DaemonError and AddressError."""
        async with open_channel(start=False) as channel:
            if channel is None:
                return {"running": False}
            told = await channel.request("status")
        speaking = told.get("speaking")
        return {
            "running": True,
            "speaking": self._without_text(speaking) if isinstance(speaking, dict) else None,
            "waiting": [self._without_text(one) for one in _dicts(told.get("waiting"))],
            "paused": told.get("paused_until") is not None,
            "voice": _short(told.get("voice")),
            "audio": _short(told.get("audio")),
            "errors": [_short(one.get("message")) for one in _dicts(told.get("errors"))],
        }

    async def list_voices(self, asked: ListVoices) -> Values:
        """The voices. Raises DaemonError and AddressError."""
        async with open_channel(start=True) as channel:
            assert channel is not None
            voices = _dicts((await channel.request("voices")).get("voices"))
        return {"voices": [voice for voice in voices if _speaks(voice, asked.language)]}

    def _without_text(self, request: Values) -> Values:
        source = _short(request.get("source"))
        told = {name: request.get(name) for name in ("utterance", "priority", "kind")}
        return {**told, "source": source, "yours": source == self.source}


async def _send_rest(channel: Channel, pieces: list[str]) -> None:
    if len(pieces) > 1:
        for piece in pieces[1:]:
            await channel.send("more", text=piece)
        await channel.send("more", end=True)


def _told(answer: Values) -> Values:
    """What the agent is told of a text: never the text."""
    told = {name: answer.get(name) for name in ("utterance", "state", "position")}
    return told | {name: answer[name] for name in ("seconds", "reason") if answer.get(name)}


def _speaks(voice: Values, language: str) -> bool:
    """Whether a voice speaks this language: en includes en-GB. A voice that does not say is included."""
    languages = voice.get("languages")
    if not language or not isinstance(languages, list):
        return True
    wanted = language.casefold().replace("_", "-")
    known = [str(one).casefold().replace("_", "-") for one in languages]
    return any(one == wanted or one.startswith(f"{wanted}-") for one in known)


def _dicts(value: object) -> list[Values]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _short(value: object) -> str:
    return safe_line(without_passwords(str(value or "")))[:_SHOWN_CHARACTERS]

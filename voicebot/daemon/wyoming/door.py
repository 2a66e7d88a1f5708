"""Opens the Wyoming door: in the daemon, or in a process that is there for nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

import anyio
from anyio.abc import SocketListener

from voicebot.app import window_memory
from voicebot.config.models import AudioSilent, Config
from voicebot.daemon.engines import EngineKeeper, without_engines
from voicebot.daemon.wyoming.info import Row
from voicebot.daemon.wyoming.place import bound, is_public
from voicebot.daemon.wyoming.replies import Replies
from voicebot.daemon.wyoming.server import Service, serve_wyoming
from voicebot.errors import VoicebotError, without_groups
from voicebot.translation import tr
from voicebot.tts import list_voices

log = logging.getLogger(__name__)


class KnownVoices:
    """The voices of an engine, asked for once as long as its configuration stays."""

    def __init__(self, keeper: EngineKeeper) -> None:
        self._keeper = keeper
        self._of: object = None
        self._rows: list[Row] = []

    async def __call__(self) -> list[Row]:
        """Raises VoicebotError."""
        config = self._keeper.config.tts
        if self._of is not config:
            self._rows = await list_voices(config)
            self._of = config
        return self._rows


async def open_door(uri: str, keeper: EngineKeeper, notify: Callable[[str], object]) -> None:
    """Serve at `uri` with what the daemon's conversation speaks with, until cancelled. Raises ConfigError."""
    service = Service(
        pipeline=lambda: keeper.conversation.pipeline,
        prepare=keeper.ensure,
        voices=KnownVoices(keeper),
        replies=Replies(lambda: window_memory(keeper.config)),
    )
    with bound(uri) as (listening, shown):
        if is_public(uri):
            notify(tr("Wyoming has no password: anyone who reaches {uri} can use this voice and chat model", uri=shown))
        async with await SocketListener.from_socket(listening) as listener:
            notify(tr("Wyoming: listening at {uri}", uri=shown))
            await serve_wyoming(listener, service)


async def run_wyoming(uri: str, config: Config, notify: Callable[[str], object]) -> None:
    """The same in a process of its own, with engines of its own and no loudspeaker. Raises VoicebotError."""
    config = config.model_copy(update={"audio": AudioSilent(kind="silent", realtime=False)})
    with without_groups():
        async with anyio.create_task_group() as tasks:
            keeper = EngineKeeper(without_engines(config, tasks), config, tasks)
            with suppress(VoicebotError):  # the next caller gets the reason, and it is tried again
                await keeper.ensure("say")
            await open_door(uri, keeper, notify)

"""The voice of the workers: a synthesizer that asks them, whichever they are, and does without those that fail."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio

from voicebot.config.broker import amqp_url
from voicebot.config.models import TtsRabbitmq
from voicebot.distributed.asking import Asking, Habits, no_worker
from voicebot.distributed.connection import BrokerAddress, serve_connections
from voicebot.distributed.hedging import HedgedSynthesizer
from voicebot.distributed.messages import Job, WorkerStatus
from voicebot.distributed.switchboard import ROLL_CALL_SECONDS, Switchboard
from voicebot.distributed.topology import URGENT_SECONDS
from voicebot.errors import without_groups
from voicebot.protocols import Synthesizer
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style

_USUAL_SAMPLE_RATE = 24_000
BROKER_BACK_SECONDS = 3.0
"""Shorter than a turn waits for its voice, so that the voice does not seem to hang; the turn goes on asking."""


class RemoteSynthesizer:
    """What the workers of one group of voices say."""

    def __init__(self, config: TtsRabbitmq, switchboard: Switchboard) -> None:
        self._config = config
        self._switchboard = switchboard
        self.habits = Habits()
        """What the workers usually take."""

    @property
    def name(self) -> str:
        """The group of voices, and the voice if a worker has told of it."""
        voice = self._switchboard.roster.voice
        told = self._config.voice or (voice.name if voice else "")
        return " ".join(filter(None, ["rabbitmq", self._config.voice_class, told]))

    @property
    def identity(self) -> str:
        """The group of voices, its engine and the voice."""
        voice = self._switchboard.roster.voice
        told = voice.identity if voice else ""
        return " ".join(filter(None, ["rabbitmq", self._config.voice_class, told, self._config.voice]))

    @property
    def credit(self) -> str:
        """What the workers' voice asks for."""
        voice = self._switchboard.roster.voice
        return voice.credit if voice else ""

    @property
    def format(self) -> AudioFormat:
        """What the workers' audio usually has."""
        voice = self._switchboard.roster.voice
        return AudioFormat(voice.sample_rate, voice.channels) if voice else AudioFormat(_USUAL_SAMPLE_RATE)

    @property
    def capabilities(self) -> Capabilities:
        """What all the workers known now can do."""
        return self._switchboard.roster.capabilities(ahead=self._config.ahead)

    @property
    def workers(self) -> list[WorkerStatus]:
        """Those that are known now."""
        return self._switchboard.roster.workers

    def synthesize(
        self, text: str, style: Style = AS_CONFIGURED, *, within_seconds: float = math.inf
    ) -> AsyncGenerator[Audio, None]:
        """Yield the audio of `text` as a worker makes it; the sooner the listener needs it, the sooner it is made."""
        job = Job(spoken=text, voice=style.voice or self._config.voice, rate=self._config.speed * style.speed)
        return Asking(self._switchboard, self.habits, job, within_seconds=within_seconds).pieces()


@asynccontextmanager
async def open_client(
    config: TtsRabbitmq, *, required: bool = True, broker_back_seconds: float = BROKER_BACK_SECONDS
) -> AsyncIterator[RemoteSynthesizer]:
    """The workers' voice. Raises ConfigError, and BrokerUnavailable where no broker answers and it is `required`.

    Texts wait `broker_back_seconds` for a broker that has gone.
    """
    address = BrokerAddress(amqp_url(config), config.amqp_ca_file)
    switchboard = Switchboard(config.voice_class, broker_back_seconds=broker_back_seconds)
    serve = partial(
        serve_connections,
        address,
        switchboard.serve,
        name=f"voicebot client {os.getpid()}",
        lost=switchboard.connection_lost,
    )
    with without_groups():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(serve)
            await switchboard.opened(required=required)
            try:
                yield RemoteSynthesizer(config, switchboard)
            finally:
                await switchboard.say_goodbye()
                tasks.cancel_scope.cancel()


@asynccontextmanager
async def open_rabbitmq(config: TtsRabbitmq, fallback: Synthesizer | None) -> AsyncIterator[Synthesizer]:
    """The workers' voice, with this machine's own where they cannot speak in time. Raises ConfigError and
    BrokerUnavailable."""
    async with open_client(config, required=fallback is None) as client:
        if fallback is None:
            yield client
            return
        with without_groups():
            async with anyio.create_task_group() as tasks:
                yield HedgedSynthesizer(
                    client,
                    fallback,
                    tasks,
                    usual_seconds=lambda: client.habits.first_audio.p95,
                    urgent_seconds=URGENT_SECONDS,
                )
                tasks.cancel_scope.cancel()


async def list_voices(config: TtsRabbitmq) -> list[dict[str, object]]:
    """What the workers say that they speak with, and how many of them. Raises ConfigError and VoiceUnavailable."""
    async with open_client(config) as client:
        await anyio.sleep(ROLL_CALL_SECONDS)  # opening waits for the first answer; there is no last one
        voices = Counter(status.voice for status in client.workers)
    if not voices:
        raise no_worker(config.voice_class)
    return [
        {"name": voice.name, "languages": list(voice.languages), "workers": count} for voice, count in voices.items()
    ]

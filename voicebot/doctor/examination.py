"""All checks: at the same time where they do not disturb one another, and the whole turn last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from voicebot.config.loading import Loaded
from voicebot.config.models import Config
from voicebot.doctor.checkup import Check, Finding, State, run_check
from voicebot.doctor.history import check_history
from voicebot.doctor.places import check_config, check_folders
from voicebot.doctor.rehearsal import rehearse
from voicebot.doctor.running import check_daemon, stop_command
from voicebot.doctor.server import check_chat
from voicebot.doctor.sound import check_audio
from voicebot.doctor.voice import check_phonemes, check_voice
from voicebot.errors import ConfigError

NAMES = ("config", "paths", "chat", "voice", "phonemes", "audio", "history", "daemon", "turn")
"""The checks, in the order in which they are reported."""
_SECONDS = 8.5
"""For everything; the rest of ten is left for the start and the end of the program."""
_CHAT, _VOICE, _AUDIO, _QUICK = 4.0, 3.5, 4.0, 2.5
"""Seconds."""
_DAEMON = 5.0
"""The service manager may have to start it, just because we ask."""
_PHONEMES = 5.0
"""The Japanese dictionary may have to be unpacked."""
_LEAST_FOR_TURN = 2.0

Found = Callable[[str, Finding], None]
"""Takes the name of a check and what it has found, as soon as that is known."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at."""

    loaded: Loaded | ConfigError
    """The configuration, or why there is none: its defaults are looked at then."""
    folders: Mapping[str, Path]
    """Where voicebot writes, by name."""
    private: Sequence[str]
    """Those that only their owner may read."""

    @property
    def config(self) -> Config:
        """The configuration that the other checks work with."""
        return self.loaded.config if isinstance(self.loaded, Loaded) else Config()


async def examine(patient: Patient, found: Found) -> dict[str, Finding]:
    """Run every check, whatever the others find; return all findings by name, in the order of `NAMES`."""
    began = anyio.current_time()
    findings: dict[str, Finding] = {}

    async def run(*checks: Check) -> None:
        """One after the other."""
        for check in checks:
            findings[check.name] = await run_check(check)
            found(check.name, findings[check.name])

    async with anyio.create_task_group() as lanes:
        for lane in _lanes(patient):
            lanes.start_soon(run, *lane)
    left = max(_LEAST_FOR_TURN, _SECONDS - (anyio.current_time() - began))
    await run(_turn(patient.config, findings, left))
    return {name: findings[name] for name in NAMES}


def _lanes(patient: Patient) -> list[list[Check]]:
    config = patient.config
    return [
        [
            Check("config", _quick(partial(check_config, patient.loaded)), _QUICK, "voicebot config check"),
            Check("paths", _quick(partial(check_folders, patient.folders, patient.private)), _QUICK, "voicebot paths"),
            Check("history", _quick(partial(check_history, config.memory)), _QUICK, "voicebot history list"),
        ],
        [Check("daemon", _quick(check_daemon), _DAEMON, stop_command())],
        [Check("chat", partial(check_chat, config.chat), _CHAT, "voicebot models")],
        [Check("voice", partial(check_voice, config), _VOICE, "voicebot voices")],
        [Check("phonemes", partial(check_phonemes, config, seconds=_PHONEMES - 0.2), _PHONEMES, "voicebot voices")],
        [Check("audio", partial(check_audio, config.audio), _AUDIO, "voicebot devices")],
    ]


def _turn(config: Config, findings: Mapping[str, Finding], seconds: float) -> Check:
    works = {name: finding.state is not State.FAILED for name, finding in findings.items()}
    work = partial(
        rehearse, config, chat_works=works["chat"], audio_works=works["audio"], seconds=seconds - _LEAST_FOR_TURN / 4
    )
    return Check("turn", work, seconds, "voicebot ask --debug Hello")


def _quick(look: Callable[[], Finding]) -> Callable[[], Awaitable[Finding]]:
    """A check that waits for nothing but files."""

    async def work() -> Finding:
        return look()

    return work

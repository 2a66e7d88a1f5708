"""Plays seeded noise through an audio output, step by step, and says on standard output what happened when.

A program of its own, as sounddevice freezes the list of devices when it is imported: `python -m tests.audio.player
PLAN` with a JSON object of `backend`, `audio` (the section of the configuration), `sample_rate`, `no_portaudio`,
`close_after_seconds` and `steps`, each a list:

    ["play", seed, seconds]   ["sleep", seconds]   ["finish"]   ["drain"]   ["heard"]
    ["abort"]   ["pause"]   ["resume"]   ["told"], which waits for a line on standard input

Each step is answered by a JSON object; moments are those of time.monotonic.
"""

from __future__ import annotations

import importlib.abc
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

import anyio
import anyio.to_thread
from pydantic import TypeAdapter

from tests.audio.clips import noise_clip
from voicebot.audio import open_audio
from voicebot.config.models import AudioConfig
from voicebot.errors import AudioError
from voicebot.protocols import Playback
from voicebot.speech import AudioFormat


class NoPortAudio(importlib.abc.MetaPathFinder):
    """A machine on which sounddevice is installed and PortAudio is not."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:  # noqa: ARG002 - the protocol has it
        if name == "sounddevice":
            raise OSError("PortAudio library not found")


def say(**what: object) -> None:
    print(json.dumps({"at": time.monotonic(), **what}), flush=True)


async def play(plan: dict[str, Any]) -> None:  # Any: JSON
    format = AudioFormat(plan["sample_rate"])
    config = TypeAdapter[AudioConfig](AudioConfig).validate_python(plan["audio"])
    clock_offset = time.monotonic() - anyio.current_time()
    playbacks: list[Playback] = []
    async with open_audio(
        config, format, notify=lambda line: say(announced=line), close_after_seconds=plan.get("close_after_seconds")
    ) as output:
        say(ready=output.name)
        for step, *arguments in plan["steps"]:
            match step:
                case "play":
                    seed, seconds = arguments
                    clip = noise_clip(seed, seconds, format.sample_rate)
                    say(enqueued=seed)
                    playbacks.append(await output.play(clip))
                    say(played=seed)
                case "sleep":
                    await anyio.sleep(*arguments)
                case "told":
                    await anyio.to_thread.run_sync(sys.stdin.readline)
                case "finish":
                    started = [await playback.started() + clock_offset for playback in playbacks]
                    finished = [await playback.finished() + clock_offset for playback in playbacks]
                    say(started=started, finished=finished)
                case "drain":
                    await output.drain()
                    say(drained=True)
                case "abort":
                    say(aborting=True)
                    output.abort()
                    say(aborted=True)
                case "pause":
                    output.pause()
                    say(paused=True)
                case "resume":
                    say(resuming=True)
                    output.resume()
                case "heard":
                    say(heard=[playback.heard_seconds() for playback in playbacks])


def main() -> None:
    plan = json.loads(sys.argv[1])
    if plan.get("no_portaudio"):
        sys.meta_path.insert(0, NoPortAudio())
    try:
        anyio.run(play, plan, backend=plan["backend"])
    except AudioError as error:
        say(error=error.message, hint=error.hint)


if __name__ == "__main__":
    main()

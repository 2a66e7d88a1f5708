"""`voicebot.open_voice_sync`: the same voice for programs and threads without an event loop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

import voicebot
from tests.cli.command import environment
from voicebot import events
from voicebot.testing import EventRecorder, ScriptedChat, typed

REPLY = ["Hello", " there. ", "How are", " you today?"]
WHOLE = "".join(REPLY)
LONG = "This takes a while to say. " * 20

quick = partial(voicebot.open_voice_sync, tts="tone", audio="silent")
slow = partial(voicebot.open_voice_sync, tts="tone", audio={"kind": "silent", "realtime": True})


async def deltas() -> AsyncIterator[str]:
    for delta in REPLY:
        yield delta


class Heard(threading.Event):
    """Set when something is heard, to be waited for by another thread."""

    def __call__(self, event: voicebot.Event) -> None:
        if isinstance(event, events.PlaybackStarted):
            self.set()


def test_text_and_deltas_of_every_kind_are_heard() -> None:
    with quick(chat=ScriptedChat(typed("Yes.", first=0.0, rate=5000))) as voice:
        for text in (WHOLE, REPLY, iter(REPLY), (delta for delta in REPLY), deltas()):
            outcome = voice.speak(text)
            assert (outcome.kind, outcome.heard) == ("completed", WHOLE)
        assert voice.say("おはよう。").heard == "おはよう。"
        assert voice.ask("Are you there?").heard == "Yes."
        assert not voice.speaking


def test_a_generator_runs_in_the_thread_that_speaks() -> None:
    """Whatever it works with may belong to that thread, and Ctrl-C reaches it there."""
    threads: list[threading.Thread] = []

    def written() -> Iterator[str | None]:
        threads.append(threading.current_thread())
        yield None
        yield "Hello."

    with quick() as voice:
        voice.speak(written())
    assert threads == [threading.current_thread()]


def test_what_a_generator_raises_is_raised_here_and_ends_the_speech() -> None:
    def breaks_off() -> Iterator[str]:
        yield LONG
        raise LookupError("the model has gone")

    with slow() as voice:
        with pytest.raises(LookupError, match="the model has gone"):
            voice.speak(breaks_off())
        with pytest.raises(TypeError, match="not int"):
            voice.speak([1])  # type: ignore[list-item] # the mistake
        assert voice.say("Hi.").heard == "Hi."


def test_any_thread_may_stop_it() -> None:
    heard = Heard()
    with slow(on_event=heard) as voice, ThreadPoolExecutor(2) as threads:
        saying = threads.submit(voice.say, LONG)
        heard.wait()
        assert voice.speaking
        voice.pause()
        voice.resume()
        assert voice.stop()
        assert saying.result().kind == "interrupted"
        assert not voice.stop()


def test_a_generator_without_end_is_left_when_it_is_stopped() -> None:
    heard = Heard()

    def endless() -> Iterator[str]:
        while True:
            yield "And so on. "

    with slow(on_event=heard) as voice, ThreadPoolExecutor(1) as threads:
        speaking = threads.submit(voice.speak, endless())
        heard.wait()
        voice.stop()
        assert speaking.result().kind == "interrupted"


def test_threads_speak_one_after_the_other() -> None:
    seen = EventRecorder()
    with quick(on_event=seen) as voice, ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(voice.say, [f"I am number {number}." for number in range(8)]))
    assert {one.heard for one in outcomes} == {f"I am number {number}." for number in range(8)}
    bounds = [event.type for event in seen.events if isinstance(event, events.TurnStarted | events.TurnEnded)]
    assert bounds == ["turn_started", "turn_ended"] * 8


def test_events_are_read_by_another_thread_until_the_voice_is_closed() -> None:
    seen = EventRecorder()
    read: list[voicebot.Event] = []

    def read_all(stream: voicebot.SyncEventStream) -> None:
        for event in stream:
            read.append(event)
            if isinstance(event, events.FloorFree):
                free.set()

    free = threading.Event()
    with ThreadPoolExecutor(1) as threads, quick(on_event=seen) as voice:
        stream = voice.events()
        reading = threads.submit(read_all, stream)
        voice.say(WHOLE)
        free.wait()
        assert stream.missed == 0
    assert reading.result() is None
    assert read == seen.events


def test_the_block_ends_what_is_being_said_in_other_threads() -> None:
    heard = Heard()
    with ThreadPoolExecutor(1) as threads:
        with slow(on_event=heard) as voice:
            saying = threads.submit(voice.say, LONG)
            heard.wait()
        assert saying.result().kind == "interrupted"


def test_an_error_in_the_block_closes_it() -> None:
    before = threading.active_count()

    def speak_and_fail() -> None:
        with quick() as voice:
            voice.say("Hello.")
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        speak_and_fail()
    assert threading.active_count() == before


def test_a_voice_that_is_closed_says_so_and_its_events_can_still_be_read() -> None:
    seen = EventRecorder()
    with quick(on_event=seen) as voice:
        stream = voice.events()
        voice.say("Hello.")
    for late in (lambda: voice.say("Late."), lambda: voice.speak(REPLY), voice.stop, voice.pause, voice.events):
        with pytest.raises(voicebot.VoiceClosed):
            late()
    assert list(stream) == seen.events


def test_a_voice_that_cannot_be_opened_leaves_no_thread() -> None:
    before = {*threading.enumerate()}  # those of earlier tests may end meanwhile
    with pytest.raises(voicebot.ConfigError), quick(chunking={"max_characters": 1}):
        pass
    assert {*threading.enumerate()} <= before


PROGRAM = """
import sys, voicebot
from voicebot import events

def tell(event):
    if isinstance(event, events.PlaybackStarted):
        print("heard", flush=True)

def endless():
    try:
        while True:
            yield "And so on. "
    finally:
        print("closed", flush=True)

with voicebot.open_voice_sync(tts="tone", audio={"kind": "silent", "realtime": True}, on_event=tell) as voice:
    try:
        voice.SPEAK
    except KeyboardInterrupt:
        print("interrupted", voice.speaking, flush=True)
    print(voice.say("Hi.").kind, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows sends no signal to one process alone")
@pytest.mark.parametrize("call", ["say('And so on. ' * 500)", "speak(endless())"])
def test_ctrl_c_ends_the_speech_and_the_program_goes_on(tmp_path: Path, call: str) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.replace("SPEAK", call)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(tmp_path),
    )
    assert program.stdout is not None
    with program, program.stdout as said:
        assert said.readline() == "heard\n"
        program.send_signal(signal.SIGINT)
        lines = [line.strip() for line in said if line != "heard\n"]
    assert lines[-1] == "completed"
    assert any(line.startswith("interrupted") for line in lines)
    assert ("closed" in lines) == ("endless" in call)
    assert program.returncode == 0

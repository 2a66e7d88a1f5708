"""A sound device for tests that play within this process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.null_sink import NullSink
from voicebot.audio.portaudio.library import PORTAUDIO


@contextmanager
def loudspeaker_of(sink: NullSink) -> Iterator[None]:
    """Make `sink` PortAudio's device `pulse` in this process."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER"):
            environment.setenv(name, sink.environment[name])
        PORTAUDIO.load()
        assert PORTAUDIO.look_again()
        yield
    assert PORTAUDIO.look_again(), "a stream was left open"


@pytest.fixture
def loudspeaker(null_sink: NullSink) -> Iterator[NullSink]:
    """The null sink as a device of this process."""
    with loudspeaker_of(null_sink):
        yield null_sink

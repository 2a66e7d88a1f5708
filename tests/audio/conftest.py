"""A sound device for tests that play within this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.null_sink import NullSink
from voicebot.audio.portaudio.library import PORTAUDIO


@pytest.fixture
def loudspeaker(null_sink: NullSink) -> Iterator[NullSink]:
    """The null sink as PortAudio's device `pulse` in this process."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("XDG_RUNTIME_DIR", "PULSE_SERVER"):
            environment.setenv(name, null_sink.environment[name])
        PORTAUDIO.load()
        assert PORTAUDIO.look_again()
        yield null_sink
    assert PORTAUDIO.look_again(), "a stream was left open"

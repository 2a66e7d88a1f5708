"""The daemon at a real sound server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import null_sink as sinks
from tests.cli.command import voicebot
from tests.daemon.running import LONG, QUIET, running_daemon
from tests.null_sink import NullSink, sounds, wait_until

CONFIG = QUIET.replace('kind = "silent"\nrealtime = true', 'kind = "auto"') + "[daemon]\nclose_after_seconds = 0.5\n"


def streams(sink: NullSink) -> bytes:
    """What plays at the sound server now, even if it is silence."""
    command = ["pactl", "list", "short", "sink-inputs"]
    return subprocess.run(command, env=sink.environment, capture_output=True, check=True).stdout


def test_the_device_is_open_for_speech_only_and_the_next_utterance_is_heard_too(
    tmp_path: Path, null_sink: NullSink
) -> None:
    with running_daemon(tmp_path, config=CONFIG, PULSE_SERVER=null_sink.environment["PULSE_SERVER"]) as daemon:
        for count in (1, 2):
            assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
            wait_until(lambda: streams(null_sink) == b"", "the device stays open")
            assert len(sounds(null_sink.samples(), pause=0.2)) == count


def test_a_sound_server_that_is_killed_is_told_and_the_daemon_lives(tmp_path: Path, null_sink: NullSink) -> None:
    with running_daemon(tmp_path, config=CONFIG, PULSE_SERVER=null_sink.environment["PULSE_SERVER"]) as daemon:
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
        caller = daemon.caller()
        caller.ask(command="say", text=LONG, wait="started")
        null_sink.kill_server()
        answer = caller.ask(command="say", text="Is anybody there?", wait="finished")
        assert (answer["ok"], answer["code"]) == (False, "VB-AUDIO")
        assert "the loudspeaker is gone" in voicebot(tmp_path, "status").stdout


@pytest.mark.parametrize("hangs", [False, True])
def test_the_daemon_is_heard_again_when_the_sound_server_is_back(
    tmp_path: Path, null_sink: NullSink, *, hangs: bool
) -> None:
    """Where it was killed within half a second after an utterance, the daemon was silent until it was restarted."""
    environment = {"PULSE_SERVER": null_sink.environment["PULSE_SERVER"]}
    with sinks.null_sink() as another, running_daemon(tmp_path, config=CONFIG, **environment) as daemon:
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
        if hangs:
            null_sink.freeze_server()
        else:
            null_sink.kill_server()
        answer = daemon.ask(command="say", text="Is anybody there?", wait="finished")
        assert (answer["ok"], answer["code"]) == (False, "VB-AUDIO")
        null_sink.kill_server()
        null_sink.answer_by(another)
        say = {"command": "say", "text": "Good evening.", "wait": "finished"}
        wait_until(lambda: daemon.ask(**say).get("state") == "finished", "the daemon stays silent")
        assert len(sounds(another.samples(), pause=0.2)) == 1


def test_it_is_heard_again_when_the_machine_slept_in_the_middle_of_an_utterance(
    tmp_path: Path, null_sink: NullSink
) -> None:
    with running_daemon(tmp_path, config=CONFIG, PULSE_SERVER=null_sink.environment["PULSE_SERVER"]) as daemon:
        caller = daemon.caller()
        caller.ask(command="say", text="Good morning.", wait="started")
        with daemon.asleep(1):
            pass
        assert caller.ask(command="say", text="Good evening.", wait="finished")["state"] == "finished"
        assert [one["state"] for one in daemon.ask(command="history")["history"]] == ["finished"] * 2

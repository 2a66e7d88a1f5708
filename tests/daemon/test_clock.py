"""A machine that sleeps, and a clock that is set: what lasts a certain time lasts as long as before."""

from __future__ import annotations

import time
from pathlib import Path

from tests.cli.command import ROOT
from tests.daemon.running import LONG, QUIET, running_daemon

_SHIFTED = """\
import time
_real = time.time
time.time = lambda: _real() + float(open({path!r}).read())
"""
"""Puts the wall clock of a process forward by the seconds that stand in a file."""
_DAY = 86_400


def test_an_utterance_goes_on_after_the_machine_slept(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        caller, events, late = daemon.caller(), daemon.caller(), daemon.caller()
        events.ask(command="subscribe")
        caller.send(id=1, command="say", text="Good morning, everybody.", wait="finished")
        caller.send(id=2, command="say", text="Good evening.", wait="finished")
        events.until(type="playback_started")
        with daemon.asleep(0.5):
            late.send(id=3, command="say", text="And good night.", wait="finished")
        assert [caller.read()["state"] for _ in range(2)] == ["finished"] * 2
        assert late.read()["state"] == "finished"
        heard = [one["heard"] for one in daemon.ask(command="history")["history"]]
        assert heard == ["Good morning, everybody.", "Good evening.", "And good night."]


def test_a_pause_whose_time_was_up_while_the_machine_slept_is_over_when_it_wakes(tmp_path: Path) -> None:
    with running_daemon(tmp_path, config=f"{QUIET}\n[daemon]\npause_minutes = 0.005\n") as daemon:
        caller, events = daemon.caller(), daemon.caller()
        events.ask(command="subscribe")
        caller.send(id=1, command="say", text="Good morning.", wait="finished")
        events.until(type="playback_started")
        assert daemon.ask(command="pause")["ok"]
        with daemon.asleep(0.5):
            pass
        assert caller.read()["state"] == "finished"
        assert daemon.ask(command="status")["paused_until"] is None


def test_a_clock_that_is_set_while_somebody_speaks_or_pauses_changes_nothing(tmp_path: Path) -> None:
    """A lease, a sound and those who wait go by a clock that nobody sets; only what is shown goes by the other."""
    ahead = tmp_path / "ahead"
    ahead.write_text("0")
    (tmp_path / "sitecustomize.py").write_text(_SHIFTED.format(path=str(ahead)))
    with running_daemon(tmp_path, PYTHONPATH=f"{tmp_path}:{ROOT}") as daemon:
        caller, events = daemon.caller(), daemon.caller()
        events.ask(command="subscribe")
        caller.send(id=1, command="say", text="Good morning, everybody.", wait="finished")
        caller.send(id=2, command="say", text=LONG, wait="finished")
        events.until(type="playback_started")
        ahead.write_text(f"{_DAY}")
        assert caller.read()["state"] == "finished"
        events.until(type="playback_started")
        until = daemon.ask(command="pause")["paused_until"]
        assert 0 < until - (time.time() + _DAY) <= 300
        for days in (-1, 2):
            ahead.write_text(f"{days * _DAY}")
            told = daemon.ask(command="status")
            assert told["speaking"]["text"] == LONG
            assert 0 < told["paused_until"] - (time.time() + days * _DAY) <= 300
        daemon.ask(command="resume")
        assert daemon.ask(command="stop", scope="all")["stopped"] == 1
        assert caller.read()["state"] == "cancelled"
        assert daemon.ask(command="say", text="Good evening.", wait="finished")["state"] == "finished"

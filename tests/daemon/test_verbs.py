"""The commands, as a person types them, with a daemon and without."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.command import start, voicebot
from tests.daemon.running import LONG, Daemon, home_with_config, light, running_daemon
from voicebot.cli import main
from voicebot.daemon.verbs import is_question


@pytest.mark.parametrize("text", ["", " \n\n"])
def test_nothing_to_say_is_told_as_without_a_daemon(tmp_path: Path, text: str) -> None:
    """It was told that a field of the protocol is required."""
    (tmp_path / "empty.txt").write_text(text)
    with running_daemon(tmp_path):
        piped = voicebot(tmp_path, "say", input=text)
        quiet = voicebot(tmp_path, "say", "-", "-q", input=text)
        named = voicebot(tmp_path, "say", "--file", "empty.txt")
    assert (piped.returncode, piped.stderr) == (0, "nothing to say\n")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert (named.returncode, named.stderr) == (2, "voicebot: the text is empty\n")


def test_say_returns_at_once_and_the_daemon_says_it(daemon: Daemon) -> None:
    events = daemon.caller()
    events.ask(command="subscribe")
    done = voicebot(daemon.home, "say", "Good", "morning.")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert events.until(type="turn_ended")["heard"] == "Good morning."


def test_say_wait_returns_when_it_was_heard(daemon: Daemon) -> None:
    assert voicebot(daemon.home, "say", "--wait", "--source", "backup", "Good morning.").returncode == 0
    [said] = daemon.ask(command="history")["history"]
    assert (said["state"], said["heard"], said["source"]) == ("finished", "Good morning.", "backup")


def test_ctrl_c_on_a_waiting_say_stops_it(daemon: Daemon) -> None:
    events = daemon.caller()
    events.ask(command="subscribe")
    waiting = start(daemon.home, "say", "--wait", LONG)
    events.until(type="playback_started")
    waiting.send_signal(signal.SIGINT)
    waiting.communicate()
    assert waiting.returncode == 130
    assert events.until(type="turn_ended")["outcome"] == "interrupted"


def test_stop_is_silence_and_stop_all_also_drops_what_others_wait_with(daemon: Daemon) -> None:
    daemon.ask(command="say", text=LONG, source="one")
    daemon.ask(command="say", text=LONG, source="two")
    daemon.ask(command="say", text=LONG, source="three")
    assert voicebot(daemon.home, "stop").returncode == 0
    told = daemon.ask(command="status")
    assert (told["speaking"]["source"], len(told["waiting"])) == ("two", 1)
    assert voicebot(daemon.home, "stop", "--all").returncode == 0
    assert daemon.ask(command="status")["speaking"] is None


def test_stop_takes_an_id_and_an_unknown_one_is_an_error(daemon: Daemon) -> None:
    daemon.ask(command="say", text=LONG)
    waits = daemon.ask(command="say", text=LONG)["utterance"]
    assert voicebot(daemon.home, "stop", waits).returncode == 0
    assert daemon.ask(command="status")["waiting"] == []
    wrong = voicebot(daemon.home, "stop", "u99")
    assert (wrong.returncode, "'u99'" in wrong.stderr) == (1, True)


def test_status_shows_who_speaks_and_who_waits_and_harms_no_terminal(daemon: Daemon) -> None:
    daemon.ask(command="say", text="\x1b]0;title\x07 " + LONG, source="backup")
    daemon.ask(command="say", text="Later.")
    shown = voicebot(daemon.home, "status").stdout
    assert "speaking  u1 message (backup) ·]0;title" in shown
    assert "waiting   u2 message Later." in shown
    assert "\x1b" not in shown
    told = json.loads(voicebot(daemon.home, "status", "--json").stdout)
    assert (told["speaking"]["utterance"], told["voice"], told["pid"]) == ("u1", "tone", daemon.process.pid)


def test_pause_holds_the_sound_until_resume(daemon: Daemon) -> None:
    daemon.ask(command="say", text="Good morning.")
    assert voicebot(daemon.home, "pause").returncode == 0
    assert "paused" in voicebot(daemon.home, "status").stdout
    waiting = daemon.caller()
    waiting.send(command="say", text="And good night.", wait="finished", id=7)
    assert voicebot(daemon.home, "resume").returncode == 0
    assert waiting.read()["state"] == "finished"


def test_repeat_says_once_more_what_was_heard_last(daemon: Daemon) -> None:
    assert voicebot(daemon.home, "repeat").returncode == 1
    daemon.ask(command="say", text="Good morning.", wait="finished")
    assert voicebot(daemon.home, "repeat", "--wait").returncode == 0
    assert [one["heard"] for one in daemon.ask(command="history")["history"]] == ["Good morning."] * 2


def test_without_a_daemon_say_speaks_itself_and_stop_has_nothing_to_do(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    assert voicebot(tmp_path, "say", "Good morning.", "-q").stdout == "Good morning.\n"
    assert voicebot(tmp_path, "stop").returncode == 0
    assert voicebot(tmp_path, "skip").returncode == 1
    assert voicebot(tmp_path, "status").returncode == 1
    assert json.loads(voicebot(tmp_path, "status", "--json").stdout) == {"running": False}


def test_no_daemon_and_an_output_file_are_honoured_in_a_process_of_its_own(daemon: Daemon) -> None:
    assert voicebot(daemon.home, "say", "--no-daemon", "-q", "Good morning.").stdout == "Good morning.\n"
    assert voicebot(daemon.home, "say", "-q", "Good morning.", "-o", "morning.wav").returncode == 0
    assert (daemon.home / "morning.wav").exists()
    assert daemon.ask(command="history")["history"] == []


def test_the_light_client_imports_little_of_the_standard_library_and_nothing_else(daemon: Daemon) -> None:
    """The whole command line takes a quarter of a second of CPU to be imported, a hotkey command must not."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "sys.argv = ['voicebot', 'say', 'Good morning.']\n"
        "from voicebot.daemon.verbs import try_light\n"
        "assert try_light(sys.argv[1:]) == 0\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = light(daemon.home, code).stdout.split()
    assert [name for name in loaded if not name.startswith("voicebot")] == ["__future__", "_json", "_socket"]


def test_a_question_alone_is_asked_in_the_light_too(daemon: Daemon) -> None:
    code = (
        "import sys\n"
        "from voicebot.daemon.verbs import try_light\n"
        "assert try_light(['What is 6 times 7?']) == 0\n"
        "assert 'typer' not in sys.modules"
    )
    done = light(daemon.home, code)
    assert (done.returncode, done.stdout != "") == (0, True), done.stderr


@given(st.text(max_size=30) | st.sampled_from([*main._COMMANDS, "stauts", "Say", "histroy", "-x", "--", "help", ""]))
def test_what_is_a_question_in_the_light_is_one_to_the_whole_command_line(word: str) -> None:
    if is_question(word):
        assert main.with_command([word]) == ["ask", word]

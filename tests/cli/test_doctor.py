"""`voicebot doctor`: every check is told, whatever misbehaves, with what to run."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import COMMAND, environment, json_lines, voicebot
from tests.cli.terminal import Terminal
from tests.daemon.running import QUIET, home_with_config, running_daemon
from tests.fake_voicevox import fake_voicevox
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import NullSink, sounds
from voicebot.doctor.examination import NAMES

TONE = ("--set", "tts.kind=tone")
SILENT = ("--set", "audio.kind=silent")
DEMO = ("--set", "chat.kind=demo")
Findings = dict[str, dict[str, Any]]  # Any: JSON


def examined(home: Path, *arguments: str, **more: str) -> tuple[int, Findings]:
    """The exit code, and what was found by name."""
    home.chmod(0o700)
    done = voicebot(home, "doctor", "--json", *arguments, timeout=PATIENCE_SECONDS, **more)
    findings = {one["name"]: one for one in json_lines(done.stdout)}
    assert tuple(findings) == NAMES, "every check is told, in order"
    for one in findings.values():
        assert set(one) == {"name", "state", "text", "command"}
        assert one["state"] in ("ok", "warning", "failed")
        assert one["command"] or one["state"] != "failed", "each red line has a command"
    return done.returncode, findings


def states(findings: Findings) -> set[str]:
    return {name for name, one in findings.items() if one["state"] == "failed"}


def test_where_all_is_well_every_line_says_so(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    done = voicebot(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert len(lines) == len(NAMES)
    assert all(line.startswith("ok ") for line in lines)
    assert "\x1b" not in done.stdout
    for step in ("first text", "first segment", "first clip", "first sound"):
        assert step in lines[-1]


def test_it_changes_nothing_of_what_it_looks_at(tmp_path: Path) -> None:
    examined(tmp_path, *TONE, *SILENT)
    assert not list(tmp_path.rglob("history.db"))
    assert not list(tmp_path.rglob("*.wav"))


def test_no_server_is_a_warning_since_the_demo_answers(tmp_path: Path) -> None:
    code, found = examined(tmp_path, *TONE, *SILENT)
    assert (code, found["chat"]["state"], found["chat"]["command"]) == (1, "warning", "ollama serve")
    assert found["turn"]["state"] == "ok"


def test_a_chat_server_that_hangs_keeps_nothing_else_from_being_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        address = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        code, found = examined(
            tmp_path, *TONE, *SILENT, "--set", "chat.kind=ollama", "--set", f"chat.base_url={address}"
        )
    assert (code, states(found)) == (2, {"chat"})
    assert re.search("does not answer|no answer within", found["chat"]["text"])
    assert "in place of the chat model" in found["turn"]["text"]


def test_a_voice_that_hangs_keeps_nothing_else_from_being_told(tmp_path: Path) -> None:
    with fake_voicevox() as engine:
        engine.delays["/audio_query"] = 60
        code, found = examined(
            tmp_path, *DEMO, *SILENT, "--set", "tts.kind=voicevox", "--set", f"tts.base_url={engine.url}"
        )
    assert (code, states(found)) == (2, {"voice", "turn"})
    assert "no answer within" in found["voice"]["text"]
    assert "no sound within" in found["turn"]["text"]
    assert "first segment" in found["turn"]["text"], "how far it came"


def test_a_sound_server_that_hangs_keeps_nothing_else_from_being_told(null_sink: NullSink, tmp_path: Path) -> None:
    null_sink.freeze_server()
    code, found = examined(
        tmp_path, *DEMO, *TONE, "--set", "audio.kind=device", PULSE_SERVER=null_sink.environment["PULSE_SERVER"]
    )
    assert (code, states(found)) == (2, {"audio"})
    assert found["audio"]["text"] == "the sound server does not answer"
    assert shlex.split(found["audio"]["command"])[0] in ("pulseaudio", "systemctl")
    assert "without the loudspeaker" in found["turn"]["text"]


def test_a_device_that_is_missing_is_told(null_sink: NullSink, tmp_path: Path) -> None:
    code, found = examined(
        tmp_path, *DEMO, *TONE, "--set", "audio.kind=device", "--set", "audio.device=Nobody's",
        PULSE_SERVER=null_sink.environment["PULSE_SERVER"],
    )  # fmt: skip
    assert (code, states(found), found["audio"]["command"]) == (2, {"audio"}, "voicebot devices")
    assert "Nobody's" in found["audio"]["text"]


def test_a_device_that_is_there_is_opened_and_the_turn_is_silent(null_sink: NullSink, tmp_path: Path) -> None:
    code, found = examined(
        tmp_path, *DEMO, *TONE, "--set", "audio.kind=device", PULSE_SERVER=null_sink.environment["PULSE_SERVER"]
    )
    assert (code, found["turn"]["state"]) == (0, "ok")
    assert sounds(null_sink.samples()) == []


def test_a_broken_configuration_is_told_and_the_rest_looked_at_with_the_defaults(tmp_path: Path) -> None:
    home_with_config(tmp_path, "[tts]\nkind = 'tone'\nvioce = 1\n[chat]\nkind = 'demo'\nmodell = 'x'\n")
    code, found = examined(tmp_path)
    assert (code, found["config"]["command"]) == (2, "voicebot config check")
    assert "vioce" in found["config"]["text"] or "modell" in found["config"]["text"]
    assert "and 1 more" in found["config"]["text"]
    assert found["voice"]["state"] == "ok"


def test_what_nobody_has_trusted_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[chat]\nbase_url = 'http://example.org'\n")
    _, found = examined(tmp_path, *TONE, *SILENT)
    assert (found["config"]["state"], found["config"]["command"]) == ("warning", "voicebot config trust")
    assert "chat.base_url" in found["config"]["text"]


def test_a_key_that_others_can_read_is_a_warning_and_never_shown(tmp_path: Path) -> None:
    home_with_config(tmp_path, QUIET + "[daemon]\nautospawn = false\n")
    config = tmp_path / ".config" / "voicebot" / "config.toml"
    config.write_text("[chat]\napi_key = 'sk-never-to-be-seen'\nbase_url='http://127.0.0.1:9/v1'\n")
    config.chmod(0o644)
    _, found = examined(tmp_path, *TONE, *SILENT)
    assert (found["config"]["state"], found["config"]["command"]) == ("warning", f"chmod 600 {config}")
    shown = voicebot(tmp_path, "doctor", *TONE, *SILENT)
    assert "never-to-be-seen" not in shown.stdout + shown.stderr + f"{found}"


def test_an_address_is_told_without_its_password_be_the_configuration_broken(tmp_path: Path) -> None:
    """What is secret is known from the configuration, which cannot be read here."""
    address = "http://anna:never-to-be-seen@127.0.0.1:9/v1"
    home_with_config(tmp_path, f"[chat]\nkind = 'openai'\nbase_url = '{address}'\n'{address}' = 1\n")
    _, found = examined(tmp_path, *TONE, *SILENT)
    assert found["config"]["state"] == "failed"
    assert "never-to-be-seen" not in f"{found}"
    assert "never-to-be-seen" not in voicebot(tmp_path, "doctor", *TONE, *SILENT).stdout


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "share").write_text("somebody's")
    code, found = examined(tmp_path, *DEMO, *TONE, *SILENT)
    assert (code, "paths" in states(found)) == (2, True)
    assert "is not a folder" in found["paths"]["text"]


def test_a_history_of_somebody_else_is_told_and_stays_as_it_is(tmp_path: Path) -> None:
    foreign = tmp_path / "notes.db"
    foreign.write_text("my notes")
    code, found = examined(tmp_path, *DEMO, *TONE, *SILENT, "--set", f"memory.path={foreign}")
    assert (code, states(found)) == (2, {"history"})
    assert "is not a history of voicebot" in found["history"]["text"]
    assert foreign.read_text() == "my notes"
    assert [path.name for path in tmp_path.glob("notes*")] == ["notes.db"]


def test_a_history_of_a_newer_version_is_told(tmp_path: Path) -> None:
    voicebot(tmp_path, "ask", "Hello", *DEMO, "--no-audio")
    history = tmp_path / ".local" / "share" / "voicebot" / "history.db"
    _, found = examined(tmp_path, *DEMO, *TONE, *SILENT)
    assert "1 turn, version" in found["history"]["text"]
    with sqlite3.connect(history) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    code, found = examined(tmp_path, *DEMO, *TONE, *SILENT)
    assert (code, states(found)) == (2, {"history"})
    assert "newer voicebot (version 99)" in found["history"]["text"]


def test_a_daemon_that_runs_is_told_with_its_version(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        code, found = examined(tmp_path)
        assert (code, found["daemon"]["state"]) == (0, "ok")
        assert f"process {daemon.process.pid}" in found["daemon"]["text"]


def test_a_daemon_that_hangs_is_told_with_what_ends_it(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        daemon.process.send_signal(signal.SIGSTOP)
        code, found = examined(tmp_path)
        assert (code, states(found)) == (2, {"daemon"})
        assert found["daemon"]["command"] == f"kill -9 {daemon.process.pid}"


def test_a_socket_that_others_can_open_is_told(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        daemon.path.chmod(0o666)
        code, found = examined(tmp_path)
        assert (code, found["daemon"]["command"]) == (2, f"chmod 600 {daemon.path}")
        daemon.path.chmod(0o600)
        daemon.path.parent.chmod(0o755)
        code, found = examined(tmp_path)
        assert (code, found["daemon"]["command"]) == (2, f"chmod 700 {daemon.path.parent}")


def test_what_others_wrote_steers_no_terminal(tmp_path: Path) -> None:
    hostile = tmp_path / "a\x1b]0;x\x07b.db"
    hostile.write_text("x")
    done = voicebot(tmp_path, "doctor", *DEMO, *TONE, *SILENT, "--set", f"memory.path='{hostile}'")
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x07" not in done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == len(NAMES)


# ---------------------------------------------------------------- at a terminal


def test_at_a_narrow_terminal_lines_break_between_words_and_nothing_is_left_of_the_progress(tmp_path: Path) -> None:
    """Words were cut at the edge, and while the sound was looked at the line of what is being done stayed."""
    terminal = Terminal(tmp_path, "doctor", "-q", columns=50)
    try:
        assert terminal.exit_code() == 2
        lines = terminal.screen.splitlines()
        assert not [line for line in lines if "checking" in line]
        assert {"loudspeaker", "conversation", "built-in"} <= set(" ".join(lines).split())
    finally:
        terminal.close()


def test_at_a_terminal_the_labels_have_colours_and_a_line_says_what_is_being_done(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    terminal = Terminal(tmp_path, "doctor", columns=120)
    try:
        terminal.expect("checking: ")
        terminal.expect(r"\x1b\[32mok *\x1b\[0mconfiguration")
        terminal.expect(r"whole turn +first text")
        assert terminal.exit_code() == 0
        assert "checking" not in terminal.screen
    finally:
        terminal.close()


@pytest.mark.parametrize("more", [{"term": "dumb"}, {"NO_COLOR": "1"}])
def test_without_colours_the_words_remain(tmp_path: Path, more: dict[str, str]) -> None:
    home_with_config(tmp_path)
    terminal = Terminal(tmp_path, "doctor", columns=120, **more)
    try:
        terminal.expect(r"ok +whole turn +first text")
        assert terminal.exit_code() == 0
        assert "\x1b[3" not in terminal.raw
        assert "\x1b" not in terminal.raw or "term" not in more
    finally:
        terminal.close()


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2)])
def test_two_tones_are_played_and_asked_for(null_sink: NullSink, tmp_path: Path, answer: str, code: int) -> None:
    home_with_config(tmp_path, QUIET.replace('kind = "silent"\nrealtime = true', 'kind = "device"'))
    terminal = Terminal(tmp_path, "doctor", columns=120, PULSE_SERVER=null_sink.environment["PULSE_SERVER"])
    try:
        terminal.expect(r"did you hear two tones\?")
        assert sounds(null_sink.samples())
        terminal.type(answer + "\n")
        terminal.expect("two tones +heard" if answer == "y" else "nobody heard them")
        assert terminal.exit_code() == code
    finally:
        terminal.close()


def test_with_no_questions_no_tone_is_played(null_sink: NullSink, tmp_path: Path) -> None:
    home_with_config(tmp_path, QUIET.replace('kind = "silent"\nrealtime = true', 'kind = "device"'))
    terminal = Terminal(tmp_path, "doctor", "-q", columns=120, PULSE_SERVER=null_sink.environment["PULSE_SERVER"])
    try:
        terminal.expect("whole turn +first text")
        assert terminal.exit_code() == 0
        assert sounds(null_sink.samples()) == []
    finally:
        terminal.close()


def test_ctrl_c_ends_it_while_something_hangs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        address = f"http://127.0.0.1:{hanging.getsockname()[1]}"
        process = subprocess.Popen(
            [*COMMAND, "doctor", *TONE, *SILENT, "--set", "chat.kind=ollama", "--set", f"chat.base_url={address}"],
            cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0,
        )  # fmt: skip
        asked, _ = hanging.accept()  # it has begun
        os.killpg(process.pid, signal.SIGINT)
        with asked:
            _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert b"Traceback" not in err


def test_japanese_is_spoken_to_somebody_who_does(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    done = voicebot(tmp_path, "doctor", LANG="ja_JP.UTF-8")
    assert done.returncode == 0
    assert "最初の音" in done.stdout

"""The control socket: what it answers, and what callers that misbehave cannot do to it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.daemon.running import LONG, QUICK, QUIET, Caller, Daemon, running_daemon
from tests.machine import PATIENCE_SECONDS

LIMIT = 65_536


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One daemon for all tests that leave it as it was."""
    with running_daemon(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def daemon(shared: Daemon) -> Iterator[Daemon]:
    yield shared
    shared.ask(command="stop", scope="all")
    assert shared.process.poll() is None


def test_say_answers_with_an_id_a_state_and_a_position(daemon: Daemon) -> None:
    caller = daemon.caller()
    first = caller.ask(id="a", command="say", text=LONG)
    assert (first["id"], first["ok"], first["state"], first["position"]) == ("a", True, "started", 0)
    second = caller.ask(id=2, command="say", text=LONG)
    assert (second["id"], second["state"], second["position"]) == (2, "queued", 1)
    assert caller.ask(command="say", text=LONG)["position"] == 2
    assert second["utterance"] != first["utterance"]


def test_the_answer_comes_when_it_is_queued_when_it_starts_or_when_it_was_heard(daemon: Daemon) -> None:
    events, caller = daemon.caller(), daemon.caller()
    assert events.ask(command="subscribe")["event"] == "snapshot"
    turn = caller.ask(command="say", text="One.", wait="started")["turn"]
    events.until(type="playback_started", turn=turn)
    done = caller.ask(command="say", text="Two.", wait="finished")
    assert done["state"] == "finished"
    events.until(type="playback_finished", turn=done["turn"])


def test_a_waiting_caller_may_ask_for_other_things_meanwhile(daemon: Daemon) -> None:
    caller = daemon.caller()
    caller.send(id=1, command="say", text=LONG, wait="finished")
    assert caller.ask(id=2, command="status")["id"] == 2
    caller.send(id=3, command="stop")
    answers = {answer["id"]: answer for answer in (caller.read(), caller.read())}
    assert (answers[1]["state"], answers[1]["reason"]) == ("cancelled", "stopped")


def test_a_caller_that_waits_and_goes_takes_its_utterance_along(daemon: Daemon) -> None:
    """`spd-say --wait` ended by Ctrl-C is spoken to its end by speech-dispatcher: for 8.3 s."""
    events, caller = daemon.caller(), daemon.caller()
    events.ask(command="subscribe")
    caller.send(command="say", text=LONG, wait="finished")
    events.until(type="playback_started")
    caller.close()
    assert events.until(type="turn_ended")["outcome"] == "interrupted"


def test_a_caller_that_does_not_wait_is_spoken_to_the_end(daemon: Daemon) -> None:
    events, caller = daemon.caller(), daemon.caller()
    events.ask(command="subscribe")
    caller.ask(command="say", text="Good morning.")
    caller.close()
    assert events.until(type="turn_ended")["outcome"] == "completed"


def test_stop_self_stops_what_this_source_asked_for_and_nothing_else(daemon: Daemon) -> None:
    caller = daemon.caller()
    caller.ask(command="say", text=LONG, source="mine")
    caller.ask(command="say", text=LONG, source="yours")
    caller.ask(command="say", text=LONG, source="mine")
    assert caller.ask(command="stop", source="mine")["stopped"] == 2
    told = caller.ask(command="status")
    assert (told["speaking"]["source"], told["waiting"]) == ("yours", [])


def test_what_was_cancelled_stays_in_the_history_with_the_reason(daemon: Daemon) -> None:
    caller = daemon.caller()
    text = caller.ask(command="say", text=LONG, priority="text", source="reader")["utterance"]
    note = caller.ask(command="say", text="Copied.", priority="notification", source="copy")["utterance"]
    caller.ask(command="say", text="Hello.", wait="finished")
    over = {one["utterance"]: one for one in caller.ask(command="history")["history"]}
    assert (over[text]["state"], over[text]["reason"]) == ("cancelled", "outranked")
    assert (over[note]["state"], over[note]["reason"], over[note]["text"]) == ("cancelled", "outranked", "Copied.")


def test_of_ten_thousand_progress_messages_the_last_is_said(daemon: Daemon) -> None:
    events, caller = daemon.caller(), daemon.caller()
    events.ask(command="subscribe")
    caller.ask(command="say", text="This takes a moment to be said.")
    read = threading.Thread(target=lambda: [caller.read() for _ in range(10_000)])
    read.start()
    for number in range(10_000):
        caller.send(command="say", text=f"{number} of 10000", priority="progress")
    read.join()
    assert len(daemon.ask(command="status")["waiting"]) <= 1
    heard = ""
    while not heard.startswith("9999"):
        heard = events.until(type="turn_ended")["heard"]
    assert len(daemon.ask(command="history")["history"]) <= 100


def test_a_text_may_come_piece_by_piece_and_is_said_meanwhile(daemon: Daemon) -> None:
    events, caller = daemon.caller(), daemon.caller()
    events.ask(command="subscribe")
    caller.send(id=1, command="say", text="The first sentence. ", more=True, wait="finished")
    caller.send(command="more", text="And the second")
    events.until(type="playback_started", text="The first sentence.")
    caller.send(command="more", text=" is here.", end=True)
    assert caller.read()["state"] == "finished"
    assert events.until(type="turn_ended")["heard"] == "The first sentence. And the second is here."


def test_a_reply_can_be_followed_and_its_answer_says_what_was_heard(daemon: Daemon) -> None:
    caller = daemon.caller()
    caller.send(id=1, command="ask", text="Tell me a joke", wait="finished", follow=True)
    assert caller.read()["type"] == "turn_started"
    answer = caller.until(id=1)
    assert answer["state"] == "finished"
    assert len(answer["heard"]) > 20


def test_pause_has_a_lease_that_the_status_shows(daemon: Daemon) -> None:
    caller = daemon.caller()
    caller.ask(command="say", text=LONG)
    until = caller.ask(command="pause")["paused_until"]
    assert caller.ask(command="status")["paused_until"] == pytest.approx(until, abs=1.0)  # clocks drift apart a little
    caller.ask(command="stop")
    assert caller.ask(command="status")["paused_until"] is None


def test_voices_are_listed(daemon: Daemon) -> None:
    assert daemon.ask(command="voices")["voices"] == [{"voice": "tone"}]


# ---------------------------------------------------------------- callers that misbehave


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"{",
        b"[]",
        b"\xff\xfe\x00",
        b'{"command": "explode"}',
        b'{"command": "say"}',
        b'{"command": "say", "text": "  "}',
        b'{"command": "say", "text": "x", "priority": "loud"}',
        b'{"command": "say", "text": "x", "source": "\\u001b[2J"}',
        b'{"command": "say", "text": "x", "volume": 11}',
        b'{"command": "more", "text": "x"}',
        b"[" * 60_000,
    ],
)
def test_a_line_that_asks_for_nothing_there_is_is_refused_and_the_next_one_answered(
    daemon: Daemon, line: bytes
) -> None:
    caller = daemon.caller()
    caller.socket.sendall(line + b"\n")
    refused = caller.read()
    assert (refused["ok"], refused["code"]) == (False, "VB-REQUEST")
    assert caller.ask(command="status")["ok"]


def test_a_refusal_carries_the_id_of_the_request(daemon: Daemon) -> None:
    assert daemon.ask(id=41, command="explode")["id"] == 41


def test_a_line_of_64_kib_is_taken_and_one_byte_more_ends_the_connection(daemon: Daemon) -> None:
    frame = len(b'{"command":"say","priority":"progress","text":""}\n')
    for extra, taken in ((0, True), (1, False)):
        caller = daemon.caller()
        line = b'{"command":"say","priority":"progress","text":"%s"}\n' % (b"a" * (LIMIT - frame + extra))
        assert len(line) == LIMIT + extra
        caller.socket.sendall(line)
        answer = caller.read()
        assert answer["ok"] is taken
        if not taken:
            assert answer["code"] == "VB-TOO-LONG"
            assert caller.is_closed()
    daemon.ask(command="stop", scope="all")


def test_a_stream_without_a_line_end_is_cut_off(daemon: Daemon) -> None:
    caller = daemon.caller()
    caller.socket.sendall(b"a" * (LIMIT + 1))
    assert caller.read()["code"] == "VB-TOO-LONG"


def test_a_caller_gone_in_the_middle_of_a_line_asked_for_nothing(daemon: Daemon) -> None:
    caller = daemon.caller()
    before = len(daemon.ask(command="history")["history"])
    caller.socket.sendall(b'{"command":"say","text":"Good mor')
    caller.close()
    told = daemon.ask(command="status")
    assert (told["speaking"], len(daemon.ask(command="history")["history"])) == (None, before)


def test_a_caller_that_reads_nothing_does_not_delay_the_others(daemon: Daemon) -> None:
    deaf = daemon.caller()
    deaf.socket.settimeout(0.5)
    deaf.send(command="subscribe")

    def send_for_ever() -> None:
        while True:
            deaf.send(command="history")

    with pytest.raises(TimeoutError):
        send_for_ever()
    assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"


def test_a_subscriber_that_is_slow_loses_the_oldest_events_and_is_told_how_many(daemon: Daemon) -> None:
    slow, busy = daemon.caller(), daemon.caller()
    slow.send(command="subscribe")
    busy.ask(command="say", text=LONG)
    for _ in range(20):
        for _ in range(200):
            busy.send(command="say", text="x" * 10, priority="progress", source="s" * 64)
        for _ in range(200):
            busy.read()
    daemon.ask(command="stop", scope="all")
    assert slow.until(type="missed")["events"] > 0


def test_a_thousand_callers_at_once_are_all_answered(daemon: Daemon) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2000:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    callers = [Caller(daemon.path) for _ in range(1000)]
    for number, caller in enumerate(callers):
        caller.send(id=number, command="say", text=f"{number} of 1000", priority="progress")
    assert [caller.read()["id"] for caller in callers] == list(range(1000))
    for caller in callers:
        caller.close()


def test_the_socket_is_ours_alone_and_there_is_no_port(daemon: Daemon) -> None:
    assert daemon.path.stat().st_mode & 0o777 == 0o600
    assert daemon.path.parent.stat().st_mode & 0o777 == 0o700
    process = Path(f"/proc/{daemon.process.pid}")
    files = set()
    for entry in (process / "fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile: the connection of the test before
            files.add(os.readlink(entry))
    rows = [line.split() for table in ("tcp", "tcp6") for line in (process / "net" / table).read_text().splitlines()]
    assert [row for row in rows if f"socket:[{row[9]}]" in files] == []


def test_what_is_said_stands_in_no_log(tmp_path: Path) -> None:
    with running_daemon(tmp_path, config=QUICK) as daemon:
        daemon.ask(command="say", text="The secret word is rhubarb.", wait="finished")
        daemon.ask(command="ask", text="rhubarb", wait="finished")
        daemon.end(signal.SIGTERM)
        assert daemon.process.stdout is not None
        assert b"rhubarb" not in daemon.process.stdout.read()


def test_shutdown_ends_the_daemon_well_and_takes_its_socket_along(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        assert daemon.ask(command="shutdown")["ok"]
        assert daemon.process.wait(PATIENCE_SECONDS) == 0
        assert not daemon.path.exists()


def test_a_pause_that_nobody_ends_is_over_by_itself(tmp_path: Path) -> None:
    with running_daemon(tmp_path, config=f"{QUIET}\n[daemon]\npause_minutes = 0.005\n") as daemon:
        daemon.ask(command="pause")
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
        assert daemon.ask(command="status")["paused_until"] is None

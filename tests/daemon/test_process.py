"""The daemon as a process: one at a time, started when it is needed, and what kills it or takes things from it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.command import COMMAND, Process, environment, printed_behind_a_standstill, start, survivors, voicebot
from tests.daemon.running import LONG, QUICK, QUIET, Caller, Daemon, home_with_config, pid_of, running_daemon
from tests.machine import PATIENCE_SECONDS
from tests.null_sink import wait_until
from voicebot.daemon.address import Address
from voicebot.daemon.client import connect
from voicebot.daemon.place import listening


def ask(home: Path, **request: object) -> dict[str, object]:
    caller = Caller(home / "voicebot" / "control.sock")
    try:
        return caller.ask(**request)
    finally:
        caller.close()


def end(home: Path) -> None:
    os.kill(pid := pid_of(home), signal.SIGKILL)
    survivors([pid], seconds=5)


# ---------------------------------------------------------------- one at a time


def test_a_second_start_says_who_runs_since_when_and_ends_well(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        second = voicebot(tmp_path, "daemon", "run")
        assert second.returncode == 0
        assert f"process {daemon.process.pid}" in second.stderr
        assert "version" in second.stderr
        assert "since 20" in second.stderr
        assert daemon.ask(command="status")["ok"]


def test_a_daemon_that_starts_has_its_time_though_the_machine_stands_still() -> None:
    """Ten seconds in which nobody had a processor were taken for its silence, and it was killed."""
    code = "from voicebot.daemon.spawn import read_within; print(read_within(2.0, 0))"
    assert printed_behind_a_standstill(code, b"ready") == b"b'ready'\n"


def test_of_two_that_start_at_once_one_runs(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    both = [start(tmp_path, "daemon", "run") for _ in range(2)]
    over, left = threading.Event(), []

    def wait(process: Process) -> None:
        process.wait()
        over.set()

    for process in both:
        threading.Thread(target=wait, args=(process,), daemon=True).start()
    assert over.wait(PATIENCE_SECONDS)
    left = [process for process in both if process.poll() is None]
    assert len(left) == 1
    assert [process.returncode for process in both if process.poll() is not None] == [0]
    for process in both:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("speaking", [False, True])
def test_after_kill_9_the_next_one_takes_the_place(tmp_path: Path, speaking: bool) -> None:
    with running_daemon(tmp_path) as daemon:
        if speaking:
            daemon.ask(command="say", text=LONG, wait="started")
        daemon.end(signal.SIGKILL)
        assert daemon.path.exists(), "nobody has cleaned up"
        assert voicebot(tmp_path, "status").returncode == 1
    with running_daemon(tmp_path) as daemon:
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"


def test_a_waiting_client_is_told_that_the_daemon_was_killed(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        events = daemon.caller()
        events.ask(command="subscribe")
        waiting = start(tmp_path, "say", "--wait", LONG)
        events.until(type="playback_started")
        daemon.end(signal.SIGKILL)
        _, told = waiting.communicate(timeout=PATIENCE_SECONDS)
        assert (waiting.returncode, b"has gone" in told) == (1, True)


def test_what_is_not_a_socket_is_not_removed(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    (tmp_path / "voicebot").mkdir(mode=0o700)
    (tmp_path / "voicebot" / "control.sock").write_text("precious")
    failed = voicebot(tmp_path, "daemon", "run")
    assert (failed.returncode, "is not a socket" in failed.stderr) == (1, True)
    assert (tmp_path / "voicebot" / "control.sock").read_text() == "precious"


def test_a_socket_on_which_another_program_answers_is_left_to_it(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    (tmp_path / "voicebot").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "voicebot" / "control.sock"))
        other.listen()
        failed = voicebot(tmp_path, "daemon", "run")
    assert (failed.returncode, "another program" in failed.stderr) == (1, True)


# ---------------------------------------------------------------- the folder


def test_a_folder_that_others_can_open_is_refused_by_the_daemon_and_by_its_clients(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    (tmp_path / "voicebot").mkdir()
    (tmp_path / "voicebot").chmod(0o755)
    for command in (["daemon", "run"], ["say", "Good morning."], ["stop"]):
        failed = voicebot(tmp_path, *command)
        assert (failed.returncode, "is open to others" in failed.stderr) == (1, True)


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    folder = tmp_path / "voicebot"
    folder.mkdir(mode=0o700)
    if os.getuid() == 0:
        os.chown(folder, 12345, 12345)
    else:
        folder = Path("/")
    for command in (["daemon", "run"], ["stop"]):
        failed = voicebot(tmp_path, *command, VOICEBOT_ADDRESS=f"unix:{folder}/control.sock")
        assert (failed.returncode, "belongs to somebody else" in failed.stderr) == (1, True)


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "voicebot").symlink_to(tmp_path / "elsewhere")
    assert "is not a folder" in voicebot(tmp_path, "daemon", "run").stderr


def test_a_path_that_is_too_long_for_a_socket_is_told_with_its_length(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    failed = voicebot(tmp_path, "stop", VOICEBOT_ADDRESS=f"unix:/tmp/{'a' * 103}")
    assert (failed.returncode, "108 bytes" in failed.stderr) == (1, True)


def test_the_address_can_be_named(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o700)
    with running_daemon(tmp_path, VOICEBOT_ADDRESS=f"unix:{folder}/v.sock"):
        assert (folder / "v.sock").exists()
        assert voicebot(tmp_path, "status", VOICEBOT_ADDRESS=f"unix:{folder}/v.sock").returncode == 0
        assert voicebot(tmp_path, "status").returncode == 1


def test_another_user_is_not_answered(tmp_path: Path) -> None:
    """The rights of the socket keep others out; where they are wrong, the daemon does not talk to them either.

    Only root can be somebody else; for the rest of us tests/daemon/test_faults.py asks the check itself.
    """
    if os.getuid() != 0:
        return
    with running_daemon(tmp_path) as daemon:
        for folder in (*tmp_path.parents[:-2], tmp_path, daemon.path.parent):
            folder.chmod(0o755)
        daemon.path.chmod(0o666)
        code = (
            "import os, socket, sys; os.setuid(12345); s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
            'try: s.sendall(b\'{"command":"status"}\\n\'); print(s.recv(100))\n'
            "except OSError: print(b'')"
        )
        told = subprocess.run(["python3", "-c", code, str(daemon.path)], capture_output=True, text=True)
        assert told.stdout.strip() == "b''"


# ---------------------------------------------------------------- started by a client


def test_the_first_client_starts_the_daemon_and_it_says_the_text(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    done = voicebot(tmp_path, "say", "--daemon", "--wait", "Good morning.")
    assert (done.returncode, done.stderr) == (0, "")
    try:
        history = ask(tmp_path, command="history")["history"]
        assert isinstance(history, list)
        assert [one["heard"] for one in history] == ["Good morning."]
        assert os.getsid(pid_of(tmp_path)) == pid_of(tmp_path), "it does not end with our terminal"
    finally:
        end(tmp_path)


def test_autospawn_in_the_configuration_does_the_same(tmp_path: Path) -> None:
    home_with_config(tmp_path, f"{QUIET}\n[daemon]\nautospawn = true\n")
    assert voicebot(tmp_path, "say", "Good morning.").returncode == 0
    assert ask(tmp_path, command="status")["ok"]
    end(tmp_path)


def test_many_first_clients_at_once_start_one_daemon(tmp_path: Path) -> None:
    home_with_config(tmp_path, QUICK)
    clients = [start(tmp_path, "say", "--daemon", "--wait", f"{number}.") for number in range(64)]
    told = [client.communicate(timeout=60)[1] for client in clients]
    try:
        assert [client.returncode for client in clients] == [0] * 64, told
        assert len(ask(tmp_path, command="history")["history"]) == 64  # type: ignore[arg-type] # JSON
    finally:
        end(tmp_path)


def test_a_daemon_that_cannot_start_says_why_to_the_client(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    (tmp_path / "voicebot").mkdir(mode=0o700)
    (tmp_path / "voicebot" / "control.sock").write_text("precious")
    failed = voicebot(tmp_path, "say", "--daemon", "Good morning.")
    assert failed.returncode == 1
    assert "did not start" in failed.stderr
    assert "is not a socket" in failed.stderr


# ---------------------------------------------------------------- signals and configurations


def test_sigterm_lets_the_sentence_end(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        caller, events = daemon.caller(), daemon.caller()
        events.ask(command="subscribe")
        caller.ask(id=1, command="say", text="Good morning.", wait="started")
        caller.ask(id=2, command="say", text="This one waits.")
        caller.send(id=3, command="say", text="This one too.", wait="finished")
        events.until(type="turn_waiting", position=2)
        assert daemon.end(signal.SIGTERM) == 0
        assert caller.read()["state"] == "cancelled"
        events.until(type="playback_finished")


def test_a_configuration_that_is_wrong_leaves_the_old_one_and_says_so(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        home_with_config(tmp_path, QUIET.replace('"tone"', '"trumpet"'))
        answer = daemon.ask(command="reload")
        assert (answer["ok"], "the old configuration stays" in answer["message"]) == (False, True)
        assert "trumpet" in answer["message"]
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"


def test_a_voice_that_cannot_be_opened_leaves_the_old_one(tmp_path: Path) -> None:
    with running_daemon(tmp_path) as daemon:
        voicevox = '"voicevox"\nbase_url = "http://127.0.0.1:9"'
        home_with_config(tmp_path, QUIET.replace('"tone"', voicevox))
        assert not daemon.ask(command="reload")["ok"]
        assert daemon.ask(command="status")["voice"] == "tone"


@pytest.mark.parametrize("by_signal", [False, True])
def test_a_good_configuration_is_used_from_the_next_turn_on(tmp_path: Path, by_signal: bool) -> None:
    with running_daemon(tmp_path) as daemon:
        caller = daemon.caller()
        caller.send(id=1, command="say", text=LONG, wait="finished")
        to_file = QUIET.replace('kind = "silent"\nrealtime = true', 'kind = "wav"\npath = "heard.wav"')
        home_with_config(tmp_path, to_file)
        if by_signal:
            daemon.process.send_signal(signal.SIGHUP)
            assert daemon.process.stdout is not None
            while b"was read again" not in daemon.process.stdout.readline():
                pass
        else:
            assert daemon.ask(command="reload")["ok"]
        assert daemon.ask(command="status")["audio"] == "heard.wav"
        daemon.ask(command="stop")
        assert caller.read()["state"] == "cancelled"
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"
        assert daemon.ask(command="say", text="And more.", wait="finished")["state"] == "finished"


def test_a_service_manager_is_told_and_its_socket_is_taken_over(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    (tmp_path / "voicebot").mkdir(mode=0o700)
    path = tmp_path / "voicebot" / "control.sock"
    with socket.socket(socket.AF_UNIX) as given, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        given.bind(str(path))
        given.listen()
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_SECONDS)
        starter = (
            "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.environ['LISTEN_FDS'] = '1'\n"
            "os.dup2(int(sys.argv[1]), 3); os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
        )
        command = [COMMAND[0], "-c", starter, str(given.fileno()), *COMMAND[1:], "daemon", "run"]
        process = subprocess.Popen(
            command,
            env=environment(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify")),
            cwd=tmp_path,
            pass_fds=[given.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert manager.recv(1000) == b"READY=1"
            assert ask(tmp_path, command="say", text="Good morning.", wait="finished")["state"] == "finished"
            process.send_signal(signal.SIGHUP)
            told = [manager.recv(1000) for _ in range(2)]
            assert told[0].startswith(b"RELOADING=1\nMONOTONIC_USEC=")
            assert told[1] == b"READY=1"
            process.terminate()
            assert manager.recv(1000) == b"STOPPING=1"
            assert process.wait(PATIENCE_SECONDS) == 0
            assert path.exists(), "it is the service manager's"
        finally:
            process.kill()
            process.wait()


def test_under_systemd_the_journal_is_told_the_level_of_each_line(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    with (tmp_path / "journal").open("w+b") as journal:
        found = os.fstat(journal.fileno())
        process = subprocess.Popen(
            [*COMMAND, "daemon", "run"],
            env=environment(tmp_path, JOURNAL_STREAM=f"{found.st_dev}:{found.st_ino}"),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stderr=journal,
        )
        daemon = Daemon(tmp_path, process)
        read, write = os.pipe()
        os.close(write)
        process.stdout = os.fdopen(read, "rb")
        try:
            wait_until(lambda: daemon.path.exists() or process.poll() is not None, "it opens no socket")
            daemon.ask(command="shutdown")  # and hangs up in the very moment
            process.wait(PATIENCE_SECONDS)
        finally:
            daemon.close()
        lines = (tmp_path / "journal").read_text().splitlines()
        assert lines
        assert all(line.startswith("<6>") for line in lines), lines


def test_a_detached_daemon_logs_to_a_file_of_its_own(tmp_path: Path) -> None:
    home_with_config(tmp_path)
    assert voicebot(tmp_path, "say", "--daemon", "--wait", "The secret word is rhubarb.").returncode == 0
    log = tmp_path / ".local" / "state" / "voicebot" / "daemon.log"
    ask(tmp_path, command="shutdown")
    survivors([pid_of(tmp_path)], seconds=10)
    assert "listening at" in log.read_text()
    assert "rhubarb" not in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


# ---------------------------------------------------------------- what goes and comes back


class _Chat(BaseHTTPRequestHandler):
    """A chat server that answers everything with two words."""

    def do_GET(self) -> None:
        self._answer("application/json", b'{"object": "list", "data": [{"id": "small"}]}')

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        delta = b'data: {"choices": [{"delta": {"content": "Good morning."}, "finish_reason": "stop"}]}\n\n'
        self._answer("text/event-stream", delta + b"data: [DONE]\n\n")

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_chat_server_that_goes_and_comes_back_is_told_once_each_time(tmp_path: Path) -> None:
    with socket.socket() as reserved:  # bound and not listening: refused, and nobody else gets the port meanwhile
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        _go_and_come_back(tmp_path, reserved.getsockname()[1])


def _go_and_come_back(home: Path, port: int) -> None:
    chat = f'"openai"\nbase_url = "http://127.0.0.1:{port}/v1"\nmodel = "small"\nretries = 0'
    with running_daemon(home, config=QUIET.replace('"demo"', chat)) as daemon:
        events = daemon.caller()
        events.ask(command="subscribe")
        assert daemon.ask(command="say", text="One.", wait="finished")["state"] == "finished", "this needs no server"
        for _ in range(2):
            assert not daemon.ask(command="ask", text="Hi", wait="finished")["ok"]
        server = ThreadingHTTPServer(("127.0.0.1", port), _Chat)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            answer: dict[str, object] = {"ok": False}
            while not answer["ok"]:  # it is looked for once a second at most
                answer = daemon.ask(command="ask", text="Hi", wait="finished")
            assert answer["heard"] == "Good morning."
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
        assert not daemon.ask(command="ask", text="Hi", wait="finished")["ok"]
        daemon.ask(command="shutdown")
        told = []
        while line := events.line():
            if line["type"] == "notice":
                told.append(str(line["message"]).partition(":")[0])
        assert told == ["the chat model is gone", "the chat model is back", "the chat model is gone"]


def test_without_a_loudspeaker_callers_are_told_and_no_file_is_written(tmp_path: Path) -> None:
    """`voicebot say` writes a WAV file where there is no loudspeaker: a daemon would fill the disk."""
    with running_daemon(tmp_path, config=QUIET.replace('kind = "silent"\nrealtime = true', 'kind = "auto"')) as daemon:
        for _ in range(2):
            answer = daemon.ask(command="say", text="Good morning.", wait="finished")
            assert (answer["ok"], answer["code"]) == (False, "VB-AUDIO")
        assert [one["message"].partition(":")[0] for one in daemon.ask(command="status")["errors"]] == [
            "the loudspeaker is gone"
        ]
        assert not list(tmp_path.rglob("*.wav"))
        home_with_config(tmp_path)
        assert daemon.ask(command="reload")["ok"]
        assert daemon.ask(command="say", text="Good morning.", wait="finished")["state"] == "finished"


def test_where_there_are_no_unix_sockets_a_token_opens_a_port_of_this_machine(tmp_path: Path) -> None:
    address = Address(str(tmp_path / "control.json"), loopback=True)
    tmp_path.chmod(0o700)
    with listening(address) as door:
        assert (tmp_path / "control.json").stat().st_mode & 0o777 == 0o600
        assert door.socket.getsockname()[0] == "127.0.0.1"
        connection = connect(address)
        assert connection is not None
        served, _ = door.socket.accept()
        with served:
            assert json.loads(served.recv(1000)) == {"token": door.token}
        connection.close()
    assert not (tmp_path / "control.json").exists()

"""The command `voicebot serve`, in a process of its own."""

from __future__ import annotations

import re
import resource
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.cli.command import Process, environment, start, voicebot
from tests.machine import PATIENCE_SECONDS
from voicebot.cli.serve import qr_code

LONG = "a-token-that-nobody-guesses"
QUIET = ["--chat", "demo", "--tts", "tone"]


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens."""

    process: Process
    address: str
    said: list[str]
    """What it has printed so far."""

    def end(self) -> tuple[int, str]:
        """Tell it to end; gives the exit code and whatever it has printed since."""
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, errors.decode()


@contextmanager
def served(home: Path, *arguments: str, lines: int = 2, **more: str) -> Iterator[Served]:
    """Serve until the block ends; `lines` are read of what it prints first."""
    with start(
        home, "serve", "--port", "0", *QUIET, *arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **more
    ) as process:
        try:
            assert process.stderr is not None
            said = [process.stderr.readline().decode() for _ in range(lines)]
            address = re.search(r"https?://\S+", "".join(said))
            assert address, said
            yield Served(process, address[0], said)
        finally:
            process.kill()


def token_files(home: Path) -> list[Path]:
    """Where the tokens of running servers are."""
    return sorted((home / "voicebot").glob("*.token"))


def test_two_servers_have_a_token_each_and_take_it_along_when_they_end(tmp_path: Path) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(served(tmp_path)) for _ in range(2)]
        tokens = [path.read_text().strip() for path in token_files(tmp_path)]
        assert len(set(tokens)) == 2
        assert {stat.S_IMODE(path.stat().st_mode) for path in token_files(tmp_path)} == {0o600}
        for one in servers:
            path = tmp_path / "voicebot" / f"server-{httpx.URL(one.address).port}.token"
            right = {"authorization": f"Bearer {path.read_text().strip()}"}
            wrong = {"authorization": f"Bearer {next(token for token in tokens if token not in path.read_text())}"}
            asked = {"text": "hello"}
            assert httpx.post(f"{one.address}/chat", json=asked, headers=right).status_code == 200
            assert httpx.post(f"{one.address}/chat", json=asked, headers=wrong).status_code == 401
        for one in servers:
            code, said = one.end()
            assert code == 0
            for token in tokens:
                assert token not in said + "".join(one.said)
    assert token_files(tmp_path) == []


def test_a_log_holds_nothing_that_lets_anybody_in(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        _, said = server.end()
        assert "#" not in said + "".join(server.said)


@pytest.fixture
def few_files() -> Iterator[None]:
    """A soft limit as low as the usual one is for all the connections that there may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("few_files")
def test_it_takes_as_many_files_as_the_system_allows(tmp_path: Path) -> None:
    """A server that may have 4000 connections had files for 1024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with served(tmp_path, VOICEBOT_SERVER__MAX_CONNECTIONS="600") as server:
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
        _, said = server.end()
        assert "max_connections" not in said + "".join(server.said)


@pytest.mark.parametrize(("connections", "warned"), [(936, False), (937, True)])
def test_a_limit_that_is_too_low_all_the_same_is_in_the_log(connections: int, warned: bool) -> None:
    limits = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (512, 1000))"
    take = f"from voicebot.server.descriptors import take_descriptors; take_descriptors({connections})"
    done = subprocess.run([sys.executable, "-c", f"{limits}; {take}"], check=True, stderr=subprocess.PIPE, text=True)
    assert (f"server.max_connections = {connections} takes 1001 files, and the system allows 1000" in done.stderr) == (
        warned
    )


def test_a_port_that_is_taken_is_an_error_in_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = voicebot(tmp_path, "serve", *QUIET, "--port", str(taken.getsockname()[1]))
    assert done.returncode == 3
    assert "Address already in use" in done.stderr
    assert "--port" in done.stderr
    assert token_files(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "token", "said"),
    [
        ([], "", "VOICEBOT_SERVER__TOKEN"),
        (["--tls-self-signed"], "", "VOICEBOT_SERVER__TOKEN"),
        ([], "short", "at least 16 characters"),
        ([], LONG, "--tls-self-signed"),
        (["--tls-key", "key.pem"], LONG, "--tls-self-signed"),
        (["--tls-cert", "missing.pem"], LONG, "missing.pem"),
    ],
)
def test_beyond_this_machine_it_says_what_that_takes(
    arguments: list[str], token: str, said: str, tmp_path: Path
) -> None:
    done = voicebot(
        tmp_path, "serve", *QUIET, "--host", "0.0.0.0", "--port", "0", *arguments, VOICEBOT_SERVER__TOKEN=token
    )
    assert done.returncode == 3
    assert said in done.stderr
    assert not token or token not in done.stderr


def test_beyond_this_machine_it_speaks_tls_by_its_own_certificate(tmp_path: Path) -> None:
    with served(tmp_path, "--host", "0.0.0.0", "--tls-self-signed", VOICEBOT_SERVER__TOKEN=LONG) as server:
        assert server.address.startswith("https://")
        assert "0.0.0.0" not in server.address
        assert re.search(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", "".join(server.said))
        certificate = tmp_path / ".local" / "state" / "voicebot" / "server.pem"
        trusted = ssl.create_default_context(cafile=certificate)
        with httpx.Client(verify=trusted, headers={"authorization": f"Bearer {LONG}"}) as client:
            assert client.post(f"{server.address}/chat", json={"text": "hello"}).status_code == 200
        code, said = server.end()
        assert code == 0
        assert LONG not in said + "".join(server.said)


def test_the_picture_for_telephones_has_a_light_edge_and_the_text_in_it() -> None:
    lines = qr_code("https://192.168.1.2:8765/#launch")
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) == 2 * len(lines) - len(lines[0]) % 2
    assert set(lines[0]) == {"█"}
    assert {line[:2] + line[-2:] for line in lines} == {"████"}
    assert lines != qr_code("https://192.168.1.2:8765/#other")


APPLICATION = ["voicebot.server:app"]
FACTORY = ["--factory", "voicebot.server:create_app"]


def uvicorn(home: Path, *arguments: str, **more: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--port", "0", *arguments],
        cwd=home,
        env=environment(home, **more),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("arguments", [APPLICATION, FACTORY])
def test_uvicorn_serves_it_with_a_token(tmp_path: Path, arguments: list[str]) -> None:
    with uvicorn(tmp_path, *arguments, VOICEBOT_SERVER__TOKEN=LONG) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, b"")
            address = next(found[0] for line in lines if (found := re.search(r"http://[\d.]+:\d+", line.decode())))
            assert httpx.get(f"{address}/api/me").status_code == 401
            answer = httpx.get(f"{address}/api/me", headers={"authorization": f"Bearer {LONG}"})
            assert answer.json()["person"] == "owner"
        finally:
            process.kill()


def test_several_workers_of_uvicorn_are_told_that_they_miss_each_others_conversations(tmp_path: Path) -> None:
    """Every other request for a conversation was answered 404, and nothing said why."""
    with uvicorn(tmp_path, *APPLICATION, "--workers", "2", VOICEBOT_SERVER__TOKEN=LONG) as process:
        try:
            assert process.stderr is not None
            assert any(b"one of several workers" in line for line in iter(process.stderr.readline, b""))
        finally:
            process.terminate()


@pytest.mark.parametrize("arguments", [APPLICATION, FACTORY])
def test_uvicorn_without_a_token_ends_with_one_line(tmp_path: Path, arguments: list[str]) -> None:
    """It ended with a traceback, which did not say what to do."""
    with uvicorn(tmp_path, *arguments) as process:
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert errors.decode() == (
        "voicebot: server.token is not set → "
        "set VOICEBOT_SERVER__TOKEN, or start it with voicebot serve, which makes one\n"
    )

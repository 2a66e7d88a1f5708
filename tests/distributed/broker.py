"""A RabbitMQ of our own: its node, ports, epmd, cookie and data belong to one folder, and it goes when we go."""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from tests.distributed.certificate import write_certificates

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
"""Debian's own, without what stands on the PATH: that runs everything as the user rabbitmq."""
MISSING = (
    None
    if (PROGRAMS / "rabbitmq-server").exists() and shutil.which("epmd")
    else "needs a broker: apt install --no-install-recommends rabbitmq-server"
)
"""Why there can be no broker on this machine, or None."""

ADDRESS = "127.0.0.1"
_START_SECONDS, _STOP_SECONDS = 60.0, 15.0
_STARTS = 3
"""Erlang has time limits of its own: a node on a machine that stood still meanwhile may never come up."""
_STARTED = "Server startup complete"

_CONFIGURATION = f"""\
listeners.tcp.1 = {ADDRESS}:%(port)d
listeners.ssl.1 = {ADDRESS}:%(tls_port)d
ssl_options.cacertfile = %(folder)s/ca.pem
ssl_options.certfile = %(folder)s/broker.pem
ssl_options.keyfile = %(folder)s/broker.key
default_user = %(user)s
default_pass = %(password)s
log.console = false
log.file.level = info
num_acceptors.tcp = 1
num_acceptors.ssl = 1
disk_free_limit.absolute = 1MB
vm_memory_high_watermark.absolute = 512MB
vm_memory_high_watermark_paging_ratio = 0.99
collect_statistics_interval = 60000
"""
_ERLANG = (
    "+S 1:1 +SDcpu 1:1 +SDio 1 +A 1 +sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}"
)
"""One scheduler, which does not spin: two processors are for all tests."""

Alarm = Literal["memory", "disk"]
ALARMS: tuple[Alarm, ...] = get_args(Alarm)
_RAISED = {
    "memory": ("set_vm_memory_high_watermark", "0.0000001"),
    "disk": ("set_disk_free_limit", "1000000GB"),  # more than there is
}
_CLEARED = {
    "memory": ("set_vm_memory_high_watermark", "absolute", "512MB"),
    "disk": ("set_disk_free_limit", "1MB"),
}


class Broker:
    """A node that can be killed and started again, with its queues and at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user, self.password = "voicebot-test", secrets.token_hex(8)
        self.port, self.tls_port, distribution, self._epmd_port = free_ports(4)
        self._environment = _environment(folder, self.port, distribution, self._epmd_port)
        _write_settings(folder, _CONFIGURATION % vars(self))
        write_certificates(folder, ADDRESS)
        self._guardian = _guardian()
        self._epmd = self._spawn("epmd", "-address", ADDRESS, "-port", str(self._epmd_port))
        self._wait(self._epmd, lambda: _listens(self._epmd_port))
        self._node: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it listens, with a user that may do everything."""
        return f"amqp://{self.user}:{self.password}@{ADDRESS}:{self.port}/"

    @property
    def tls_url(self) -> str:
        """The same with TLS; the certificate is vouched for by `ca_file`, and by nobody whom this machine trusts."""
        return f"amqps://{self.user}:{self.password}@{ADDRESS}:{self.tls_port}/"

    @property
    def ca_file(self) -> Path:
        """The authority's certificate, in the form PEM."""
        return self.folder / "ca.pem"

    def start(self) -> None:
        """Return when it answers, 3 to 4.5 s later on an idle machine."""
        if self._node:
            raise RuntimeError("this broker runs")
        started = self.log().count(_STARTED)
        for left in reversed(range(_STARTS)):
            self._node = self._spawn(PROGRAMS / "rabbitmq-server")
            try:
                self._wait(self._node, lambda: self.log().count(_STARTED) > started)  # it listens before
                return
            except RuntimeError:
                if not left:
                    raise
                self.kill()

    def kill(self) -> None:
        """What a crash of the node is, or of its machine."""
        if self._node:
            self._node.kill()
            self._node.wait()
            self._node = None

    def close(self) -> None:
        """Stop in order: connections are closed with a reason, what is durable is written."""
        if self._node:
            self._node.terminate()
            try:
                self._node.wait(_STOP_SECONDS)
            finally:
                self.kill()

    def freeze(self) -> None:
        """Let it hang: connections stay open, and nothing is answered."""
        if self._node:
            self._node.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._node:
            self._node.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Leave nothing running, not even epmd."""
        self.kill()
        os.killpg(self._guardian.pid, signal.SIGKILL)
        self._guardian.communicate()
        self._epmd.wait()

    def ctl(self, *words: str, typed: str = "") -> str:
        """Run rabbitmqctl, which takes a second or two, and let it read what is `typed`; return what it prints."""
        quiet = () if typed else ("--quiet",)  # RabbitMQ 4.0 reads nothing beside an option
        done = subprocess.run(
            [PROGRAMS / "rabbitmqctl", *quiet, *words],
            env=self._environment, input=typed, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"rabbitmqctl {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def delete_queue(self, name: str) -> None:
        """Take a queue away from its users."""
        self.ctl("delete_queue", name)

    def raise_alarm(self, alarm: Alarm) -> None:
        """Let it take no more messages, since it has too little memory or disk."""
        self.ctl(*_RAISED[alarm])

    def clear_alarm(self, alarm: Alarm) -> None:
        """Let it go on."""
        self.ctl(*_CLEARED[alarm])

    def log(self) -> str:
        """What the node wrote, for a message of a test."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log/*.log")))

    def _wait(self, process: subprocess.Popen[bytes], done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not done():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the broker did not start:\n{self.log()}")
            time.sleep(0.02)

    def _spawn(self, *command: str | Path) -> subprocess.Popen[bytes]:
        with (self.folder / "log" / "output.log").open("ab") as output:
            return subprocess.Popen(
                command, env=self._environment, cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, process_group=self._guardian.pid,
            )  # fmt: skip


def start_broker(folder: Path) -> Broker:
    """Start a broker in an empty folder; `stop` it."""
    broker = Broker(folder)
    try:
        broker.start()
    except BaseException:
        broker.stop()
        raise
    return broker


def free_ports(count: int) -> list[int]:
    """Ports below those that the kernel hands out, so that nobody gets them while the broker is down."""
    ports: list[int] = []
    while len(ports) < count:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def _guardian() -> subprocess.Popen[bytes]:
    """The first of a process group; when we are gone, however, its input ends and it kills the group."""
    return subprocess.Popen(["sh", "-c", "read -r _; kill -KILL 0"], stdin=subprocess.PIPE, process_group=0)


def _environment(folder: Path, port: int, distribution: int, epmd: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return kept | {
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": ADDRESS,
        "RABBITMQ_NODENAME": f"voicebot-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": ADDRESS,
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "environment.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": _ERLANG,
        "RABBITMQ_CTL_ERL_ARGS": "+S 1:1 +sbwt none",
        "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the node, which we can kill by its number
    }


def _write_settings(folder: Path, configuration: str) -> None:
    (folder / "log").mkdir(parents=True)
    (folder / "rabbitmq.conf").write_text(configuration)
    (folder / "enabled_plugins").write_text("[].\n")
    (folder / "environment.conf").write_text("")
    cookie = folder / ".erlang.cookie"
    cookie.write_text(secrets.token_hex(16))
    cookie.chmod(0o400)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, port)) == 0

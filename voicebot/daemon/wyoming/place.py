"""Where Wyoming clients find us: a port, or a Unix socket."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from voicebot.daemon.place import bound_path
from voicebot.errors import ConfigError
from voicebot.translation import tr

DEFAULT_URI = "tcp://127.0.0.1:10200"
_EXAMPLES = "tcp://127.0.0.1:10200, unix:///run/user/1000/wyoming.sock"


def is_public(uri: str) -> bool:
    """Whether other machines can reach it; Wyoming knows no password. Raises ConfigError."""
    kind, host, _ = _parts(uri)
    if kind == "unix" or host == "localhost":
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


@contextmanager
def bound(uri: str) -> Iterator[tuple[socket.socket, str]]:
    """A socket that listens there, and its URI with the port that it has got. Raises ConfigError."""
    kind, place, port = _parts(uri)
    try:
        if kind == "unix":
            with _bound_path(place) as listening:
                yield listening, uri
            return
        family = socket.AF_INET6 if ":" in place else socket.AF_INET
        with socket.create_server((place, port), family=family) as listening:
            shown = f"[{place}]" if ":" in place else place
            yield listening, f"tcp://{shown}:{listening.getsockname()[1]}"
    except OSError as error:
        raise ConfigError(
            tr("cannot listen at {uri}: {reason}", uri=uri, reason=error.strerror or error),
            hint=tr("name another place: --uri"),
        ) from error


def _parts(uri: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(uri)
        if parts.scheme == "tcp" and parts.hostname and parts.port is not None and parts.path in ("", "/"):
            return "tcp", parts.hostname, parts.port
        if parts.scheme == "unix" and hasattr(socket, "AF_UNIX") and not parts.netloc and parts.path.startswith("/"):
            return "unix", parts.path, 0
    except ValueError:
        pass
    raise ConfigError(tr("{uri!r} is not an address", uri=uri), hint=tr("for example {examples}", examples=_EXAMPLES))


@contextmanager
def _bound_path(path: str) -> Iterator[socket.socket]:
    """A Unix socket that only we can open, gone with the block. Raises OSError and ConfigError."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode) or _answers(path):
            raise ConfigError(
                tr("{path} is there already", path=path), hint=tr("another program listens there, or it is a file")
            )
        os.unlink(path)
    with bound_path(path) as listening:
        yield listening


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(path)
        except OSError:
            return False
    return True

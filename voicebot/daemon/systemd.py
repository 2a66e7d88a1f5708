"""What a service manager is told, and what it hands over: sd_notify(3) and sd_listen_fds(3)."""

from __future__ import annotations

import os
import socket
import time

_FIRST_FD = 3


def notify(*states: str) -> None:
    """Tell the service manager, where there is one, such states as READY=1; a failure is ignored."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in ("/", "@"):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.connect(address.replace("@", "\0", 1) if address[0] == "@" else address)
            sender.sendall("\n".join(states).encode())
        except OSError:
            pass  # it has gone, and nobody waits for us


def reloading() -> None:
    """Tell it that the configuration is read again: `Type=notify-reload` compares the moment."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def handed_over() -> socket.socket | None:
    """The listening socket that the service manager opened for us; None where it did not."""
    if os.environ.pop("LISTEN_PID", "") != str(os.getpid()):
        return None
    count = os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    if not count.isdecimal() or int(count) < 1:
        return None
    os.set_inheritable(_FIRST_FD, False)
    return socket.socket(fileno=_FIRST_FD)

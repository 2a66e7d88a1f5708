"""A socket unit and a service unit for the user's own systemd: systemd.socket(5), systemd.exec(5)."""

from __future__ import annotations

from voicebot.errors import VoicebotError
from voicebot.service.launch import MARK, Launch
from voicebot.translation import tr

SOCKET_NAME, SERVICE_NAME = "voicebot.socket", "voicebot.service"
_NOTIFY_RELOAD_SINCE = 253
"""The version of systemd that knows Type=notify-reload."""

_SOCKET = f"""\
# {MARK}
[Unit]
Description=Where programs reach the voice

[Socket]
ListenStream=%t/voicebot/control.sock
SocketMode=0600
DirectoryMode=0700

[Install]
WantedBy=sockets.target
"""

_SERVICE = f"""\
# {MARK}
[Unit]
Description=The voice that speaks for all programs of one person
Requires={SOCKET_NAME}
After={SOCKET_NAME} pipewire-pulse.service pulseaudio.service
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
{{kind}}
# The colon: nothing in it is a variable.
ExecStart=:{{command}}
{{environment}}
WorkingDirectory=-%t/voicebot
Restart=on-failure
RestartSec=1
# It finishes its sentence, and the engine that says it is a process of its own.
KillMode=mixed
TimeoutStopSec=10
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectControlGroups=yes
ProtectKernelTunables=yes
# No PrivateTmp: some sound servers have their socket in /tmp.
ReadWritePaths=/tmp -/var/tmp -%t/voicebot -%t/pulse
{{writable}}
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
# No MemoryDenyWriteExecute: PortAudio calls Python through code that is made while it runs.
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=default.target
Also={SOCKET_NAME}
"""


def socket_unit() -> str:
    """The socket, which is there before the daemon is."""
    return _SOCKET


def service_unit(launch: Launch, *, systemd_version: int) -> str:
    """The daemon behind it."""
    kind = "Type=notify-reload"
    if systemd_version < _NOTIFY_RELOAD_SINCE:
        kind = "Type=notify\nExecReload=/bin/kill -HUP $MAINPID"
    return _SERVICE.format(
        kind=kind,
        command=" ".join(map(quoted, _startable(launch.arguments))),
        environment="\n".join(f"Environment={quoted(f'{name}={text}')}" for name, text in launch.environment.items()),
        writable="\n".join(f"ReadWritePaths={quoted(f'-{folder}')}" for folder in launch.writable),
    )


def _startable(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The same command: systemd starts no program with quotes or a backslash in its path, but env does."""
    if not set(arguments[0]) & set("\"'\\"):
        return arguments
    if "=" in arguments[0]:  # a variable, for env
        raise VoicebotError(
            tr("a service cannot be started from {path}", path=arguments[0]),
            hint=tr("use a folder whose name has no quotes, backslashes or ="),
        )
    return ("/usr/bin/env", *arguments)


def quoted(text: str) -> str:
    """One word of a unit file, in which nothing has a meaning: systemd.syntax(7), systemd.unit(5) on specifiers."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'

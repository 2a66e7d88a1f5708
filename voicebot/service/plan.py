"""Which files and commands the service manager of a system needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from voicebot.service.launch import Launch
from voicebot.service.launch_agent import LABEL, agent_plist
from voicebot.service.scheduled_task import NAME, task_xml
from voicebot.service.systemd_units import SERVICE_NAME, SOCKET_NAME, service_unit, socket_unit

Command = tuple[str, ...]
"""A program and its arguments."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be written and run."""

    files: Mapping[Path, bytes]
    enable: tuple[Command, ...]
    """Once the files are written."""
    disable: tuple[Command, ...]
    """Before they are written anew, or removed."""
    forget: tuple[Command, ...]
    """Once they are removed."""
    status: Command
    logs: Command | None
    """None: the daemon writes its own file."""

    @property
    def manager(self) -> str:
        """The program without which nothing of this works."""
        return self.status[0]


def systemd_plan(launch: Launch, folder: Path, *, systemd_version: int) -> Plan:
    """The two units in `folder`."""
    units = (SOCKET_NAME, SERVICE_NAME)
    systemctl = ("systemctl", "--user")
    return Plan(
        files={
            folder / SOCKET_NAME: socket_unit().encode(),
            folder / SERVICE_NAME: service_unit(launch, systemd_version=systemd_version).encode(),
        },
        enable=((*systemctl, "daemon-reload"), (*systemctl, "enable", "--now", *units)),
        disable=((*systemctl, "disable", "--now", *units),),
        forget=((*systemctl, "daemon-reload"),),
        status=(*systemctl, "status", "--no-pager", "--lines=0", *units),
        logs=("journalctl", "--user", "--no-pager", f"--unit={SERVICE_NAME}"),
    )


def launchd_plan(launch: Launch, folder: Path, *, user_id: int, state: Path) -> Plan:
    """The agent in `folder`; it works in `state`, and writes its log there."""
    launch = replace(launch, arguments=(*launch.arguments, "--detached"))
    agent, domain = folder / f"{LABEL}.plist", f"gui/{user_id}"
    return Plan(
        files={agent: agent_plist(launch, folder=str(state))},
        enable=(("launchctl", "bootstrap", domain, str(agent)),),
        disable=(("launchctl", "bootout", f"{domain}/{LABEL}"),),
        forget=(),
        status=("launchctl", "print", f"{domain}/{LABEL}"),
        logs=None,
    )


def windows_plan(launch: Launch, *, user: str, state: Path) -> Plan:
    """The task, whose file stays in `state`."""
    program = PurePath(launch.arguments[0])
    windowless = program.with_name(program.name.replace("python.exe", "pythonw.exe"))
    launch = replace(launch, arguments=(str(windowless), *launch.arguments[1:], "--detached"))
    file = state / "voicebot-task.xml"
    schtasks = "schtasks"
    return Plan(
        files={file: task_xml(launch, user=user, folder=str(state))},
        enable=((schtasks, "/create", "/tn", NAME, "/xml", str(file), "/f"), (schtasks, "/run", "/tn", NAME)),
        disable=((schtasks, "/end", "/tn", NAME), (schtasks, "/delete", "/tn", NAME, "/f")),
        forget=(),
        status=(schtasks, "/query", "/tn", NAME, "/v", "/fo", "list"),
        logs=None,
    )

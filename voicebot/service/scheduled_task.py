"""A task for Windows that starts at logon: Task Scheduler Schema. Written after its documentation, not run there."""

from __future__ import annotations

import subprocess
from xml.etree import ElementTree

from voicebot.service.launch import MARK, Launch

NAME = "voicebot"
_NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"


def task_xml(launch: Launch, *, user: str, folder: str) -> bytes:
    """The task of `user` (such as DESKTOP\\anna), as `schtasks /create /xml` reads it.

    A task has no environment of its own: it gets that of its user, PATH included.
    """
    task = ElementTree.Element("Task", {"version": "1.2", "xmlns": _NAMESPACE})
    _fill(
        task,
        {
            "RegistrationInfo": {"Description": f"The voice that speaks for all programs. {MARK}."},
            "Triggers": {"LogonTrigger": {"Enabled": "true", "UserId": user}},
            "Principals": {
                "Principal": {"UserId": user, "LogonType": "InteractiveToken", "RunLevel": "LeastPrivilege"}
            },
            "Settings": {
                "MultipleInstancesPolicy": "IgnoreNew",
                "DisallowStartIfOnBatteries": "false",
                "StopIfGoingOnBatteries": "false",
                "ExecutionTimeLimit": "PT0S",
                "RestartOnFailure": {"Interval": "PT1M", "Count": "3"},
            },
            "Actions": {
                "Exec": {
                    "Command": launch.arguments[0],
                    "Arguments": subprocess.list2cmdline(launch.arguments[1:]),
                    "WorkingDirectory": folder,
                }
            },
        },
    )
    ElementTree.indent(task)
    data: bytes = ElementTree.tostring(task, encoding="utf-16", xml_declaration=True)
    return data


_Content = dict[str, "str | _Content"]


def _fill(element: ElementTree.Element, content: _Content) -> None:
    for name, value in content.items():
        inner = ElementTree.SubElement(element, name)
        if isinstance(value, str):
            inner.text = value
        else:
            _fill(inner, value)

"""A launch agent for macOS: launchd.plist(5). Written after its documentation, and not run on a Mac."""

from __future__ import annotations

import plistlib

from voicebot.service.launch import MARK, Launch

LABEL = "local.voicebot.daemon"


def agent_plist(launch: Launch, *, folder: str) -> bytes:
    """The agent, which works in `folder`; what it logs it writes into a file itself."""
    content = {
        "Label": LABEL,
        "ProgramArguments": list(launch.arguments),
        "EnvironmentVariables": dict(launch.environment),
        "WorkingDirectory": folder,
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": 10,
        "ProcessType": "Interactive",  # sound is late in a process of lower priority
        "LimitLoadToSessionType": "Aqua",
        "Umask": 0o077,
    }
    head, end, rest = plistlib.dumps(content, sort_keys=False).partition(b"?>\n")
    return head + end + f"<!-- {MARK} -->\n".encode() + rest

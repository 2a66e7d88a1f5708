"""What is started, whatever starts it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voicebot.errors import VoicebotError
from voicebot.translation import tr

MARK = "Written by voicebot service install"
"""Stands in every file of ours; one without it is somebody else's."""
_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


@dataclass(frozen=True, slots=True)
class Launch:
    """One command, which no shell sees."""

    arguments: tuple[str, ...]
    """The first one is an absolute path."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it needs and the service manager does not know. Nothing secret: the files can be read."""
    writable: tuple[Path, ...] = ()
    """The folders that it writes into; nothing else is to be touched."""

    def __post_init__(self) -> None:
        """Raise VoicebotError for what cannot stand in a file of lines."""
        for text in (*self.arguments, *self.environment.values(), *map(str, self.writable)):
            if not text.isprintable():
                raise VoicebotError(
                    tr("a service cannot be started from {path}", path=text),
                    hint=tr("use folders whose names have no control characters"),
                )


def needed_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The PATH that programs of tools are found on, and where the configuration is; no other variable.

    Only whole paths stay: what a relative one means depends on the folder.
    """
    places = dict.fromkeys(environment.get("PATH", "").split(os.pathsep))
    kept = {"PATH": os.pathsep.join(place for place in places if os.path.isabs(place))}
    kept |= {name: environment[name] for name in _FOLDERS if os.path.isabs(environment.get(name, ""))}
    return {name: value for name, value in kept.items() if value}

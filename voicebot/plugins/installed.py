"""What the installed packages offer by entry points, read from their metadata: no code of theirs runs for it.

The current folder is left out: to open a folder from elsewhere is not to install it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Literal, get_args

PluginKind = Literal["chat", "tts", "audio", "chunking"]
KINDS: tuple[PluginKind, ...] = get_args(PluginKind)


@dataclass(frozen=True, slots=True)
class Plugin:
    """Something that a package offers."""

    kind: PluginKind
    name: str
    factory: str
    """Its import path: `package.module:attribute`."""
    package: str = ""
    """The distribution, as it is installed; empty for an import path that the configuration names."""
    version: str = ""


def group(kind: PluginKind) -> str:
    """The entry point group in which packages offer it."""
    return f"voicebot.{kind}"


def installed_plugins(*kinds: PluginKind) -> list[Plugin]:
    """What the packages on the path offer, of these kinds or of all, without the current folder."""
    return list(_offered(_search_path(), kinds or KINDS))


def plugins_of_this_folder() -> list[Plugin]:
    """What packages in the current folder offer: it is not used."""
    return list(_offered([str(Path.cwd())], KINDS)) if _is_on_path() else []


def _offered(path: list[str], kinds: tuple[PluginKind, ...]) -> Iterator[Plugin]:
    seen: set[str] = set()
    for package in distributions(path=path):
        name = _name(package)
        if name.lower() in seen:
            continue  # an older copy further down the path
        seen.add(name.lower())
        try:
            offered = package.entry_points
        except Exception:  # noqa: BLE001 - metadata is somebody else's text; one that is damaged offers nothing
            continue
        for kind in kinds:
            for point in offered.select(group=group(kind)):
                factory = point.value.partition("[")[0].strip()  # extras belong to the installer
                yield Plugin(kind, point.name, factory, name, str(package.version or ""))


def _name(package: Distribution) -> str:
    return str(package.metadata["Name"] or "?")


def _search_path() -> list[str]:
    return [place for place in sys.path if place and not _is_here(place)]


def _is_on_path() -> bool:
    return any(not place or _is_here(place) for place in sys.path)


def _is_here(place: str) -> bool:
    return Path(place).resolve() == Path.cwd().resolve()

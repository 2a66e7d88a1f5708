"""The daemon's status on one screen; the standard library only, and with all texts from elsewhere made harmless."""

from __future__ import annotations

import time
from unicodedata import east_asian_width

from voicebot.daemon.wire import encoded
from voicebot.text.safe_display import safe_line
from voicebot.translation import marked, tr

_SHOWN_CHARACTERS = 60
_NAME_COLUMNS = 10
_PARTS = (marked("chat"), marked("voice"), marked("audio"))


def status_lines(status: dict[str, object]) -> list[str]:
    """What is spoken, what waits, the engines, since when it runs, and what went wrong."""
    speaking, waiting, errors = status.get("speaking"), status.get("waiting"), status.get("errors")
    lines = [(tr("speaking"), _request(speaking) if isinstance(speaking, dict) else tr("nothing"))]
    if isinstance(until := status.get("paused_until"), int | float):
        lines.append((tr("paused"), tr("until {moment} at the latest", moment=_moment(until))))
    lines += [(tr("waiting"), _request(one)) for one in _dicts(waiting)]
    lines += [(tr(name), _part(status.get(name, ""))) for name in _PARTS]
    if isinstance(since := status.get("since"), int | float):
        lines.append(
            (
                tr("running"),
                tr(
                    "since {moment}, version {version}, process {pid}",
                    moment=_moment(since),
                    version=status.get("version"),
                    pid=status.get("pid"),
                ),
            )
        )
    lines.append((tr("socket"), safe_line(str(status.get("address", "")))))
    lines += [(tr("error"), f"{_moment(one.get('at'))} {safe_line(str(one.get('message')))}") for one in _dicts(errors)]
    return [_padded(name) + text for name, text in lines]


def _part(name: object) -> str:
    return tr("none") if name == "none" else safe_line(str(name))


def _padded(name: str) -> str:
    """A name in a column of its own; Japanese characters are two columns wide."""
    return name + " " * max(1, _NAME_COLUMNS - sum(1 + (east_asian_width(letter) in "WF") for letter in name))


def as_json(status: dict[str, object]) -> str:
    """The same for programs."""
    return encoded({name: value for name, value in status.items() if name not in ("id", "ok")})


_TOLD = ("utterance", "source", "priority", "position", "reason", "text", "message", "heard", "error", "hint", "events")
_NOT_SHOWN = {"delta", "segment_ready", "utterance_ready", "clip_ready", "playback_finished"}
"""Events that say the same as another, or nothing that a person waits for."""


def event_line(event: dict[str, object]) -> str:
    """One event for a person; empty where it says nothing new."""
    kind = str(event.get("type", ""))
    if kind in _NOT_SHOWN:
        return ""
    told = [safe_line(str(event[name])) for name in _TOLD if event.get(name) not in (None, "")]
    return " ".join([time.strftime("%H:%M:%S"), safe_line(kind).replace("_", " "), *told])


def _dicts(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _request(one: dict[str, object]) -> str:
    text = safe_line(str(one.get("text", "")))
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
    source = safe_line(str(one.get("source", "")))
    parts = [str(one.get("utterance", "")), str(one.get("priority", "")), f"({source})" if source else "", shown]
    return safe_line(" ".join(part for part in parts if part))


def _moment(seconds: object) -> str:
    if not isinstance(seconds, int | float):
        return ""
    form = "%H:%M:%S" if time.time() - seconds < 86_400 else "%Y-%m-%d %H:%M"
    return time.strftime(form, time.localtime(seconds))

"""The daemon's status on one screen; the standard library only, and all that others wrote made harmless."""

from __future__ import annotations

import time

from voicebot.daemon.wire import encoded
from voicebot.text.safe_display import safe_line

_SHOWN_CHARACTERS = 60


def status_lines(status: dict[str, object]) -> list[str]:
    """What is spoken, who waits, with what, since when, and what went wrong."""
    speaking, waiting, errors = status.get("speaking"), status.get("waiting"), status.get("errors")
    lines = [("speaking", _request(speaking) if isinstance(speaking, dict) else "nothing")]
    if isinstance(until := status.get("paused_until"), int | float):
        lines.append(("paused", f"until {_moment(until)} at the latest"))
    lines += [("waiting", _request(one)) for one in _dicts(waiting)]
    lines += [(name, safe_line(str(status.get(name, "")))) for name in ("chat", "voice", "audio")]
    if isinstance(since := status.get("since"), int | float):
        lines.append(
            ("running", f"since {_moment(since)}, version {status.get('version')}, process {status.get('pid')}")
        )
    lines.append(("socket", safe_line(str(status.get("address", "")))))
    lines += [("error", f"{_moment(one.get('at'))} {safe_line(str(one.get('message')))}") for one in _dicts(errors)]
    return [f"{name:9} {text}" for name, text in lines]


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

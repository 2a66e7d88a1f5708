"""`/`, `/overlay` and `/page/…`: what a browser shows. Only what is listed here is served, whatever a path says."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import Response

from voicebot.server.security import frameable

_HTML, _SCRIPT, _STYLE = "text/html", "text/javascript", "text/css"
_DOCUMENTS = {"/": "index.html", "/overlay": "overlay.html"}
_MODULES = (
    "announcer",
    "api",
    "app",
    "clips",
    "composer",
    "conversation",
    "debug",
    "dialogs",
    "dom",
    "languages",
    "list",
    "lit",
    "live",
    "login",
    "markdown",
    "messages",
    "overlay",
    "player",
    "render",
    "replay",
    "reports",
    "resampler",
    "ring",
    "scheduled",
    "settings",
    "sound",
    "sound_bar",
    "subtitles",
    "tables",
    "timeline",
    "transcript",
    "turns",
    "units",
    "voices",
    "waterfall",
    "wire",
    "words",
    "worklet",
)
_STYLES = ("adapted", "base", "controls", "inside", "layout", "overlay", "transcript")
_PATHS: dict[str, tuple[str, str]] = {
    **{path: (name, _HTML) for path, name in _DOCUMENTS.items()},
    **{f"/page/{name}.js": (f"{name}.js", _SCRIPT) for name in _MODULES},
    **{f"/page/{name}.css": (f"{name}.css", _STYLE) for name in _STYLES},
    "/page/icon.svg": ("icon.svg", "image/svg+xml"),
}
OPEN_PATHS = tuple(_PATHS)
"""Whoever may reach the server may have these: there is no secret in them."""

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Page:
    content: bytes
    tag: str
    """Differs wherever the content does."""


@cache
def _page(name: str) -> _Page:
    content = (files("voicebot.server") / "page" / name).read_bytes()
    return _Page(content, f'"{sha256(content).hexdigest()[:32]}"')


def _send(request: Request) -> Response:
    """The file of a listed path, whole even where a part is asked for; nothing where the browser has it already."""
    name, kind = _PATHS[request.url.path]
    page = _page(name)
    headers = {"etag": page.tag, "cache-control": "no-cache"}
    if request.url.path == "/overlay":
        headers = frameable(headers)
    if page.tag in (tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=headers)
    return Response(page.content, headers=headers, media_type=kind)


for _path in _PATHS:
    router.add_api_route(_path, _send, methods=["GET", "HEAD"], include_in_schema=False)

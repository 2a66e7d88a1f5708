"""The web edge: replies and their sound for browsers and other programs, for many people on one set of engines.

From the top down: `refusals` are answers to what is not done, `keys` know who somebody is, `security` is the door.
`text_units` says how much text an event carries, `event_log` keeps the events of a conversation for its readers,
`metrics` counts them for an operator, `admission` says how many turns run at once, `conversations` whose there are.
`context` is what every route works with, `streaming` an answer that is sent while it is written. The routes:
`tutorial` is `/health` and `/chat`, `figures` is `/metrics`. `application` puts it all together, and `process` runs
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app() -> FastAPI:
    """The server as an ASGI application, as config.toml says: for `uvicorn --factory voicebot.server:create_app`."""
    from voicebot.server.application import configured_app

    return configured_app()


def __getattr__(name: str) -> FastAPI:
    """`app`, for `uvicorn voicebot.server:app`: made when it is asked for."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["app"] = made = create_app()
    return made

"""The web edge: replies and their sound for browsers and other programs, for many people on one set of engines.

From the top down:

* `refusals`: errors as every route answers them;
* `request_log`: one line for each request, and what happens on a bug;
* `keys`: who somebody is;
* `wrong_tokens`: who guesses;
* `security`: the door;
* `body_limit`: what a request may carry;
* `allowance`: how often something may happen;
* `connections`: what a connection may take;
* `reach`: who can reach the server, and what that requires;
* `certificates`: what it speaks TLS with;
* `token_file`: the token, for programs of the same person;
* `descriptors`: how many connections the system lets it have;
* `text_units`: how much text an event carries;
* `packed_events`: those of them that are not new;
* `bell`: what wakes those who read them;
* `event_log`: the events of a conversation, for its readers;
* `patience`: how long a reader may leave what was sent unread;
* `reader_watch`: whether anybody reads an answer;
* `pace`: how many deltas of a turn are cut as one;
* `metrics`: what an operator watches;
* `admission`: how many turns run at once;
* `standstill`: whether the sound of one is held;
* `background`: what it does between turns;
* `pause_timer`: what is shown when the model pauses;
* `one_conversation`: its turns and who hears them;
* `conversations`: each person's own;
* `voices`: those that may be chosen;
* `context`: what every route works with;
* `streaming`: an answer that is sent while it is written;
* `feed`: what a reader of a conversation is told;
* `frames`: what goes over a WebSocket;
* `wire`: the connection to one of its clients;
* `tutorial`: the routes `/health` and `/chat`;
* `figures`: the route `/metrics`;
* `login`: how a page gets its cookie;
* `api`: what a page asks for as JSON;
* `event_stream`: turns and events as they come;
* `live`: the same both ways, with sound;
* `openai`: what clients of the OpenAI API call;
* `pages`: the page and the subtitles;
* `application`: all of it together;
* `process`: what runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from voicebot.errors import VoicebotError
from voicebot.text.safe_display import safe_display

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app() -> FastAPI:
    """The server as an ASGI application, as config.toml says: for `uvicorn --factory voicebot.server:create_app`.

    With a configuration that does not work it exits with a message; uvicorn would show a traceback.
    """
    from voicebot.server.application import configured_app

    try:
        return configured_app()
    except VoicebotError as error:
        raise SystemExit(safe_display(f"voicebot: {error.in_one_line}")) from None


def __getattr__(name: str) -> FastAPI:
    """`app`, for `uvicorn voicebot.server:app`: made when it is asked for."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()["app"] = made = create_app()
    return made

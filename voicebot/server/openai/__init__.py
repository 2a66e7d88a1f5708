"""The OpenAI API, as far as it is about replies and their sound: what speaks to that server speaks to this one.

From the top down:

* `encoders`: files of sound, written while it comes;
* `sound`: the same for the clips of a turn;
* `bodies`: what clients send and are sent;
* `tokens`: how many something takes;
* `turns`: what is done for a request;
* `voices`: whose voice does it;
* `models`: what a client may call who answers it;
* `speech`: the route that says a text;
* `spoken_replies`: what was said, by its id;
* `dialogue`: the messages of a chat request;
* `choices`: the replies to it;
* `completions`: the route that gives them.
"""

from __future__ import annotations

from fastapi import APIRouter

from voicebot.server.openai import completions, models, speech, voices

router = APIRouter()
for part in (models, voices, speech, completions):
    router.include_router(part.router)

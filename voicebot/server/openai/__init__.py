"""The OpenAI API, as far as it is about replies and their sound, for programs that are made for it.

From the top down:

* `encoders`: files of sound, written while it comes;
* `sound`: the same for the clips of a turn;
* `bodies`: what clients send and are sent;
* `tokens`: how many something takes;
* `turns`: what is done for a request;
* `voices`: which voice says it;
* `models`: the names of models that clients may use;
* `speech`: the route that says a text;
* `spoken_replies`: what was said, by its id;
* `dialogue`: the messages of a chat request;
* `choices`: the replies to it;
* `completions`: the route that gives them.
"""

from __future__ import annotations

from fastapi import APIRouter

from voicebot.server.openai.completions import router as completions_router
from voicebot.server.openai.models import router as models_router
from voicebot.server.openai.speech import router as speech_router
from voicebot.server.openai.voices import router as voices_router

router = APIRouter()
for part in (models_router, voices_router, speech_router, completions_router):
    router.include_router(part)

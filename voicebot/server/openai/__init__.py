"""The OpenAI API, as far as it is about replies and their sound: what speaks to that server speaks to this one.

From the top down: `encoders` make files of sound while it comes, `sound` does that for the clips of a turn. `bodies`
are what clients send, `turns` what is done for a request, `voices` whose voice does it, `models` what they may ask.
`speech` says a text.
"""

from __future__ import annotations

from fastapi import APIRouter

from voicebot.server.openai import models, speech, voices

router = APIRouter()
for part in (models, voices, speech):
    router.include_router(part.router)

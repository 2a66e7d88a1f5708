"""Ours answers as speech-dispatcher 0.11.4 did when real clients talked to it: the same codes, and the same words."""

from __future__ import annotations

import pytest

from tests.daemon.ssip.session import RECORDED, recorded, replay, ssip
from tests.virtual_time import in_virtual_time

NAMES = sorted(path.stem for path in RECORDED.glob("*.txt"))
OURS = ("245-", "248-", "249-", "250-", "225-")
"""Numbers, and lists of what there is."""


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_that_of_speech_dispatcher(name: str) -> None:
    async def main() -> None:
        async with ssip() as server:
            client = server.connect()
            answers = await replay(client, recorded(name), events=False)
            assert answers
            for sent, theirs, ours in answers:
                kept = [[line for line in lines if not line.startswith(OURS)] for lines in (theirs, ours)]
                assert kept[0] == kept[1], sent

    in_virtual_time(main)


@pytest.mark.parametrize("name", ["wait", "options", "spell", "ssml", "char", "key", "dots", "pipe", "priorities"])
def test_every_message_goes_as_it_went_at_speech_dispatcher(name: str) -> None:
    async def main() -> None:
        async with ssip() as server:
            client = server.connect()
            steps = recorded(name)
            await replay(client, steps, events=True)
            events = [one for step in steps for one in step.events]
            assert events
            for number, message in enumerate(client.queued, 1):
                assert client.codes(message) == [code for code, whose in events if whose == number]

    in_virtual_time(main)

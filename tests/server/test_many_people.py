"""Two hundred conversations at once, each with an alphabet and a tone of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

import anyio
import pytest

from tests.self_contained import examples_of
from tests.server.listener import Listener, live, new_conversation
from tests.server.running import RunningServer, running_server
from voicebot.messages import Message
from voicebot.speech import AS_CONFIGURED, Audio, AudioFormat, Capabilities, Style
from voicebot.testing import CostingSynthesizer
from voicebot.tts.tone import tone

pytestmark = pytest.mark.anyio
PEOPLE = 200
RATE = 2000
FORMAT = AudioFormat(RATE)
SECONDS = 0.3
TURNS = 2


def letters(number: int) -> str:
    """An alphabet of ten letters that nobody else has: of the Hangul syllables, ten each."""
    return "".join([chr(0xAC00 + 10 * number + place) for place in range(10)])


def reply(number: int) -> str:
    """Two sentences in that alphabet."""
    return f"{letters(number)}. {letters(number)[::-1]}."


def sound(number: int) -> bytes:
    """The tone of somebody: nobody else has its pitch."""
    return tone(100 + number, SECONDS, RATE)


def whose(text: str) -> int:
    """Whose alphabet a text is in; it fails for a text in two."""
    numbers = {(ord(letter) - 0xAC00) // 10 for letter in text if letter >= "\uac00"}
    [number] = numbers
    return number


class EchoingChat:
    """Replies in the alphabet of the message, a few letters at a time, so that all replies are mixed up in time."""

    name = "echoing"

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
        text = reply(whose(messages[-1].content))
        for place in range(0, len(text), 4):
            await anyio.sleep(0.001)
            yield text[place : place + 4]


class TonesOfLetters:
    """Says each text in the tone of its alphabet."""

    name = identity = "tones"
    credit = ""
    format = FORMAT
    capabilities = Capabilities(parallel=PEOPLE)

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:  # noqa: ARG002 - the protocol has it
        await anyio.sleep(0.001)
        yield Audio(sound(whose(text)), FORMAT)


async def test_what_many_hear_alike_is_synthesized_once() -> None:
    """In whatever way, and in whatever order, they come to hear it."""
    text = "Good morning to all of you."
    voice = CostingSynthesizer(delay=0.05, rtf=0.0, seconds=0.5)

    async def hear(running: RunningServer, number: int) -> None:
        person = f"person-{number}"
        async with live(running, await new_conversation(running, person), person=person) as listener:
            await listener.send("say", text=text)
            assert (await listener.until("turn_ended"))["heard"] == text
            [sound] = listener.sound.values()
            assert len(sound) == 2 * 500

    async def fetch(running: RunningServer, number: int) -> None:
        body = {"input": text, "voice": "alloy", "response_format": "pcm"}
        async with running.as_person(f"person-{number}") as client:
            assert len((await client.post("/v1/audio/speech", json=body)).content) == 2 * 24_000 // 2

    async with running_server(voice=voice, max_turns=PEOPLE) as running:
        for _ in range(2):
            async with anyio.create_task_group() as tasks:
                for number in range(20):
                    tasks.start_soon(hear, running, number)
                    tasks.start_soon(fetch, running, number)
    assert voice.said == [text]


async def test_nobody_gets_a_character_or_a_sample_of_somebody_else() -> None:
    async def take_part(running: RunningServer, number: int) -> None:
        person = f"person-{number}"
        async with live(running, await new_conversation(running, person), person=person) as listener:
            for _ in range(TURNS):
                await listener.send("ask", text=letters(number))
                ended = await listener.until("turn_ended")
                assert (ended["outcome"], ended["heard"]) == ("completed", reply(number))
            check(listener, number)

    def check(listener: Listener, number: int) -> None:
        assert listener.text == reply(number) * TURNS
        assert len(listener.sound) >= TURNS
        assert set(listener.sound.values()) == {sound(number)}
        for message in listener.received:
            for field in ("message", "text", "shown", "spoken", "heard", "unsaid"):
                written = [letter for letter in str(message.get(field, "")) if letter >= "\uac00"]
                assert set(written) <= set(letters(number))

    async with (
        running_server(EchoingChat(), TonesOfLetters(), max_turns=PEOPLE) as running,
        anyio.create_task_group() as tasks,
    ):
        for number in examples_of(range(PEOPLE)):
            tasks.start_soon(take_part, running, number)

"""Home Assistant's door, with the official package's client over real sockets."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Sequence

import anyio
import pytest
from anyio import to_thread
from wyoming.asr import Transcript
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info, SelectProgram
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

from tests.daemon.wyoming.clients import (
    audio_of,
    client_of,
    open_door,
    raw_client,
    reply_to,
    rest_of,
    sound,
    stream,
    until,
)
from tests.machine import PATIENCE_SECONDS
from voicebot.audio.silent import SilentOutput
from voicebot.daemon.wyoming.events import MAX_DATA_BYTES, MAX_LINE_BYTES, MAX_PAYLOAD_BYTES
from voicebot.daemon.wyoming.server import CONNECTIONS
from voicebot.errors import ChatUnavailable, SynthesisError, VoiceUnavailable
from voicebot.messages import Message, ReplyPart
from voicebot.speech import AS_CONFIGURED, Audio, Capabilities, Style
from voicebot.testing import CostingSynthesizer, ScriptedChat
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio

STORY = "Well, once upon a time, there was a house. 昔々、家がありました。Nobody lived in it, and nobody wanted to."


@pytest.fixture(params=["asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """The official client knows no other."""
    backend: str = request.param
    return backend


class Noting(CostingSynthesizer):
    """Knows in what style it was asked, and when it was given up."""

    def __init__(self, *, delay: float = 0.0, rtf: float = 0.0) -> None:
        super().__init__(delay=delay, rtf=rtf)
        self.styles: list[Style] = []
        self.asked = anyio.Event()
        self.given_up = anyio.Event()

    async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
        self.styles.append(style)
        self.asked.set()
        try:
            async for audio in super().synthesize(text, style):
                yield audio
        except BaseException:
            self.given_up.set()
            raise


class Endless:
    """A chat model that never comes to an end, and knows when it was given up."""

    name = "endless"

    def __init__(self) -> None:
        self.given_up = anyio.Event()

    async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[ReplyPart, None]:  # noqa: ARG002 - the protocol has it
        try:
            while True:
                yield "And so on. "
                await anyio.sleep(0.01)
        finally:
            self.given_up.set()


# ---------------------------------------------------------------- what there is


async def test_the_description_names_voices_and_chat_model_and_what_streams() -> None:
    voices: list[dict[str, object]] = [
        {"voice": "ずんだもん/ノーマル", "style_id": 3},
        {"voice": "gmw/en", "name": "English", "languages": ["en-GB"]},
        {"voice": "mystery"},
    ]
    async with open_door(voices=voices) as uri, client_of(uri) as client:
        await client.write_event(Describe().event())
        [event] = await until(client, "info")
        info = Info.from_event(event)
    [tts], [handle] = info.tts, info.handle
    assert [(voice.name, voice.languages) for voice in tts.voices] == [
        ("ずんだもん/ノーマル", ["ja"]),
        ("gmw/en", ["en-GB"]),
        ("mystery", ["en", "ja"]),
    ]
    assert tts.voices[0].attribution.name == "VOICEVOX:ずんだもん"
    assert (tts.supports_synthesize_streaming, handle.supports_handled_streaming) == (True, True)
    assert handle.supports_home_control is False
    assert handle.models[0].name == "scripted"
    assert {"en", "ja", "en-GB"} <= set(handle.models[0].languages)


# ---------------------------------------------------------------- text-to-speech


async def test_a_text_is_answered_with_its_sound_from_start_to_stop() -> None:
    async with open_door(voice=ToneSynthesizer()) as uri, client_of(uri) as client:
        await client.write_event(Synthesize("Good morning.").event())
        events = await until(client, "audio-stop")
    assert events[0].type == "audio-start"
    assert events[0].data == {"rate": 24_000, "width": 2, "channels": 1, "timestamp": 0}
    assert {event.type for event in events[1:-1]} == {"audio-chunk"}
    frames = len(sound(events)) // 2
    assert frames > 0
    assert events[-1].data == {"timestamp": 1000 * frames // 24_000}
    passed = 0
    for event in events[1:-1]:
        assert event.data["timestamp"] == 1000 * passed // 24_000
        passed += len(event.payload or b"") // 2


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
async def test_a_text_that_comes_in_pieces_is_said_whole_wherever_they_end(size: int) -> None:
    """Pieces end inside a word, too."""
    voice = CostingSynthesizer(delay=0)
    async with open_door(voice=voice) as uri, client_of(uri) as client:
        events = await stream(client, STORY, size)
    assert "".join(voice.said).replace(" ", "") == STORY.replace(" ", "")
    kinds = [event.type for event in events]
    assert (kinds[0], kinds[-2:]) == ("audio-start", ["audio-stop", "synthesize-stopped"])
    assert set(kinds[1:-2]) == {"audio-chunk"}
    assert len(sound(events)) == sum(2 * round(1000 * voice.length(text)) for text in voice.said)


async def test_the_first_clause_is_heard_before_the_rest_is_sent() -> None:
    async with open_door() as uri, client_of(uri) as client:
        await client.write_event(SynthesizeStart().event())
        await client.write_event(SynthesizeChunk("Well, this is the first clause, and th").event())
        assert sound(await until(client, "audio-chunk"))
        await client.write_event(SynthesizeChunk("is is the second one.").event())
        await client.write_event(SynthesizeStop().event())
        assert sound(await until(client, "synthesize-stopped"))


async def test_the_whole_text_that_older_servers_need_is_not_said_twice() -> None:
    voice = CostingSynthesizer(delay=0)
    async with open_door(voice=voice) as uri, client_of(uri) as client:
        await client.write_event(SynthesizeStart().event())
        await client.write_event(SynthesizeChunk("Good morning.").event())
        await client.write_event(Synthesize("Good morning.").event())
        await client.write_event(SynthesizeStop().event())
        await until(client, "synthesize-stopped")
        await client.write_event(Synthesize("Good night.").event())
        await until(client, "audio-stop")
    assert voice.said == ["Good morning.", "Good night."]


@pytest.mark.parametrize("size", [1, 1000])
async def test_the_tags_of_ssml_are_not_said(size: int) -> None:
    voice = CostingSynthesizer(delay=0)
    text = '<speak>Good <break time="1s"/>morning &amp; good night.</speak>'
    async with open_door(voice=voice) as uri, client_of(uri) as client:
        await client.write_event(Synthesize(text, text_format="ssml").event())
        await until(client, "audio-stop")
        whole, voice.said = voice.said, []
        await client.write_event(SynthesizeStart(text_format="ssml").event())
        for start in range(0, len(text), size):
            await client.write_event(SynthesizeChunk(text[start : start + size]).event())
        await client.write_event(SynthesizeStop().event())
        await until(client, "synthesize-stopped")
    assert whole == voice.said
    assert "".join(whole).split() == ["Good", "morning", "and", "good", "night."]


@pytest.mark.parametrize("text", ["", "  \n ", "…", "```\n```"])
async def test_a_text_with_nothing_to_say_has_a_start_and_an_end(text: str) -> None:
    async with open_door() as uri, client_of(uri) as client:
        kinds = [event.type for event in await stream(client, text, 1)]
        assert kinds == ["audio-start", "audio-stop", "synthesize-stopped"]
        await client.write_event(Synthesize(text).event())
        kinds = [event.type for event in await until(client, "audio-stop")]
        assert kinds == ["audio-start", "audio-stop"]


async def test_requests_of_one_connection_are_answered_one_after_the_other() -> None:
    voice = ToneSynthesizer()
    async with open_door(voice=voice) as uri, client_of(uri) as client:
        alone = []
        for text in ("One.", "Number two."):
            await client.write_event(Synthesize(text).event())
            alone.append(await audio_of(client))
        for text in ("One.", "Number two."):
            await client.write_event(Synthesize(text).event())
        assert [await audio_of(client), await audio_of(client)] == alone
        assert alone[0] != alone[1]


async def test_two_connections_do_not_mix() -> None:
    voice = ToneSynthesizer(delay_seconds=0.01)
    async with open_door(voice=voice) as uri, client_of(uri) as one, client_of(uri) as two:
        await one.write_event(Synthesize("First.").event())
        alone = [await audio_of(one)]
        await two.write_event(Synthesize("Second one.").event())
        alone.append(await audio_of(two))
        assert alone[0] != alone[1]
        for _ in range(5):
            heard: dict[int, bytes] = {}

            async def ask(index: int, heard: dict[int, bytes] = heard) -> None:
                client, text = ((one, "First."), (two, "Second one."))[index]
                heard[index] = sound(await stream(client, text, 2))

            async with anyio.create_task_group() as clients:
                clients.start_soon(ask, 0)
                clients.start_soon(ask, 1)
            assert [heard[0], heard[1]] == alone


async def test_a_voice_is_chosen_by_its_name_or_its_language() -> None:
    class Japanese(Noting):
        def __init__(self) -> None:
            super().__init__()
            self.capabilities = Capabilities(languages=("ja",))

    voice = Japanese()
    voices: list[dict[str, object]] = [
        {"voice": "zunda", "languages": ["ja"]},
        {"voice": "gmw/en", "languages": ["en-GB"]},
    ]
    async with open_door(voice=voice, voices=voices) as uri, client_of(uri) as client:
        for wanted in (
            SynthesizeVoice(name="gmw/en"),
            SynthesizeVoice(language="en_US"),
            SynthesizeVoice(language="ja-JP"),
            SynthesizeVoice(language="de"),
        ):
            await stream(client, "Hi.", 3, wanted)
        assert voice.styles == [Style(voice="gmw/en"), Style(voice="gmw/en"), AS_CONFIGURED, AS_CONFIGURED]
        events = await stream(client, "Hi.", 3, SynthesizeVoice(name="\x1b[2Jnobody"))
    kinds = [event.type for event in events]
    assert kinds == ["error", "audio-start", "audio-stop", "synthesize-stopped"]
    assert "\x1b" not in Error.from_event(events[0]).text
    assert len(voice.styles) == 4


async def test_a_voice_that_fails_is_an_error_and_the_connection_stays() -> None:
    voice = CostingSynthesizer(delay=0, fails={"bad": SynthesisError("cannot say that", hint="say less")})
    async with open_door(voice=voice) as uri, client_of(uri) as client:
        events = await stream(client, "A bad one.", 3)
        assert [event.type for event in events] == ["error", "audio-start", "audio-stop", "synthesize-stopped"]
        assert Error.from_event(events[0]).text == "cannot say that → say less"
        assert sound(await stream(client, "Good.", 3))


async def test_without_an_engine_each_request_is_told_why() -> None:
    gone = VoiceUnavailable("no VOICEVOX engine answers", hint="start it")
    async with open_door(gone=gone) as uri, client_of(uri) as client:
        for _ in range(2):
            await client.write_event(Synthesize("Good morning.").event())
            events = await until(client, "audio-stop")
            assert [event.type for event in events] == ["error", "audio-start", "audio-stop"]
            assert Error.from_event(events[0]).code == "VoiceUnavailable"


# ---------------------------------------------------------------- replies


async def test_a_transcript_is_answered_while_the_reply_is_written() -> None:
    chat = ScriptedChat([(0, "Well, yes. **In"), (0, "deed**, I think"), (0, "; <think>hm</think>はい。")])
    context = {"conversation_id": "kitchen", "device_id": "d"}
    async with open_door(chat=chat) as uri, client_of(uri) as client:
        events = await reply_to(client, Transcript("Really?", context=context).event())
        [stop] = await until(client, "handled-stop")
    assert [events[0].type, events[-1].type, stop.type] == ["handled-start", "handled", "handled-stop"]
    assert events[0].data == {"context": context}
    chunks = [event.data["text"] for event in events if event.type == "handled-chunk"]
    assert len(chunks) > 1
    assert "".join(chunks) == events[-1].data["text"]
    assert "think>" not in events[-1].data["text"]
    assert events[-1].data["text"].startswith("Well, yes. ")
    assert events[-1].data["text"].endswith("はい。")
    assert events[-1].data["context"] == context


class Loudspeaker(SilentOutput):
    """Somebody else speaks with it."""

    def __init__(self) -> None:
        super().__init__(realtime=True)
        self.disturbed: list[str] = []

    async def drain(self) -> None:
        self.disturbed.append("drain")
        await super().drain()

    def abort(self) -> None:
        self.disturbed.append("abort")


async def test_a_reply_that_is_read_leaves_the_loudspeaker_to_those_who_speak() -> None:
    """It waited for the end of what the daemon was saying, and a client that left silenced that."""
    loudspeaker, chat = Loudspeaker(), Endless()
    async with open_door(output=loudspeaker) as uri, client_of(uri) as client:
        assert (await reply_to(client, Transcript("Really?").event()))[-1].type == "handled"
    async with open_door(output=loudspeaker, chat=chat) as uri:
        async with client_of(uri) as client:
            await client.write_event(Transcript("Really?").event())
            await until(client, "handled-chunk")
        await chat.given_up.wait()
    assert loudspeaker.disturbed == []


async def test_a_conversation_goes_on_over_connections_and_knows_no_other() -> None:
    chat = ScriptedChat([(0, "Yes.")])

    async def ask(uri: str, text: str, name: str | None) -> list[str]:
        async with client_of(uri) as client:
            context = {"conversation_id": name} if name else None
            await reply_to(client, Transcript(text, context=context).event())
        return [message.content for message in chat.asked[-1]]

    async with open_door(chat=chat) as uri:
        assert await ask(uri, "One?", "kitchen") == ["One?"]
        assert await ask(uri, "Two?", "cellar") == ["Two?"]
        assert await ask(uri, "Three?", "kitchen") == ["One?", "Yes.", "Three?"]
        assert await ask(uri, "Four?", None) == ["Four?"]
        assert await ask(uri, "Five?", None) == ["Five?"]


@pytest.mark.parametrize("written", [[], [(0.0, "Well, you see. ")]])
async def test_a_reply_that_fails_is_not_handled(written: list[tuple[float, str]]) -> None:
    chat = ScriptedChat(written, ChatUnavailable("the chat server has gone\x1b[2J", hint="start it"))
    async with open_door(chat=chat) as uri, client_of(uri) as client:
        events = await reply_to(client, Transcript("Really?").event())
        kinds = [event.type for event in events]
        assert list(dict.fromkeys(kinds)) == (
            ["handled-start", "handled-chunk", "not-handled"] if written else ["not-handled"]
        )
        assert events[-1].data["text"] == "the chat server has gone·[2J → start it"
        await client.write_event(Describe().event())
        await until(client, "info")


# ---------------------------------------------------------------- peers that misbehave


async def test_unknown_events_are_ignored_however_many_there_are() -> None:
    async with open_door() as uri, client_of(uri) as client:
        for number in range(1000):
            await client.write_event(Event("news", {"number": number}, b"\n{}\n" * 10))
        await client.write_event(SelectProgram("another").event())
        await client.write_event(SynthesizeChunk("of nothing").event())
        await client.write_event(SynthesizeStop().event())
        await client.write_event(Describe().event())
        assert [event.type for event in await until(client, "info")] == ["info"]


@pytest.mark.parametrize(
    "data",
    [
        {"type": "synthesize"},
        {"type": "synthesize", "data": {"text": 7}},
        {"type": "synthesize", "data": {"text": "Hi.", "voice": 7}},
        {"type": "synthesize-start", "data": {"voice": []}},
        {"type": "synthesize-chunk"},
        {"type": "transcript", "data": {"text": None}},
    ],
)
async def test_an_event_that_makes_no_sense_is_an_error_and_the_connection_stays(data: dict[str, object]) -> None:
    async with open_door() as uri:
        client = raw_client(uri)
        if data["type"] == "synthesize-chunk":
            client.sendall(b'{"type":"synthesize-start"}\n')
        client.sendall(json.dumps(data).encode() + b'\n{"type":"describe"}\n')
        client.sendall(b'{"type":"synthesize-stop"}\n')
        told = await to_thread.run_sync(client.recv, 65_536)
        while b'"type": "info"' not in told:
            told += await to_thread.run_sync(client.recv, 65_536)
        client.close()
    assert b'"type": "error"' in told or data["type"] == "synthesize-start"


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"\x00\xff\xfe\n",
        b"[1, 2]\n",
        b'{"type": 7}\n',
        b'{"type": "x", "data": []}\n' + b'{"type": "x", "data": [1]}\n',
        b"[" * 60_000 + b"\n",
        b"x" * (MAX_LINE_BYTES + 1),
        b'{"type": "x", "data_length": %d}\n' % (MAX_DATA_BYTES + 1),
        b'{"type": "x", "payload_length": %d}\n' % (MAX_PAYLOAD_BYTES + 1),
        b'{"type": "x", "payload_length": -1}\n',
        b'{"type": "x", "data_length": "7"}\n',
        b'{"type": "x", "data_length": 2}\n[]',
    ],
)
async def test_what_is_not_an_event_or_too_large_is_told_and_the_connection_closed(garbage: bytes) -> None:
    async with open_door() as uri, client_of(uri) as other:
        client = raw_client(uri)
        client.sendall(garbage)
        told = await rest_of(client)
        assert told.startswith(b'{"type": "error"')
        await other.write_event(Describe().event())
        await until(other, "info")


async def test_an_event_as_large_as_the_limits_is_read() -> None:
    async with open_door() as uri, client_of(uri) as client:
        text = "x" * (MAX_DATA_BYTES - len('{"text": ""}'))
        await client.write_event(Event("news", {"text": text}, bytes(MAX_PAYLOAD_BYTES)))
        await client.write_event(Describe().event())
        await until(client, "info")


@pytest.mark.parametrize("half", [b"", b'{"type": "descr', b'{"type":"x","data_length":9}\n{', b"\n"])
async def test_a_peer_that_closes_in_the_middle_of_an_event_is_forgotten(half: bytes) -> None:
    async with open_door() as uri, client_of(uri) as other:
        client = raw_client(uri)
        client.sendall(half)
        client.close()
        await other.write_event(Describe().event())
        await until(other, "info")


async def test_half_characters_do_not_break_the_connection() -> None:
    async with open_door() as uri:
        client = raw_client(uri)
        text = b'{"type":"transcript","data":{"text":"\\ud83d","context":{"conversation_id":"\\ud83d"}}}\n'
        client.sendall(text)
        told = b""
        while b"handled-stop" not in told:
            told += await to_thread.run_sync(client.recv, 65_536)
        client.close()
    assert b"Yes." in told


async def test_a_peer_that_closes_gives_the_voice_up() -> None:
    voice = Noting(delay=1000)
    async with open_door(voice=voice) as uri:
        async with client_of(uri) as client:
            await client.write_event(SynthesizeStart().event())
            await client.write_event(SynthesizeChunk("Good morning. ").event())
            await client.write_event(Describe().event())  # waits behind it
            await voice.asked.wait()
        with anyio.fail_after(PATIENCE_SECONDS):
            await voice.given_up.wait()
    assert voice.said == []


async def test_a_peer_that_closes_gives_the_chat_model_up() -> None:
    chat = Endless()
    async with open_door(chat=chat) as uri:
        async with client_of(uri) as client:
            await client.write_event(Transcript("Tell me").event())
            await until(client, "handled-chunk")
        with anyio.fail_after(PATIENCE_SECONDS):
            await chat.given_up.wait()


async def test_a_peer_that_takes_nothing_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    given_up = anyio.Event()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "given up" in record.getMessage():
                given_up.set()

    caplog.set_level(logging.INFO)
    logger, handler = logging.getLogger("voicebot.daemon.wyoming.server"), Handler()
    logger.addHandler(handler)
    async with open_door(voice=ToneSynthesizer(), send_seconds=0.2) as uri:
        client = raw_client(uri, receive_bytes=4096)
        data = json.dumps({"text": "And this goes on for ever and ever. " * 5_000}).encode()
        client.sendall(b'{"type":"synthesize","data_length":%d}\n' % len(data) + data)
        await given_up.wait()
        assert b"audio-stop" not in await rest_of(client)
    logger.removeHandler(handler)


async def test_a_text_that_comes_faster_than_it_is_said_has_a_limit() -> None:
    voice = Noting(delay=1000)
    async with open_door(voice=voice) as uri, client_of(uri) as client:
        await client.write_event(SynthesizeStart().event())
        for _ in range(3):
            await client.write_event(SynthesizeChunk("x" * 500_000).event())
        [event] = await until(client, "error")
    assert Error.from_event(event).code == "too-long"


async def test_requests_that_wait_have_a_limit() -> None:
    async with open_door(voice=Noting(delay=1000)) as uri, client_of(uri) as client:
        for _ in range(100):
            await client.write_event(Synthesize("Good morning.").event())
        [event] = await until(client, "error")
    assert Error.from_event(event).code == "busy"


async def test_a_connection_too_many_is_told_so_and_there_is_room_again_when_one_leaves() -> None:
    async with open_door() as uri:
        clients = [raw_client(uri) for _ in range(CONNECTIONS)]
        for client in clients:
            client.sendall(b'{"type":"describe"}\n')
            assert b"info" in await to_thread.run_sync(client.recv, 65_536)
        assert b'"code": "busy"' in await rest_of(raw_client(uri))
        clients.pop().close()
        answered = False
        while not answered:
            async with client_of(uri) as another:
                await another.write_event(Describe().event())
                event = await another.read_event()
                answered = event is not None and event.type == "info"
        for client in clients:
            client.close()

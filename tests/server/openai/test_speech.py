"""`/v1/audio/speech`, as its clients call it."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncGenerator
from typing import get_args

import anyio
import httpx
import pytest
import requests
import soundfile
from anyio import to_thread

from tests.server.openai.voices import RATE, TEXT, HeldVoice, client, pitch
from tests.server.running import TOKEN, bearer, running_server, until
from voicebot.errors import VoiceUnavailable
from voicebot.server.openai.turns import Asked, open_turn
from voicebot.speech import AS_CONFIGURED, Audio, Clip, Style
from voicebot.text.speech_length import speech_seconds
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
SPEECH = "/v1/audio/speech"
SECONDS = speech_seconds(TEXT)


async def test_the_official_client_gets_an_mp3() -> None:
    async with running_server(voice=ToneSynthesizer()) as running, client(running) as theirs:
        answer = await theirs.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
        assert answer.response.headers["content-type"] == "audio/mpeg"
        samples, rate = soundfile.read(io.BytesIO(answer.content))
        assert rate == RATE
        assert len(samples) / rate == pytest.approx(SECONDS, rel=0.3)


@pytest.mark.parametrize(
    ("response_format", "media_type"),
    [
        ("mp3", "audio/mpeg"),
        ("wav", "audio/wav"),
        ("pcm", "audio/pcm"),
        ("flac", "audio/flac"),
        ("opus", "audio/ogg; codecs=opus"),
        ("aac", "audio/aac"),
    ],
)
async def test_each_format_says_what_it_is(response_format: str, media_type: str) -> None:
    """Browsers play nothing that is declared as something else."""
    async with running_server(voice=ToneSynthesizer()) as running:
        answer = await running.client.post(SPEECH, json={"input": TEXT, "response_format": response_format})
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        assert len(answer.content) > 1000


async def test_the_official_client_streams_while_it_is_made() -> None:
    voice = HeldVoice(free=1)
    async with running_server(voice=voice) as running, client(running) as theirs:
        async with theirs.audio.speech.with_streaming_response.create(
            model="any", voice="nova", input=TEXT, response_format="pcm"
        ) as answer:
            pieces = answer.iter_bytes()
            first = await anext(pieces)
            assert first
            assert len(voice.asked) > voice.let.value  # the others wait
            for _ in range(50):
                voice.let.release()
            rest = [piece async for piece in pieces]
        seconds = len(first + b"".join(rest)) / 2 / RATE
        assert seconds == pytest.approx(SECONDS, rel=0.3)


async def test_what_the_engine_makes_is_resampled() -> None:
    async with running_server(voice=ToneSynthesizer(sample_rate=22_050), openai_voices={"a4": "440"}) as running:
        body = {"input": TEXT, "response_format": "pcm", "voice": "a4"}
        answer = await running.client.post(SPEECH, json=body)
        assert len(answer.content) / 2 / RATE == pytest.approx(SECONDS, rel=0.3)
        assert pitch(answer.content) == 440


@pytest.mark.parametrize("voice", ["a4", {"id": "a4"}])
async def test_voices_go_by_the_names_of_the_configuration(voice: object) -> None:
    async with running_server(voice=ToneSynthesizer(), openai_voices={"a4": "440"}) as running:
        answer = await running.client.post(SPEECH, json={"input": TEXT, "response_format": "pcm", "voice": voice})
        assert pitch(answer.content) == 440


@pytest.mark.parametrize("voice", ["alloy", "verse", "default", "", None])
async def test_the_names_of_openai_are_the_configured_voice(voice: object) -> None:
    async with running_server(voice=ToneSynthesizer()) as running:
        body = {"input": "Good morning.", "response_format": "pcm"}
        theirs, ours = [await running.client.post(SPEECH, json=one) for one in ({**body, "voice": voice}, body)]
        assert theirs.content == ours.content != b""


async def test_every_voice_that_the_official_client_names_is_known() -> None:
    from openai.types.audio.speech_create_params import Voice

    _, literal, _ = get_args(Voice)
    names = get_args(literal)
    assert "alloy" in names
    async with running_server(voice=ToneSynthesizer()) as running:
        for voice in names:
            body = {"input": "Hi.", "response_format": "pcm", "voice": voice, "model": "anything"}
            assert (await running.client.post(SPEECH, json=body)).status_code == 200, voice


async def test_speed_makes_it_shorter() -> None:
    async with running_server(voice=ToneSynthesizer()) as running:
        lengths = [
            len(
                (
                    await running.client.post(SPEECH, json={"input": TEXT, "speed": speed, "response_format": "pcm"})
                ).content
            )
            for speed in (1.0, 2.0, 4.0)
        ]
        assert lengths[0] / lengths[1] == pytest.approx(2, rel=0.1)
        assert lengths[0] / lengths[2] == pytest.approx(4, rel=0.1)


async def test_as_events_it_is_sound_too_and_is_counted() -> None:
    async with running_server(voice=ToneSynthesizer()) as running, client(running) as theirs:
        async with theirs.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts", voice="coral", input=TEXT, response_format="pcm", stream_format="sse"
        ) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = [line async for line in answer.iter_lines() if line]
        events = [json.loads(line.removeprefix("data: ")) for line in lines]
        sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
        assert len(sound) / 2 / RATE == pytest.approx(SECONDS, rel=0.3)
        assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
        assert events[-1]["type"] == "speech.audio.done"
        usage = events[-1]["usage"]
        assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"]
        assert usage["output_tokens"] == pytest.approx(20 * len(sound) / 2 / RATE, abs=1)


async def test_requests_and_curl_get_a_file() -> None:
    asked = {"model": "tts-1", "voice": "alloy", "input": "Good morning.", "response_format": "pcm"}

    def by_requests(url: str) -> bytes:
        with requests.post(url, json=asked, headers=bearer(), stream=True) as answer:
            return b"".join(answer.iter_content(4096))

    async with running_server(voice=ToneSynthesizer()) as running:
        url = running.url + SPEECH
        headers = ["-H", f"Authorization: Bearer {TOKEN}", "-H", "Content-Type: application/json"]
        curl = await anyio.run_process(["curl", "-sN", url, *headers, "-d", json.dumps(asked)])
        assert len(curl.stdout) > RATE
        assert await to_thread.run_sync(by_requests, url) == curl.stdout


async def test_a_text_is_said_as_it_stands_and_nobody_remembers_it() -> None:
    voice = HeldVoice(free=100)
    async with running_server(voice=voice) as running:
        await running.client.post(SPEECH, json={"input": "Hello there. How are you?"})
        assert " ".join(voice.asked) == "Hello there. How are you?"
        assert await running.server.conversations.listed("owner") == []


@pytest.mark.parametrize("text", ["...", "🎉", "\n"])
async def test_a_text_without_any_sound_is_a_file_all_the_same(text: str) -> None:
    """Players take an empty answer for a fault."""
    async with running_server(voice=ToneSynthesizer()) as running:
        answer = await running.client.post(SPEECH, json={"input": text, "response_format": "pcm"})
        assert answer.status_code == 200
        assert 0 < len(answer.content) / 2 / RATE < 1


# ---------------------------------------------------------------- many at once


async def test_requests_at_once_get_each_their_own_sound() -> None:
    """In other servers parallel requests got empty or mixed sound."""
    pitches = {f"v{pitch}": str(pitch) for pitch in range(300, 900, 50)}
    got: dict[str, int] = {}
    async with running_server(voice=ToneSynthesizer(delay_seconds=0.01), openai_voices=pitches) as running:

        async def say(voice: str) -> None:
            body = {"input": TEXT, "voice": voice, "response_format": "pcm"}
            got[voice] = pitch((await running.client.post(SPEECH, json=body)).content)

        async with anyio.create_task_group() as tasks:
            for voice in pitches:
                tasks.start_soon(say, voice)
    assert got == {name: int(value) for name, value in pitches.items()}


async def test_it_counts_as_a_turn() -> None:
    voice = HeldVoice()
    async with running_server(voice=voice, max_turns=1, max_waiting=0) as running:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: running.client.post(SPEECH, json={"input": TEXT}))
            await until(lambda: running.server.admission.running == 1)
            answer = await running.client.post(SPEECH, json={"input": TEXT})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
            assert int(answer.headers["retry-after"]) > 0
            tasks.cancel_scope.cancel()
        await until(lambda: not running.server.admission.running)


async def test_no_more_is_made_than_a_reader_takes() -> None:
    voice = HeldVoice(free=1000)
    text = "This is one of the many sentences that nobody will ever listen to. " * 60
    async with (
        running_server(voice=voice) as running,
        open_turn(running.server, "owner", Asked(text=text, style=Style(speed=0.25))) as parts,
    ):
        async for part in parts:
            if isinstance(part, Clip):
                break
        await anyio.wait_all_tasks_blocked()
        assert len(voice.asked) <= 6  # the one that is sent, one that waits for that, and three made ahead of both
        read = [part async for part in parts if isinstance(part, Clip)]
        assert len(read) > 10


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "input"),
        ({"input": ""}, 400, "input"),
        ({"input": 1}, 400, "input"),
        ({"input": TEXT, "speed": 5}, 400, "speed"),
        ({"input": TEXT, "speed": 0.1}, 400, "speed"),
        ({"input": TEXT, "response_format": "wma"}, 400, "response_format"),
        ({"input": TEXT, "response_format": "../x"}, 400, "response_format"),
        ({"input": TEXT, "stream_format": "x"}, 400, "stream_format"),
        ({"input": TEXT, "voice": "../../etc/passwd"}, 400, "voice"),
        ({"input": TEXT, "voice": "440"}, 400, "voice"),
        ({"input": TEXT, "voice": 1}, 400, "voice"),
        ({"input": "x" * 4097}, 413, "input"),
    ],
)
async def test_what_cannot_be_done_is_told_by_its_name(body: dict[str, object], status: int, param: str) -> None:
    async with running_server(voice=ToneSynthesizer()) as running:
        answer = await running.client.post(SPEECH, json=body)
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["param"]) == (status, "invalid_request_error", param)


async def test_what_is_unknown_is_ignored() -> None:
    async with running_server(voice=ToneSynthesizer()) as running:
        body = {"input": TEXT, "model": "no such", "instructions": "Whisper.", "lang_code": "x", "volume_multiplier": 2}
        assert (await running.client.post(SPEECH, json=body)).status_code == 200


async def test_the_official_client_reads_the_refusal() -> None:
    import openai

    async with running_server(voice=ToneSynthesizer()) as running, client(running) as theirs:
        with pytest.raises(openai.BadRequestError, match="does not write 'wma'"):
            await theirs.audio.speech.create(model="m", voice="nova", input=TEXT, extra_body={"response_format": "wma"})


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
async def test_an_engine_that_fails_at_once_is_a_status(stream_format: str) -> None:
    async with running_server(voice=HeldVoice(free=100, fails="Good")) as running:
        answer = await running.client.post(SPEECH, json={"input": TEXT, "stream_format": stream_format})
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["code"]) == (502, "server_error", "upstream_error")
        assert "the engine has choked on it" in error["message"]


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
async def test_an_engine_that_fails_later_breaks_the_file_off(
    stream_format: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its end would claim that this was all. The log called it a bug of the server."""
    async with running_server(voice=HeldVoice(free=100, fails="おはよう")) as running:
        got: list[bytes] = []
        body = {"input": TEXT, "stream_format": stream_format}
        async with running.client.stream("POST", SPEECH, json=body) as answer:
            assert answer.status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                await _read(answer, got)
        assert got
        assert "a bug" not in caplog.text
        assert "upstream_error" in caplog.text
        assert "おはよう" not in caplog.text
        assert (b'"speech.audio.error"' in b"".join(got)) == (stream_format == "sse")
        assert not running.server.admission.running


async def test_an_engine_that_is_gone_is_a_status() -> None:
    class Gone(ToneSynthesizer):
        async def synthesize(self, text: str, style: Style = AS_CONFIGURED) -> AsyncGenerator[Audio, None]:
            raise VoiceUnavailable("no engine answers", hint="start it")
            yield Audio(text.encode(), self.format, credit=style.voice)

    async with running_server(voice=Gone()) as running:
        answer = await running.client.post(SPEECH, json={"input": "Hello."})
        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "upstream_error")


async def test_without_a_voice_it_says_so() -> None:
    async with running_server() as running:
        answer = await running.client.post(SPEECH, json={"input": TEXT})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_voice")


@pytest.mark.parametrize("free", [0, 1], ids=["before the first sound", "after it"])
async def test_a_client_that_goes_away_ends_the_synthesis(free: int) -> None:
    """In other servers it goes on to the end of the text."""
    voice = HeldVoice(free=free)
    async with running_server(voice=voice) as running:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: running.client.post(SPEECH, json={"input": TEXT}))
            await until(lambda: len(voice.asked) == free + 1)
            tasks.cancel_scope.cancel()
        await until(lambda: not voice.working and not running.server.admission.running)


async def test_a_client_that_goes_away_leaves_the_line() -> None:
    voice = HeldVoice()
    async with running_server(voice=voice, max_turns=1) as running, anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: running.client.post(SPEECH, json={"input": TEXT}))
        await until(lambda: running.server.admission.running == 1)
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(lambda: running.client.post(SPEECH, json={"input": TEXT}))
            await until(lambda: running.server.admission.waiting == 1)
            waiting.cancel_scope.cancel()
        await until(lambda: not running.server.admission.waiting)
        tasks.cancel_scope.cancel()


async def test_nobody_is_served_without_the_token() -> None:
    async with running_server(voice=ToneSynthesizer()) as running, running.stranger() as stranger:
        for path in ("/v1/models", "/v1/models/x", "/v1/audio/voices", "/v1/audio/models"):
            assert (await stranger.get(path)).status_code == 401
        assert (await stranger.post(SPEECH, json={"input": TEXT})).status_code == 401


async def _read(answer: httpx.Response, got: list[bytes]) -> None:
    """Read to the end, and leave in `got` what came before a fault."""
    async for piece in answer.aiter_raw():
        got += [piece]


# ---------------------------------------------------------------- what clients ask first


async def test_the_official_client_finds_the_model() -> None:
    async with running_server(voice=ToneSynthesizer()) as running, client(running) as theirs:
        assert [model.id async for model in await theirs.models.list()] == ["voicebot"]
        assert (await theirs.models.retrieve("voicebot")).owned_by == "voicebot"
        assert (await theirs.models.retrieve("hexgrad/Kokoro-82M")).id == "hexgrad/Kokoro-82M"


async def test_open_webui_finds_voices_and_models() -> None:
    async with running_server(voice=ToneSynthesizer(), openai_voices={"nova": "440"}) as running:
        voices = (await running.client.get("/v1/audio/voices")).json()["voices"]
        assert [voice["id"] for voice in voices] == ["default", "nova", "tone"]
        for voice in voices:
            body = {"input": "Good morning.", "voice": voice["id"]}
            assert (await running.client.post(SPEECH, json=body)).status_code == 200
        assert all(set(voice) == {"id", "name", "language"} for voice in voices)
        models = (await running.client.get("/v1/audio/models")).json()["models"]
        assert {"voicebot", "tts-1"} <= {model["id"] for model in models}

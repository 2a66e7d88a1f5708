"""`/v1/chat/completions`, as its clients call it."""

from __future__ import annotations

import base64
import io
import json
import wave
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import httpx
import pytest

from tests.server.openai.voices import RATE, HeldVoice, client, pitch
from tests.server.running import REPLY, running_server, until
from voicebot.errors import ChatError
from voicebot.messages import Message, ReplyOptions
from voicebot.server.openai.spoken_replies import KEPT_SECONDS, SpokenReplies
from voicebot.server.refusals import Refusal
from voicebot.testing import ScriptedChat, typed
from voicebot.text.speech_length import speech_seconds
from voicebot.tts.tone import ToneSynthesizer

if TYPE_CHECKING:  # see voices.client
    from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

pytestmark = pytest.mark.anyio
COMPLETIONS = "/v1/chat/completions"
HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello."}]
SOUND = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}


def said(chunks: list[ChatCompletionChunk]) -> str:
    """The text of a streamed reply."""
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def audio_of(chunk: ChatCompletionChunk) -> dict[str, str]:
    """The sound of a chunk, as it came."""
    delta = chunk.choices[0].delta.model_dump(exclude_unset=True) if chunk.choices else {}
    audio = delta.get("audio") or {}
    assert isinstance(audio, dict)
    return audio


# ---------------------------------------------------------------- text


async def test_the_official_client_gets_the_reply() -> None:
    async with running_server() as running, client(running) as theirs:
        answer = await theirs.chat.completions.create(model="gpt-4o", messages=HELLO)
        [choice] = answer.choices
        assert (choice.message.role, choice.message.content, choice.finish_reason) == ("assistant", REPLY, "stop")
        assert (answer.object, answer.model) == ("chat.completion", "gpt-4o")
        assert answer.usage
        assert answer.usage.prompt_tokens > 0 < answer.usage.completion_tokens
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_the_official_client_streams_it_while_it_is_written() -> None:
    chat = ScriptedChat([(0.0, "Good "), (0.0, "morning."), (3600.0, "never")])
    async with running_server(chat) as running, client(running) as theirs:
        stream = await theirs.chat.completions.create(model="m", messages=HELLO, stream=True)
        chunks: list[ChatCompletionChunk] = []
        async for chunk in stream:
            chunks.append(chunk)
            if said(chunks) == "Good morning.":
                break
        assert chunks[0].choices[0].delta.role == "assistant"
        assert len({chunk.id for chunk in chunks}) == 1
        await stream.close()
        await until(lambda: chat.closed and not running.server.admission.running)


@pytest.mark.parametrize("include_usage", [True, False])
async def test_a_stream_ends_with_its_reason_and_what_was_counted(include_usage: bool) -> None:
    async with running_server() as running:
        body = {"messages": HELLO, "stream": True, "stream_options": {"include_usage": include_usage}}
        answer = await running.client.post(COMPLETIONS, json=body)
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
        assert events.pop() == "[DONE]"
        chunks = [json.loads(event) for event in events]
        if include_usage:
            last = chunks.pop()
            assert last["choices"] == []
            assert last["usage"]["total_tokens"] > 0
            assert all(chunk["usage"] is None for chunk in chunks)
        assert [chunk["choices"][0]["finish_reason"] for chunk in chunks if chunk["choices"][0]["finish_reason"]] == [
            "stop"
        ]
        assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == REPLY


@pytest.mark.parametrize("stream", [True, False])
async def test_several_replies_are_asked_for_at_once(stream: bool) -> None:
    chat = ScriptedChat(typed("Yes.", first=0.0, rate=1000))
    async with running_server(chat) as running, client(running) as theirs:
        if stream:
            texts = ["", "", ""]
            async for chunk in await theirs.chat.completions.create(model="m", messages=HELLO, n=3, stream=True):
                for choice in chunk.choices:
                    texts[choice.index] += choice.delta.content or ""
        else:
            answer = await theirs.chat.completions.create(model="m", messages=HELLO, n=3)
            texts = [choice.message.content or "" for choice in answer.choices]
        assert texts == ["Yes."] * 3
        assert len(chat.asked) == 3


async def test_messages_are_sent_as_they_are() -> None:
    chat = ScriptedChat(typed("Yes.", first=0.0, rate=1000))
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "two?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "3"},
        {"role": "assistant", "content": "Three.", "refusal": None},
        {"role": "user", "content": "Sure?", "name": "alice"},
    ]
    async with running_server(chat) as running:
        assert (await running.client.post(COMPLETIONS, json={"messages": messages})).status_code == 200
        [asked] = chat.asked
        assert [(message.role, message.content) for message in asked] == [
            ("system", "Be brief."),
            ("user", "One\ntwo?"),
            ("assistant", ""),
            ("tool", "3"),
            ("assistant", "Three."),
            ("user", "Sure?"),
        ]
        assert asked[2].tool_calls[0].name == "f"
        assert asked[3].tool_call_id == "c1"


async def test_without_a_system_prompt_there_is_the_configured_one() -> None:
    chat = ScriptedChat(typed("Yes.", first=0.0, rate=1000))
    async with running_server(chat) as running:
        for messages in (HELLO, [{"role": "system", "content": ""}, *HELLO]):
            await running.client.post(COMPLETIONS, json={"messages": messages})
        own = running.server.config.conversation.system_prompt
        assert [[message.content for message in asked] for asked in chat.asked] == [[own, "Hello."], ["Hello."]]


async def test_nothing_of_it_is_remembered() -> None:
    chat = ScriptedChat(typed("Yes.", first=0.0, rate=1000))
    async with running_server(chat) as running:
        for _ in range(2):
            await running.client.post(COMPLETIONS, json={"messages": HELLO})
        assert len(chat.asked[1]) == 2
        assert await running.server.conversations.listed("owner") == []


async def test_what_is_unknown_is_ignored() -> None:
    async with running_server() as running:
        body: dict[str, object] = {
            "messages": HELLO,
            "model": None,
            "logit_bias": {},
            "top_k": 3,
            "user": "x",
            "store": True,
            "n": None,
        }
        assert (await running.client.post(COMPLETIONS, json=body)).status_code == 200


async def test_what_the_chat_model_can_take_is_passed_on() -> None:
    class Adjustable(ScriptedChat):
        def __init__(self, given: list[ReplyOptions]) -> None:
            super().__init__(typed("Yes.", first=0.0, rate=1000))
            self.given = given

        def adjusted(self, options: ReplyOptions) -> ScriptedChat:
            self.given.append(options)
            return self

    given: list[ReplyOptions] = []
    form = {"type": "json_object"}
    async with running_server(Adjustable(given), ToneSynthesizer()) as running:
        options = {"temperature": 0.2, "top_p": 0.5, "seed": 1, "stop": "x", "response_format": form}
        limits = {"max_tokens": 5, "max_completion_tokens": 6}
        for body in ({**options, **limits}, {"stop": ["a", "b"], "max_tokens": 5}, SOUND):
            assert (await running.client.post(COMPLETIONS, json={"messages": HELLO, **body})).status_code == 200
    assert given == [
        ReplyOptions(0.2, 0.5, 1, 6, ("x",), form, for_the_ear=False),
        ReplyOptions(max_tokens=5, stop=("a", "b"), for_the_ear=False),
        ReplyOptions(for_the_ear=True),
    ]


# ---------------------------------------------------------------- sound


async def test_each_clause_is_told_before_it_is_heard() -> None:
    async with running_server(voice=ToneSynthesizer()) as running, client(running) as theirs:
        stream = await theirs.chat.completions.create(model="m", messages=HELLO, stream=True, extra_body=SOUND)
        pieces = [audio_of(chunk) async for chunk in stream]
    pieces = [piece for piece in pieces if piece]
    transcript = "".join(piece.get("transcript", "") for piece in pieces)
    pcm = b"".join(base64.b64decode(piece.get("data", "")) for piece in pieces)
    assert transcript == REPLY
    assert len(pcm) / 2 / RATE == pytest.approx(speech_seconds(REPLY), rel=0.3)
    kinds = ["".join(sorted(set(piece) - {"id"})) for piece in pieces]
    assert kinds[:2] == ["transcript", "data"]
    assert kinds[-1] == "expires_at"
    assert list(pieces[-1]) == ["expires_at"]
    assert len({piece["id"] for piece in pieces[:-1]}) == 1


async def test_sound_is_sent_while_the_rest_is_still_made() -> None:
    voice = HeldVoice(free=1)
    async with running_server(voice=voice) as running, client(running) as theirs:
        stream = await theirs.chat.completions.create(model="m", messages=HELLO, stream=True, extra_body=SOUND)
        async for chunk in stream:
            if audio_of(chunk).get("data"):
                break
        await until(lambda: bool(voice.working))
        await stream.close()
        await until(lambda: not voice.working and not running.server.admission.running)


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "opus", "aac", "pcm16"])
async def test_in_one_piece_the_sound_is_a_file(format: str) -> None:
    async with running_server(voice=ToneSynthesizer(), openai_voices={"a4": "440"}) as running:
        body = {"messages": HELLO, "modalities": ["text", "audio"], "audio": {"voice": "a4", "format": format}}
        answer = await running.client.post(COMPLETIONS, json=body)
        message = answer.json()["choices"][0]["message"]
        assert message["content"] is None
        assert message["audio"]["transcript"] == REPLY
        file = base64.b64decode(message["audio"]["data"])
        if format == "pcm16":
            assert pitch(file) == 440
        elif format == "wav":
            with wave.open(io.BytesIO(file)) as read:  # which takes no length that is not exact
                assert read.getnframes() / RATE == pytest.approx(speech_seconds(REPLY), rel=0.3)
        details = answer.json()["usage"]["completion_tokens_details"]
        assert details["audio_tokens"] == pytest.approx(20 * speech_seconds(REPLY), rel=0.3)


async def test_a_later_message_names_what_was_said_by_its_sound() -> None:
    chat = ScriptedChat(typed("Yes.", first=0.0, rate=1000))
    async with running_server(chat, ToneSynthesizer()) as running, client(running) as theirs:
        first = await theirs.chat.completions.create(model="m", messages=HELLO, extra_body=SOUND)
        audio = first.choices[0].message.audio
        assert audio
        assert audio.transcript == "Yes."
        more: list[ChatCompletionMessageParam] = [
            *HELLO,
            {"role": "assistant", "audio": {"id": audio.id}},
            {"role": "user", "content": "Really?"},
        ]
        await theirs.chat.completions.create(model="m", messages=more)
        assert [message.content for message in chat.asked[1][1:]] == ["Hello.", "Yes.", "Really?"]


async def test_what_was_said_to_somebody_else_is_as_unknown_as_what_was_never_said() -> None:
    async with running_server(voice=ToneSynthesizer()) as running, running.as_person("bob") as bob:
        first = (await running.client.post(COMPLETIONS, json={"messages": HELLO, **SOUND})).json()
        answers = []
        for id in (first["choices"][0]["message"]["audio"]["id"], "audio_0"):
            messages = [*HELLO, {"role": "assistant", "audio": {"id": id}}, *HELLO]
            answers.append(await bob.post(COMPLETIONS, json={"messages": messages}))
        assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}


def test_what_was_said_is_known_for_an_hour() -> None:
    now = [1000.0]
    replies = SpokenReplies(now=lambda: now[0])
    id = replies.new_id()
    assert replies.keep("alice", id, "Yes.") == 1000 + KEPT_SECONDS
    now[0] += KEPT_SECONDS - 1
    assert replies.text("alice", id, param="x") == "Yes."
    now[0] += 1
    with pytest.raises(Refusal):
        replies.text("alice", id, param="x")


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({}, 400, "messages"),
        ({"messages": []}, 400, "messages"),
        ({"messages": "Hello."}, 400, "messages"),
        ({"messages": [{"role": "user", "content": 1}]}, 400, "messages.0.content"),
        ({"messages": HELLO, "stop": ["x"] * 5}, 400, "stop"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, 400, "messages.0.role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            400,
            "messages.0.content.0",
        ),
        ({"messages": [{"role": "user", "content": "x" * 4097}]}, 413, "messages.0.content"),
        ({"messages": HELLO, "n": 0}, 400, "n"),
        ({"messages": HELLO, "n": 17}, 400, "n"),
        ({"messages": HELLO, "temperature": 3}, 400, "temperature"),
        ({"messages": HELLO, "response_format": {"type": "yaml"}}, 400, "response_format.type"),
        ({"messages": HELLO, "modalities": ["video"]}, 400, "modalities.0"),
        ({"messages": HELLO, "modalities": ["audio"], "stream": True, "audio": {"format": "mp3"}}, 400, "audio.format"),
        ({"messages": HELLO, "modalities": ["audio"], "audio": {"format": "wma"}}, 400, "audio.format"),
        ({"messages": HELLO, "modalities": ["audio"], "audio": {"voice": "nobody"}}, 400, "audio.voice"),
    ],
)
async def test_what_cannot_be_done_is_told_by_its_name(body: dict[str, object], status: int, param: str) -> None:
    async with running_server(voice=ToneSynthesizer()) as running:
        answer = await running.client.post(COMPLETIONS, json=body)
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["param"]) == (status, "invalid_request_error", param)


async def test_a_field_of_several_forms_is_judged_by_the_one_that_was_meant() -> None:
    """Five `stop` words were told to be a string, and a part of a message without its type, too."""
    async with running_server() as running:
        for body, told in (
            ({"messages": HELLO, "stop": ["x"] * 5}, "at most 4 items"),
            (
                {"messages": [{"role": "user", "content": [{"text": "Hello."}]}]},
                "messages.0.content.0.type: Field required",
            ),
            ({"messages": "Hello."}, "messages: Input should be a valid array"),
        ):
            answer = await running.client.post("/v1/chat/completions", json=body)
            assert told in answer.json()["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_chat_server_that_is_down_is_a_status(stream: bool) -> None:
    import openai

    chat = ScriptedChat([], ChatError("cannot reach the chat server", hint="start it"))
    async with running_server(chat) as running, client(running) as theirs:
        with pytest.raises(openai.InternalServerError, match="cannot reach the chat server") as caught:
            await theirs.chat.completions.create(model="m", messages=HELLO, stream=stream)
        assert caught.value.status_code == 502


async def test_a_reply_that_breaks_off_does_not_look_whole() -> None:
    import openai

    chat = ScriptedChat(typed("Good morn", first=0.0, rate=1000), ChatError("the chat server has gone"))
    async with running_server(chat) as running, client(running) as theirs:
        stream = await theirs.chat.completions.create(model="m", messages=HELLO, stream=True)
        with pytest.raises(openai.APIError, match="the chat server has gone"):
            async for _ in stream:
                pass
        with pytest.raises(httpx.RemoteProtocolError):
            await running.client.post(COMPLETIONS, json={"messages": HELLO, "stream": True})


@pytest.mark.parametrize("sound", [{}, SOUND], ids=["text", "sound"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_goes_away_ends_it_all(sound: dict[str, object], stream: bool) -> None:
    chat, voice = ScriptedChat([(0.0, "Good morning. "), (3600.0, "never")]), HeldVoice()
    async with running_server(chat, voice) as running:
        async with anyio.create_task_group() as tasks:
            body = {"messages": HELLO, "stream": stream, **sound}
            tasks.start_soon(lambda: running.client.post(COMPLETIONS, json=body))
            await until(lambda: chat.sent == 1 and bool(voice.asked or not sound))
            tasks.cancel_scope.cancel()
        await until(lambda: chat.closed and not voice.working and not running.server.admission.running)


async def test_each_reply_counts_as_a_turn() -> None:
    chat = ScriptedChat([(0.0, "Good morning."), (3600.0, "never")])
    async with running_server(chat, max_turns=2, max_waiting=1) as running:
        answer = await running.client.post(COMPLETIONS, json={"messages": HELLO, "n": 4})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "overloaded")
        await until(lambda: not running.server.admission.running and not running.server.admission.waiting)


async def test_requests_at_once_get_each_their_own_reply() -> None:
    class Echo:
        name = "echo"

        async def stream_reply(self, messages: Sequence[Message]) -> AsyncGenerator[str, None]:
            for character in messages[-1].content:
                await anyio.lowlevel.checkpoint()
                yield character

    got: dict[str, str] = {}
    async with running_server(Echo(), ToneSynthesizer(delay_seconds=0.005), max_turns_of_a_person=100) as running:

        async def ask(word: str) -> None:
            messages = [{"role": "user", "content": f"{word} {word}, {word}. " * 5}]
            body = {"messages": messages, "modalities": ["text", "audio"]}
            answer = await running.client.post(COMPLETIONS, json=body)
            got[word] = answer.json()["choices"][0]["message"]["audio"]["transcript"]

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(ask, f"w{number}")
    assert got == {word: f"{word} {word}, {word}. " * 5 for word in got}
    assert len(got) == 20

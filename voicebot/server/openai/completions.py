"""`/v1/chat/completions`: replies as text, and with their sound."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Literal

from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from voicebot.messages import Message, ReplyOptions
from voicebot.server.context import PersonDep, Server, ServerDep
from voicebot.server.openai.bodies import body_of, event, json_bytes
from voicebot.server.openai.choices import Finished, Heard, Piece, Written, open_choices
from voicebot.server.openai.dialogue import TheirMessage, read_messages
from voicebot.server.openai.encoders import Encoding, encoded
from voicebot.server.openai.models import MODEL
from voicebot.server.openai.sound import encoding_of, sound_in
from voicebot.server.openai.spoken_replies import SpokenReplies
from voicebot.server.openai.tokens import prompt_tokens, sound_tokens, text_tokens
from voicebot.server.openai.turns import Asked
from voicebot.server.openai.voices import VoiceChoice, style_of
from voicebot.server.refusals import Refusal, envelope
from voicebot.server.streaming import StreamedResponse

router = APIRouter()
_MOST_CHOICES = 16
_DONE = b"data: [DONE]\n\n"
Json = dict[str, object]
_Stop = Annotated[str, Field(min_length=1, max_length=200)]


class SoundWanted(BaseModel):
    """How the sound of a reply is to be."""

    voice: VoiceChoice = None
    format: str = ""


class StreamOptions(BaseModel):
    """What a stream tells besides the reply."""

    include_usage: bool = False


class ResponseFormat(BaseModel):
    """The form of the reply."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: dict[str, Any] | None = None  # Any: a JSON schema


class CompletionRequest(BaseModel):
    """A request for replies; whatever else the API knows, or not, is ignored."""

    messages: Annotated[list[TheirMessage], Field(min_length=1)]
    model: Annotated[str, Field(max_length=200)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(ge=1, le=_MOST_CHOICES)] | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    audio: SoundWanted | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    stop: _Stop | Annotated[list[_Stop], Field(max_length=4)] | None = None
    response_format: ResponseFormat | None = None

    @property
    def sounds(self) -> bool:
        """Whether the replies are to be heard."""
        return "audio" in (self.modalities or ())

    @property
    def options(self) -> ReplyOptions:
        """How the replies are to be written."""
        form = self.response_format
        return ReplyOptions(
            temperature=self.temperature,
            top_p=self.top_p,
            seed=self.seed,
            max_tokens=self.max_completion_tokens or self.max_tokens,
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop) if self.stop else None,
            response_format=form.model_dump(exclude_none=True) if form else None,
            for_the_ear=self.sounds,
        )


@dataclass(frozen=True, slots=True)
class _Completion:
    """One request that is being answered."""

    server: Server
    person: str
    request: CompletionRequest
    messages: list[Message]
    turn: Asked
    encoding: Encoding | None
    """Of the sound; None for text."""
    replies: SpokenReplies
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def head(self, kind: str) -> Json:
        """What every object of the answer begins with."""
        return {"id": self.id, "object": kind, "created": self.created, "model": self.request.model or MODEL}


@dataclass(slots=True)
class _Choice:
    """One of the replies, as far as it has come."""

    sound_id: str
    text: list[str] = field(default_factory=list)
    pcm: list[bytes] = field(default_factory=list)
    finished: Finished | None = None

    @property
    def reason(self) -> str:
        return self.finished.reason if self.finished else "stop"


@router.post("/v1/chat/completions")
async def completions(request: Request, server: ServerDep, person: PersonDep) -> Response:
    """Reply to the messages of the request; nothing of it is remembered but what was said, for an hour."""
    asked = await body_of(request, CompletionRequest)
    replies = _spoken_replies(request)
    messages = read_messages(
        asked.messages,
        system_prompt=server.config.conversation.system_prompt,
        most_characters=server.config.server.max_characters,
        said=lambda id, param: replies.text(person, id, param=param),
    )
    encoding, style = None, None
    if asked.sounds:
        encoding = await _encoding(asked)
        style = await style_of(server, (asked.audio or SoundWanted()).voice, param="audio.voice")
    turn = Asked(messages, style=style, options=asked.options)
    completion = _Completion(server, person, asked, messages, turn, encoding, replies)
    if asked.stream:
        return StreamedResponse(partial(_stream, completion), media_type="text/event-stream", timing="ttft")
    return StreamedResponse(partial(_whole, completion), media_type="application/json", timing="reply")


def _spoken_replies(request: Request) -> SpokenReplies:
    """Those of this server."""
    state = request.app.state
    if not hasattr(state, "spoken_replies"):
        state.spoken_replies = SpokenReplies()
    replies = state.spoken_replies
    assert isinstance(replies, SpokenReplies)
    return replies


async def _encoding(asked: CompletionRequest) -> Encoding:
    """The encoding of the sound. Raises Refusal."""
    wanted = (asked.audio or SoundWanted()).format
    if asked.stream:
        if wanted not in ("", "pcm16"):
            raise Refusal(400, "audio.format: sound that is streamed is pcm16", param="audio.format")
        return "pcm"
    if wanted == "pcm16":
        return "pcm"
    encoding = encoding_of(wanted or "wav", param="audio.format")
    await sound_in(encoding, param="audio.format")
    return encoding


# ---------------------------------------------------------------- streamed


@asynccontextmanager
async def _stream(completion: _Completion) -> AsyncIterator[AsyncIterator[bytes]]:
    turns = [completion.turn] * (completion.request.n or 1)
    async with open_choices(completion.server, completion.person, turns) as pieces:
        yield _chunks(completion, pieces)


async def _chunks(completion: _Completion, pieces: AsyncGenerator[tuple[int, Piece], None]) -> AsyncIterator[bytes]:
    options = completion.request.stream_options
    counts: Json = {"usage": None} if options and options.include_usage else {}
    choices: dict[int, _Choice] = {}

    def chunk(index: int, delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
        return event({**completion.head("chat.completion.chunk"), "choices": [choice], **counts})

    try:
        async for index, piece in pieces:
            if index not in choices:
                choices[index] = _Choice(completion.replies.new_id())
                yield chunk(index, {"role": "assistant", "content": None if completion.encoding else ""})
            choice = choices[index]
            match piece:
                case Written(text=text) if completion.encoding:
                    choice.text.append(text)
                    yield chunk(index, {"audio": {"id": choice.sound_id, "transcript": text}})
                case Written(text=text):
                    choice.text.append(text)
                    yield chunk(index, {"content": text})
                case Heard(pcm=pcm):
                    data = base64.b64encode(pcm).decode()
                    yield chunk(index, {"audio": {"id": choice.sound_id, "data": data}})
                case Finished():
                    choice.finished = piece
                    if completion.encoding:
                        until = completion.replies.keep(completion.person, choice.sound_id, "".join(choice.text))
                        yield chunk(index, {"audio": {"expires_at": until}})
                    yield chunk(index, {}, piece.reason)
    except Refusal as refusal:
        if choices:
            yield event(envelope(refusal))  # the official client raises it
        raise
    if counts:
        usage = _usage(completion, list(choices.values()))
        yield event({**completion.head("chat.completion.chunk"), "choices": [], "usage": usage})
    yield _DONE


# ---------------------------------------------------------------- in one piece


@asynccontextmanager
async def _whole(completion: _Completion) -> AsyncIterator[AsyncIterator[bytes]]:
    turns = [completion.turn] * (completion.request.n or 1)
    async with open_choices(completion.server, completion.person, turns) as pieces:
        yield _body(completion, pieces)


async def _body(completion: _Completion, pieces: AsyncGenerator[tuple[int, Piece], None]) -> AsyncIterator[bytes]:
    choices = [_Choice(completion.replies.new_id()) for _ in range(completion.request.n or 1)]
    async for index, piece in pieces:
        match piece:
            case Written(text=text):
                choices[index].text.append(text)
            case Heard(pcm=pcm):
                choices[index].pcm.append(pcm)
            case Finished():
                choices[index].finished = piece
    told = [
        {
            "index": index,
            "message": await _message(completion, choice),
            "logprobs": None,
            "finish_reason": choice.reason,
        }
        for index, choice in enumerate(choices)
    ]
    yield json_bytes({**completion.head("chat.completion"), "choices": told, "usage": _usage(completion, choices)})


async def _message(completion: _Completion, choice: _Choice) -> Json:
    text = "".join(choice.text)
    message: Json = {"role": "assistant", "content": text, "refusal": None}
    if completion.encoding is None:
        return message
    file = await to_thread.run_sync(encoded, b"".join(choice.pcm), completion.encoding)
    audio = {
        "id": choice.sound_id,
        "data": base64.b64encode(file).decode(),
        "expires_at": completion.replies.keep(completion.person, choice.sound_id, text),
        "transcript": text,
    }
    return {**message, "content": None, "audio": audio}


def _usage(completion: _Completion, choices: list[_Choice]) -> Json:
    """What the chat server counted, or about that much; sound counts as in the API."""
    prompts = [one.finished.prompt_tokens for one in choices if one.finished and one.finished.prompt_tokens is not None]
    prompt = max(prompts) if prompts else prompt_tokens(completion.messages)
    texts = [
        one.finished.reply_tokens
        if one.finished is not None and one.finished.reply_tokens is not None
        else text_tokens("".join(one.text))
        for one in choices
    ]
    sounds = [sound_tokens(one.finished.seconds) for one in choices if one.finished]
    reply = sum(texts) + sum(sounds)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": reply,
        "total_tokens": prompt + reply,
        "completion_tokens_details": {"text_tokens": sum(texts), "audio_tokens": sum(sounds)},
    }

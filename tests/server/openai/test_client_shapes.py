"""What programs in the wild really send, as it was recorded of them or stands in their source."""

from __future__ import annotations

import json

import pytest

from tests.server.running import REPLY, running_server
from voicebot.tts.tone import ToneSynthesizer

pytestmark = pytest.mark.anyio
HELLO = [{"role": "user", "content": "Hello."}]
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
TOOL = {"type": "function", "function": {"name": "P", "description": "Extracts P", "parameters": SCHEMA}}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {"model": "tts-1", "input": "Good morning.", "voice": "alloy"}, id="Open WebUI, LiteLLM, both of openai"
        ),
        pytest.param({"input": "Good morning.", "model": "tts-1", "backend": "x"}, id="LibreChat without voices"),
        pytest.param(
            {"input": "Good morning.", "response_format": "mp3", "voice": "alloy", "speed": 1, "model": "tts-1"},
            id="SillyTavern",
        ),
        pytest.param(
            {"model": "tts-1", "input": ".", "voice": "alloy", "response_format": "mp3"},
            id="Home Assistant, openai_tts, which asks whether the key is right",
        ),
        pytest.param(
            {"model": "tts-1", "input": "Good morning.", "voice": "alloy", "response_format": "wav", "speed": 1.0},
            id="Home Assistant, openai_tts",
        ),
    ],
)
async def test_it_is_said(body: dict[str, object]) -> None:
    async with running_server(voice=ToneSynthesizer()) as running:
        answer = await running.client.post("/v1/audio/speech", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] in ("audio/mpeg", "audio/wav")
        assert len(answer.content) > 40


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"stream": True, "stream_options": {"include_usage": True}}, id="LangChain, Pydantic AI, llm"),
        pytest.param({"stream": True}, id="AI SDK, openai for Node.js"),
        pytest.param({}, id="Instructor, LiteLLM"),
        pytest.param(
            {
                "stream": True,
                "temperature": 0.5,
                "top_p": 0.9,
                "seed": 3,
                "stop": ["###"],
                "max_tokens": 100,
                "frequency_penalty": 0,
                "presence_penalty": 0,
                "logit_bias": {},
                "user": "somebody",
                "metadata": {"chat_id": "x"},
            },
            id="Open WebUI, SillyTavern with settings",
        ),
        pytest.param(
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "P", "schema": SCHEMA, "strict": True},
                }
            },
            id="Pydantic AI, Instructor with a schema",
        ),
        pytest.param(
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "P"}}},
            id="Instructor, TOOLS",
        ),
        pytest.param({"functions": [TOOL["function"]], "function_call": "auto"}, id="Home Assistant with functions"),
    ],
)
async def test_it_is_answered(fields: dict[str, object]) -> None:
    async with running_server() as running:
        body = {"model": "voicebot", "messages": HELLO, **fields}
        answer = await running.client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        if "stream" not in fields:
            assert answer.json()["choices"][0]["message"]["content"] == REPLY
            return
        *events, done = [line[6:] for line in answer.text.splitlines() if line.startswith("data: ")]
        assert done == "[DONE]"
        choices = [choice for event in events for choice in json.loads(event)["choices"]]
        assert "".join(choice["delta"].get("content") or "" for choice in choices) == REPLY
        assert choices[-1]["finish_reason"] == "stop"


async def test_a_list_that_is_asked_for_without_the_key_is_refused() -> None:
    """Open WebUI does so: it then shows the names of OpenAI's voices, which are always taken."""
    async with running_server(voice=ToneSynthesizer()) as running, running.stranger() as stranger:
        for path in ("/v1/audio/voices", "/v1/audio/models", "/v1/models"):
            assert (await stranger.get(path)).status_code == 401
        for voice in ("alloy", "echo", "fable", "onyx", "nova", "shimmer"):
            body = {"model": "tts-1", "input": "Good morning.", "voice": voice}
            assert (await running.client.post("/v1/audio/speech", json=body)).status_code == 200


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/chat/completions", "ends with /v1"),
        ("/models", "ends with /v1"),
        ("/v1/v1/chat/completions", "ends with /v1, once"),
        ("/v1/embeddings", "chat/completions, audio/speech"),
        ("/voice/api/me", "a proxy that adds one of its own"),
        ("/api/me/", "no slash"),
        ("/api/conversations/x/live", "Upgrade"),
    ],
)
async def test_a_path_that_is_not_served_says_what_may_be_wrong(path: str, told: str) -> None:
    """A base URL without /v1 was Not Found, and a slash at the end a redirect to http, also behind a proxy's TLS."""
    async with running_server() as running:
        answer = await running.client.post(path, json={})
        assert answer.status_code == 404
        assert told in answer.json()["error"]["hint"]

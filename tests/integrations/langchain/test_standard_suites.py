"""LangChain's own suites for chat models, run on both backends against a server that answers as a model would.

What of them is not run, and why, is in NOT_FOR_US; nothing fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from tests.integrations.langchain.model_server import ModelServer, serve_model
from voicebot.integrations.langchain import ChatVoicebot

NOT_FOR_US = {
    "test_init_from_env": "keys and addresses are given, or are in config.toml; nothing is read from the environment",
    "test_serdes": "ChatVoicebot cannot be stored as LangChain's own models can",
    "test_audio_inputs": "voicebot sends text alone",
    "test_image_inputs": "voicebot sends text alone",
    "test_image_tool_message": "voicebot sends text alone",
    "test_pdf_inputs": "voicebot sends text alone",
    "test_pdf_tool_message": "voicebot sends text alone",
    "test_anthropic_inputs": "blocks of Anthropic's API mean nothing to these servers",
    "test_stream_time": "wants recorded cassettes; benchmarks/ has our own figures",
    "test_init_time": "a benchmark; benchmarks/ has our own figures",
}


@pytest.fixture(autouse=True, scope="class")
def _serve(request: pytest.FixtureRequest) -> Iterator[None]:
    with serve_model() as server:
        request.cls.server = server  # the suites ask for parameters in properties, which no fixture reaches
        yield


class TestUnits(ChatModelUnitTests):
    """What LangChain wants of every chat model, without a server."""

    @property
    def chat_model_class(self) -> type[ChatVoicebot]:
        return ChatVoicebot

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "tiny"}


@pytest.mark.anyio
class TestOpenAI(ChatModelIntegrationTests):
    """The same of replies, in OpenAI's dialect."""

    server: ClassVar[ModelServer]

    @property
    def chat_model_class(self) -> type[ChatVoicebot]:
        return ChatVoicebot

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "tiny", "base_url": f"{self.server.url}/v1"}

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "other"


@pytest.mark.anyio
class TestOllama(TestOpenAI):
    """The same in Ollama's own."""

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "tiny", "backend": "ollama", "base_url": self.server.url}


@pytest.mark.anyio
class TestFunctionCalling(TestOpenAI):
    """The same with tools where a form of the reply is wanted."""

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "function_calling"}

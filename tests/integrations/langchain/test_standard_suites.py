"""LangChain's own suites for chat models, run on both backends against a server that answers as a model would.

NOT_FOR_US says what is left out, and why; everything else passes.
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
    "test_init_from_env": "keys and addresses are arguments; nothing is read from the environment",
    "test_serdes": "ChatVoicebot cannot be stored as LangChain's own models can",
    "test_audio_inputs": "voicebot sends text only",
    "test_image_inputs": "voicebot sends text only",
    "test_image_tool_message": "voicebot sends text only",
    "test_pdf_inputs": "voicebot sends text only",
    "test_pdf_tool_message": "voicebot sends text only",
    "test_anthropic_inputs": "these servers do not know the blocks of Anthropic's API",
    "test_stream_time": "needs recorded cassettes; benchmarks/ has our own figures",
    "test_init_time": "a benchmark; benchmarks/ has our own figures",
}


@pytest.fixture(autouse=True, scope="class")
def _serve(request: pytest.FixtureRequest) -> Iterator[None]:
    with serve_model() as server:
        request.cls.server = server  # the suites ask for parameters in properties, which no fixture reaches
        yield


class TestUnits(ChatModelUnitTests):
    """What LangChain expects of every chat model, without a server."""

    @property
    def chat_model_class(self) -> type[ChatVoicebot]:
        return ChatVoicebot

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "tiny"}


@pytest.mark.anyio
class TestOpenAI(ChatModelIntegrationTests):
    """What it expects of replies, in OpenAI's dialect."""

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
    """The same in Ollama's own dialect."""

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": "tiny", "backend": "ollama", "base_url": self.server.url}


@pytest.mark.anyio
class TestFunctionCalling(TestOpenAI):
    """The same, with structured output by way of tools."""

    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "function_calling"}

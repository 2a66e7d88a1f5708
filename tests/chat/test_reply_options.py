"""One reply that is written, or taken in, in another way than the configuration says."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from tests.chat.dialects import HELLO, OLLAMA, OPENAI, Dialect
from tests.fault_server import serve
from voicebot.chat import open_chat
from voicebot.config.models import ChatDemo, ChatOllama, ChatOpenAI
from voicebot.messages import ReplyOptions
from voicebot.protocols import ChatModel, adjusted
from voicebot.tools.loop import ToolUsingChat
from voicebot.tools.toolbox import Toolbox

pytestmark = pytest.mark.anyio
SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}
FORM = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
JSON_REPLY = '{"answer": "yes"}'


async def text_of(chat: ChatModel) -> str:
    """The text of one reply."""
    async with aclosing(chat.stream_reply(HELLO)) as reply:
        return "".join([part async for part in reply if isinstance(part, str)])


async def exchange(dialect: Dialect, options: ReplyOptions) -> tuple[dict[str, object], dict[str, object], str]:
    """What a request with `options`, and one without after it, say; and the text of the first reply."""
    async with serve() as server:
        server.answer(dialect.path, dialect.reply(JSON_REPLY), dialect.reply("Yes."))
        base_url, given = dialect.base_url(server), {"model": "m", "temperature": 0.7}
        config = (
            ChatOllama.model_validate({"kind": "ollama", "base_url": base_url, **given})
            if dialect is OLLAMA
            else ChatOpenAI.model_validate({"kind": "openai", "base_url": base_url, **given})
        )
        async with open_chat(config, notify=print) as chat:
            text = await text_of(adjusted(chat, options))
            await text_of(chat)
        first, second = [request.json() for request in server.requests]
        assert isinstance(first, dict)
        assert isinstance(second, dict)
        return first, second, text


async def test_a_server_of_openais_dialect_takes_them_all() -> None:
    options = ReplyOptions(0.1, 0.9, 7, 50, ("。",), FORM, for_the_ear=False)
    sent, after, text = await exchange(OPENAI, options)
    wanted = {"temperature": 0.1, "top_p": 0.9, "seed": 7, "max_tokens": 50, "stop": ["。"], "response_format": FORM}
    assert {key: sent.get(key) for key in wanted} == wanted
    assert text == JSON_REPLY
    assert after["temperature"] == 0.7
    assert not after.keys() & (wanted.keys() - {"temperature"})


@pytest.mark.parametrize(
    ("form", "format"), [(FORM, SCHEMA), ({"type": "json_object"}, "json"), ({"type": "text"}, None)]
)
async def test_ollama_takes_them_by_its_own_names(form: dict[str, object], format: object) -> None:
    sent, after, text = await exchange(OLLAMA, ReplyOptions(0.1, 0.9, 7, 50, ("。",), form, for_the_ear=False))
    assert sent["options"] == {"temperature": 0.1, "top_p": 0.9, "seed": 7, "num_predict": 50, "stop": ["。"]}
    assert sent.get("format") == format
    assert text == JSON_REPLY
    assert after["options"] == {"temperature": 0.7}


async def test_what_is_read_has_its_json_as_it_stands() -> None:
    """For the ear it is a block of code, which a client that parses it could not."""
    assert (await exchange(OPENAI, ReplyOptions(for_the_ear=False)))[2] == JSON_REPLY
    assert (await exchange(OPENAI, ReplyOptions()))[2] != JSON_REPLY


async def test_tools_stay_with_a_reply_that_is_written_in_another_way() -> None:
    class Model:
        name = "model"

        def __init__(self, options: ReplyOptions | None = None) -> None:
            self.options = options

        def adjusted(self, options: ReplyOptions) -> Model:
            return Model(options)

        async def stream_reply(self, messages, *, tools=()):  # type: ignore[no-untyped-def] # as the protocol says
            assert messages or tools is not None
            yield str(self.options.temperature if self.options else None)

    chat = ToolUsingChat(Model(), Toolbox([]), max_steps=2, timeout_seconds=1, speak="all", max_result_characters=100)
    assert await text_of(adjusted(chat, ReplyOptions(0.3))) == "0.3"
    assert await text_of(chat) == "None"


async def test_a_chat_model_without_any_ignores_them() -> None:
    async with open_chat(ChatDemo(kind="demo"), notify=print) as chat:
        assert adjusted(chat, ReplyOptions(0.3)) is chat

"""Every body in tests/data/contracts, served by a real server in pieces: what the listener gets of it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.chat.dialects import CALCULATOR, CONTRACTS, OLLAMA, OPENAI, Dialect, told_by
from tests.fault_server import LAST_CHUNK, Act, Send, chunk, head, serve, until_close
from tests.self_contained import examples_of
from voicebot.audio.silent import SilentOutput
from voicebot.chat.ollama import open_ollama
from voicebot.config.models import ChatOllama
from voicebot.conversation import Conversation
from voicebot.errors import ChatError
from voicebot.memory.window import WindowMemory
from voicebot.messages import Message, Usage
from voicebot.pacing import Pacer, Pacing
from voicebot.text.chunking import Chunker
from voicebot.turn import Pipeline

JA = "こんにちは！今日は東京の気温が３．５度です。「暖かくしてね」と伝えてください。😀"
EN = "Hello! It costs $3.50, Dr. Smith said. See you…"
TINY = (
    "こんにちは。私は小さなモデルです。今日の天気は、とても良いですね！昨日、公園で白い猫を見ました。名前って何でしょうか？"
    "たぶん「たま」というのだと思います。ところで…気温が３．５度しかないので、暖かくしてくださいね。ではまた😀"
    "Hello there! I am a tiny model, and my name is Dr. Smith; it costs 3.5 dollars today. How are you? Well then... "
    "see you’ll be fine. Goodbye: \n\n"
)
TINY_20 = "こんにちは。私は小さなモデルです。今日の天気は、とても良い"
RAW_TOOL_CALL = '<tool_call>\n{"name": "calculator", "arguments": {"expr": "(3+4)*5"}}\n</tool_call>'

CALLED_A_TOOL = ("", "is empty: the model called a tool")

OLLAMA_BODIES: dict[str, tuple[str, str]] = {
    # file: what is said, and what the error says behind it ("" for none)
    "chat-cached-prompt-no-prompt_eval_count.ndjson": ("こんにちは！今日", ""),
    "chat-done-without-reason.ndjson": ("こんにちは！今日", ""),
    "chat-en.ndjson": (EN, ""),
    "chat-error-midstream.ndjson": (
        "こんにちは！今日は東京",
        "in the middle of its reply: an error was encountered while running the model: unexpected EOF",
    ),
    "chat-html-escaped.ndjson": ("5 < 7 & 9 > 8 と <b>太字</b>", ""),
    "chat-ja.ndjson": (JA, ""),
    "chat-length.ndjson": ("こんにちは！今日は", ""),
    "chat-load.json": ("", "is empty (it ended with 'load')"),
    "chat-no-final-newline.ndjson": (JA, ""),
    "chat-nonstream.json": (JA, ""),
    "chat-think-tags-in-content.ndjson": ("こんにちは！今日は東京の", ""),
    "chat-think.ndjson": ("こんにちは！今日は東京の", ""),
    "chat-tool-call-old-no-id-no-index.ndjson": CALLED_A_TOOL,
    "chat-tool-call.ndjson": CALLED_A_TOOL,
    "chat-truncated-clean.ndjson": ("こんにちは！今日は東京の気温", "broke off"),
    "chat-truncated-in-character.ndjson": ("こんにちは！今日は東京の", "broke off"),
    "chat-two-tool-calls-after-text.ndjson": ("調べますね。", ""),
    "chat-unload.json": ("", "is empty (it ended with 'unload')"),
    "error-400-bad-think-value.json": ("", '400 Bad Request: invalid think value: "maybe"'),
    "error-400-missing-body.json": ("", "400 Bad Request: missing request body"),
    "error-400-no-thinking-support.json": ("", "does not support thinking"),
    "error-400-no-tools-support.json": ("", "gemma:2b does not support tools"),
    "error-404-model-not-found.json": ("", "404 Not Found: model 'nope' not found"),
    "error-500-runner-crash.json": ("", "llama runner process has terminated: exit status 2"),
    "error-503-busy.json": ("", "server busy, please try again. maximum pending requests exceeded"),
    # The answers of other routes hold no reply for this one.
    "generate-error-midstream.ndjson": ("", "an error was encountered while running the model"),
    "generate-ja.ndjson": ("", "is empty"),
    "generate-think.ndjson": ("", "is empty"),
    "ps.json": ("", "without a word"),
    "show.json": ("", "without a word"),
    "tags-empty.json": ("", "without a word"),
    "tags.json": ("", "without a word"),
    "version.json": ("", "without a word"),
    "request-chat-tool-result.json": ("", "not JSON"),
    "request-chat.json": ("", "not JSON"),
}

CPP = "captured-llama-cpp-python/"
SERVER = "captured-llama-server/"

OPENAI_BODIES: dict[str, tuple[str, str]] = {
    "azure-first-event-no-choices.sse": (JA, ""),
    "chat-bom.sse": (JA, ""),
    "chat-content-filter.sse": ("こんにちは！今日", ""),
    "chat-cr-only.sse": (JA, ""),
    "chat-crlf.sse": (JA, ""),
    "chat-en.sse": (EN, ""),
    "chat-error-first-event-http200.sse": ("", "failed: Rate limit reached"),
    "chat-error-llamacpp-style.sse": ("こん", "in the middle of its reply: context shift is disabled"),
    "chat-error-midstream-event.sse": ("こん", "The server had an error while processing your request."),
    "chat-error-midstream.sse": ("こんにちは！今日は東京", "The server had an error while processing your request."),
    "chat-error-openrouter-style.sse": ("こん", "Provider returned error"),
    "chat-event-id-retry-fields.sse": (JA, ""),
    "chat-ja-ascii-escaped.sse": (JA, ""),
    "chat-ja.sse": (JA, ""),
    "chat-keepalive-comments.sse": (JA, ""),
    "chat-last-event-without-blank-line.sse": (JA, ""),
    "chat-length.sse": ("こんにちは！今日", ""),
    "chat-line-separator-u2028.sse": ("一行\u2028二行\x85三行", ""),
    "chat-multiline-data.sse": ("二行のdata", ""),
    "chat-no-done.sse": (JA, ""),
    "chat-no-space-after-colon.sse": (JA, ""),
    "chat-refusal.sse": ("申し訳ありませんが、お答えできません。", ""),
    "chat-truncated-in-character.sse": ("こんにちは！今日は東京の", "broke off"),
    "chat-truncated-no-finish.sse": ("こんにちは！今日は東京の気温", "broke off"),
    "chat-usage.sse": (JA, ""),
    "error-400-context_length_exceeded.json": ("", "This model's maximum context length is 8192 tokens."),
    "error-401-invalid_api_key.json": ("", "Incorrect API key provided: sk-xx."),
    "error-404-model_not_found.json": ("", "The model `nope` does not exist or you do not have access to it."),
    "error-429-rate_limit_exceeded.json": ("", "Rate limit reached. Please try again in 1.2s."),
    "error-500-server.json": ("", "The server had an error."),
    "error-503-html-from-a-proxy.html": ("", "answered with an HTML page (503 Service Unavailable)"),
    "error-fastapi-422.json": ("", "body.messages: Field required"),
    "error-vllm-400-flat.json": ("", "This model's maximum context length is 4096 tokens."),
    "models.json": ("", "without a word"),
    "n2.sse": ("こんにちは！今日", ""),
    "nonstream.json": (JA, ""),
    "ollama-v1-error-hidden.sse": ("こんにち", "broke off"),
    "split-1-byte.b64lines": ("気温😀", ""),
    "split-3-bytes.b64lines": ("気温😀", ""),
    "split-in-characters.b64lines": ("気温😀", ""),
    "think-deepseek-llamacpp-reasoning_content.sse": ("こんにちは！今日は東京の", ""),
    "think-only-length.sse": ("", "is empty: thinking used up its limit of model tokens"),
    "think-tags-in-content.sse": ("こんにちは！今日は東京の", ""),
    "think-vllm-ollama-reasoning.sse": ("こんにちは！今日は東京の", ""),
    "tool-broken-json-arguments.sse": CALLED_A_TOOL,
    "tool-call.sse": CALLED_A_TOOL,
    "tool-finish-reason-stop.sse": CALLED_A_TOOL,
    "tool-id-and-name-repeated-in-each-fragment.sse": CALLED_A_TOOL,
    "tool-no-arguments.sse": CALLED_A_TOOL,
    "tool-two-interleaved-after-text.sse": ("調べますね。", ""),
    "tool-whole-call-in-one-event.sse": CALLED_A_TOOL,
    f"{CPP}error-bad-json.json": ("", "500 Internal Server Error without a reason"),
    f"{CPP}error-context-stream.sse": ("", "without a word"),
    f"{CPP}error-context.json": ("", "This model's maximum context length is 4096 tokens."),
    f"{CPP}error-no-messages.json": ("こんにちは。私は you’ll be fine. Goodbye: \n\n", ""),
    f"{CPP}error-wrong-model.json": ("こんにちは。私は", ""),
    f"{CPP}json_object.json": ('{"1+2": "1+2"}', ""),
    f"{CPP}json_object_schema.json": ('{"answer": "1+2"}', ""),
    f"{CPP}json_schema.json": ("", "500 Internal Server Error: 1 validation error"),
    f"{CPP}n2.json": ("こんにちは。しかないを見ました。名前ですね！昨日、公園で白い猫を白いって", ""),
    f"{CPP}nonstream-second.json": (TINY, ""),
    f"{CPP}nonstream.json": (TINY, ""),
    f"{CPP}stream-after-tool.sse": ("", "500 Internal Server Error: 7 validation errors"),
    f"{CPP}stream-interrupted-by-next-request.sse": (
        "こんにちは。モデルです。がしか５ am a tinyで白い猫を",
        "ended the stream before its reply was finished",
    ),
    f"{CPP}stream-json_object.sse": ('{"1+2": "1+2"}', ""),
    f"{CPP}stream-length.sse": ("こんにちは。私は小さなモデル", ""),
    f"{CPP}stream-n2.sse": ("こんにちは。しかないを見ました。名前", ""),
    f"{CPP}stream-second.sse": (TINY, ""),
    f"{CPP}stream-stop.sse": ("こんにちは。私は小さなモデルです。今日の", ""),
    f"{CPP}stream-tool-auto.sse": (RAW_TOOL_CALL, ""),
    f"{CPP}stream-tool-named.sse": CALLED_A_TOOL,
    f"{CPP}stream-tool-required.sse": (RAW_TOOL_CALL, ""),
    f"{CPP}stream-usage.sse": ("こんにちは。私は小さなモデル", ""),
    f"{CPP}stream.sse": (TINY, ""),
    f"{CPP}tool-auto.json": (RAW_TOOL_CALL, ""),
    f"{CPP}tool-named.json": CALLED_A_TOOL,
    f"{SERVER}error-bad-json.json": ("", "500 Internal Server Error: [json.exception.parse_error.101]"),
    f"{SERVER}error-context-stream.sse": ("", "exceeds the available context size (2048 tokens)"),
    f"{SERVER}error-context.json": ("", "exceeds the available context size (2048 tokens)"),
    f"{SERVER}error-no-messages.json": ("", "'messages' is required"),
    f"{SERVER}error-wrong-model.json": ("こんにちは。私は", ""),
    f"{SERVER}json_object.json": ('{"1+2": "1+2"}', ""),
    f"{SERVER}json_object_schema.json": ('{"answer": "1+2"}', ""),
    f"{SERVER}json_schema.json": ('{"answer": "1+2"}', ""),
    f"{SERVER}n2.json": ("こんにちは。しかないくださいね。ではまた😀Hello there! I am」というのだと a tiny", ""),
    f"{SERVER}nonstream-second.json": (TINY, ""),
    f"{SERVER}nonstream.json": (TINY, ""),
    f"{SERVER}stream-after-tool.sse": (TINY_20, ""),
    f"{SERVER}stream-json_object.sse": ('{"1+2": "1+2"}', ""),
    f"{SERVER}stream-length.sse": ("こんにちは。私は小さなモデル", ""),
    f"{SERVER}stream-n2.sse": ("こんにちは。しかないくださいね。ではまた", ""),
    f"{SERVER}stream-ping.sse": ("こんにちは。私は", ""),
    f"{SERVER}stream-second.sse": (TINY, ""),
    f"{SERVER}stream-stop.sse": ("こんにちは。私は小さなモデルです。今日の", ""),
    f"{SERVER}stream-think-reasoning_format-none.sse": (TINY_20, ""),
    f"{SERVER}stream-think.sse": (TINY_20, ""),
    f"{SERVER}stream-tool-auto.sse": CALLED_A_TOOL,
    f"{SERVER}stream-tool-named.sse": CALLED_A_TOOL,
    f"{SERVER}stream-tool-required.sse": CALLED_A_TOOL,
    f"{SERVER}stream-truncated-by-server-crash.sse": ("ユーザー挨拶したから短くのだと思います。", "broke off"),
    f"{SERVER}stream-usage.sse": ("こんにちは。私は小さなモデル", ""),
    f"{SERVER}stream.sse": (TINY, ""),
    f"{SERVER}think.json": (TINY_20, ""),
    f"{SERVER}tool-auto.json": CALLED_A_TOOL,
    f"{SERVER}tool-named.json": CALLED_A_TOOL,
}

Call = tuple[str, str, str]
"""Number, name and arguments."""

FIVE_TIMES_SEVEN = '{"expr":"(3+4)*5"}'
ONE_AND_TWO = '{"expr": "1+2"}'
CAPTURED_CALL = '{"expr": "(3+4)*5"}'

OLLAMA_CALLS: dict[str, list[Call]] = {
    "chat-tool-call-old-no-id-no-index.ndjson": [("", "calculator", ONE_AND_TWO)],  # it gets a number here
    "chat-tool-call.ndjson": [("call_k2j9x0ab", "calculator", CAPTURED_CALL)],
    "chat-two-tool-calls-after-text.ndjson": [
        ("call_aa11bb22", "get_weather", '{"city": "東京", "days": 2}'),
        ("call_cc33dd44", "get_weather", '{"city": "大阪", "days": 2}'),
    ],
}
OPENAI_CALLS: dict[str, list[Call]] = {
    "tool-broken-json-arguments.sse": [("call_x", "calculator", '{"expr": "1+')],
    "tool-call.sse": [("call_abc123", "calculator", FIVE_TIMES_SEVEN)],
    "tool-finish-reason-stop.sse": [("call_s", "calculator", '{"expr":"1"}')],
    "tool-id-and-name-repeated-in-each-fragment.sse": [("call_r", "calculator", '{"expr":"1+2"}')],
    "tool-no-arguments.sse": [("call_n", "now", "{}")],
    "tool-two-interleaved-after-text.sse": [
        ("call_a", "get_weather", '{"city":"東京","days":2}'),
        ("call_b", "get_weather", '{"city":"大阪"}'),
    ],
    "tool-whole-call-in-one-event.sse": [("call_w", "calculator", '{"expr":"1+2"}')],
    f"{CPP}stream-tool-named.sse": [
        ("call__0_calculator_cmpl-c7587e35-fabe-4d34-befd-4724ccfe41f2", "calculator", ONE_AND_TWO)
    ],
    f"{CPP}tool-named.json": [
        ("call__0_calculator_cmpl-5161ad0c-ce5a-4589-b4ba-9375adf67bb4", "calculator", ONE_AND_TWO)
    ],
    f"{SERVER}stream-tool-auto.sse": [("nDzTkSBdnXFJKH42MzsKLREs2SgeZcUW", "calculator", CAPTURED_CALL)],
    f"{SERVER}stream-tool-named.sse": [("0iHOWHn1L53Rd63RAwRjdFW65DATdHEO", "calculator", CAPTURED_CALL)],
    f"{SERVER}stream-tool-required.sse": [("5minGKj76ZQZG0GXSg3mcgy8dSeP134l", "calculator", CAPTURED_CALL)],
    f"{SERVER}tool-auto.json": [("", "calculator", CAPTURED_CALL)],
    f"{SERVER}tool-named.json": [("4hG7batCiZEeT37MHVyj1XZIBtGjRosA", "calculator", CAPTURED_CALL)],
}

OLLAMA_USAGES = {
    "chat-ja.ndjson": Usage(26, 25, 0.052011833, 0.118204, 1.033427825, "stop"),
    "chat-cached-prompt-no-prompt_eval_count.ndjson": Usage(None, 5, 0.052011833, None, 0.206685565, "stop"),
    "chat-done-without-reason.ndjson": Usage(26, 5, 0.052011833, 0.118204, 0.206685565, "stop"),
    "chat-length.ndjson": Usage(26, 6, 0.052011833, 0.118204, 0.248022678, "length"),
}
OPENAI_USAGES = {
    "chat-ja.sse": Usage(finish_reason="stop"),
    "chat-usage.sse": Usage(19, 25, finish_reason="stop"),
    "chat-length.sse": Usage(finish_reason="length"),
    "chat-content-filter.sse": Usage(finish_reason="content_filter"),
    "tool-broken-json-arguments.sse": Usage(finish_reason="length"),
    f"{SERVER}stream-usage.sse": Usage(57, 5, None, 0.000651, 0.001206, "length"),
    f"{CPP}nonstream.json": Usage(57, 97, finish_reason="stop"),
}

PIECES = (7, 1400, 1, 3)
"""Bytes in each piece that arrives."""
_SHORT_BYTES = 4000
"""A longer body has nothing in it that none of these has: it comes in the first two sizes alone. The decoders are given
every body byte by byte in tests/http/test_lines.py."""

REASONS = {
    "400": "Bad Request",
    "401": "Unauthorized",
    "404": "Not Found",
    "422": "Unprocessable Entity",
    "429": "Too Many Requests",
    "500": "Internal Server Error",
    "503": "Service Unavailable",
}
TYPES = {
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".sse": "text/event-stream",
    ".b64lines": "text/event-stream",
    ".html": "text/html",
}


def script_of(path: Path, piece_bytes: int) -> list[Act]:
    """Serve `path` as it was captured: its own status and type, in pieces of `piece_bytes`."""
    body = path.read_bytes()
    pieces = [body[start : start + piece_bytes] for start in range(0, len(body), piece_bytes)]
    if path.suffix == ".b64lines":
        pieces = [base64.b64decode(line) for line in body.split()]
    status, content_type = "200 OK", TYPES[path.suffix]
    captured = path.with_suffix(".headers")
    if captured.exists():
        first, *lines = captured.read_text().splitlines()
        status = first.removeprefix("HTTP/1.1 ")
        fields = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        content_type = fields["content-type"]
    elif path.name.startswith("error-"):
        code = next((part for part in path.stem.split("-") if part.isdigit()), "400")
        status = f"{code} {REASONS[code]}"
    chunks = [chunk(piece).data for piece in pieces]
    # Each piece is a chunk and arrives alone. The smallest share writes, which the network would join anyway.
    share = 64 if piece_bytes < 7 else 1
    writes = [Send(b"".join(chunks[start : start + share])) for start in range(0, len(chunks), share)]
    return [head(status, content_type=content_type, transfer_encoding="chunked"), *writes, LAST_CHUNK]


def cuts_of(path: Path) -> list[list[Act]]:
    """The scripts that serve `path` in pieces of each size."""
    sizes = PIECES if path.stat().st_size < _SHORT_BYTES else PIECES[:2]
    return [script_of(path, size) for size in examples_of(sizes)]


def bodies(folder: str) -> set[str]:
    """Name all files with a body in `folder`."""
    root = CONTRACTS / folder
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".headers")
    return {path.relative_to(root).as_posix() for path in files}


def test_no_contract_is_forgotten() -> None:
    assert bodies("ollama") == set(OLLAMA_BODIES)
    assert bodies("openai") == set(OPENAI_BODIES)


@dataclass(frozen=True, slots=True)
class Row:
    """What a contract file asks for."""

    dialect: Dialect
    name: str
    spoken: str
    raised: str
    calls: list[Call]

    @property
    def path(self) -> Path:
        """The file."""
        return CONTRACTS / self.dialect.kind / self.name


ROWS = [
    *(Row(OLLAMA, name, *row, OLLAMA_CALLS.get(name, [])) for name, row in OLLAMA_BODIES.items()),
    *(Row(OPENAI, name, *row, OPENAI_CALLS.get(name, [])) for name, row in OPENAI_BODIES.items()),
]
EACH_ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.dialect.kind}/{row.name}")


def raised_as(row: Row, error: ChatError | None) -> bool:
    return row.raised in error.message and bool(error.hint) if error else not row.raised


@pytest.mark.anyio
@EACH_ROW
async def test_a_reply_is_spoken_as_its_contract_promises_however_it_is_cut(row: Row) -> None:
    async with serve() as server, row.dialect.open(server) as chat:
        for script in cuts_of(row.path):
            server.answer(row.dialect.path, script)
            told = await told_by(chat)
            assert "".join(told.deltas) == row.spoken
            assert all(told.deltas)
            assert raised_as(row, told.error)


@pytest.mark.anyio
@pytest.mark.parametrize("row", [row for row in ROWS if row.calls], ids=lambda row: f"{row.dialect.kind}/{row.name}")
async def test_tools_are_called_as_the_contract_promises_however_it_is_cut(row: Row) -> None:
    async with serve() as server, row.dialect.open(server) as chat:
        for script in cuts_of(row.path):
            server.answer(row.dialect.path, script)
            told = await told_by(chat, tools=[CALCULATOR])
            assert told.error is None
            assert "".join(told.deltas) == row.spoken
            assert [(call.name, call.arguments) for call in told.calls] == [call[1:] for call in row.calls]
            for call, (number, _, _) in zip(told.calls, row.calls, strict=True):
                assert call.id == number or (call.id and not number)


@pytest.mark.anyio
async def test_calls_without_a_number_get_one_each() -> None:
    row = next(row for row in ROWS if "no-id" in row.name)
    async with serve() as server, row.dialect.open(server) as chat:
        server.answer(row.dialect.path, script_of(row.path, 1400))
        numbers = {call.id for _ in range(3) for call in (await told_by(chat, tools=[CALCULATOR])).calls}
    assert len(numbers) == 3


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("dialect", "name", "usage"),
    [
        *((OLLAMA, name, usage) for name, usage in OLLAMA_USAGES.items()),
        *((OPENAI, name, usage) for name, usage in OPENAI_USAGES.items()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_the_server_counted_is_told_in_seconds_and_tokens(dialect: Dialect, name: str, usage: Usage) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, script_of(CONTRACTS / dialect.kind / name, 1400))
        assert (await told_by(chat, tools=[CALCULATOR])).usages == [usage]


@pytest.mark.anyio
@EACH_ROW
async def test_a_turn_remembers_what_was_delivered_of_its_reply(row: Row) -> None:
    memory = WindowMemory(system_prompt="", turns=5)
    async with serve() as server, row.dialect.open(server) as chat:
        server.answer(row.dialect.path, script_of(row.path, 1400))
        pipeline = Pipeline(chat, None, SilentOutput(realtime=False), Chunker, partial(Pacer, Pacing(joins=False)))
        outcome = await Conversation(pipeline, memory=memory).speak("?")
    reply = row.spoken.strip()
    assert outcome.heard.strip() == reply
    said = Message("assistant", reply, interrupted=bool(row.raised))
    assert memory.messages() == ([Message("user", "?"), said] if reply else [])
    assert isinstance(outcome.error, ChatError) == bool(row.raised)
    assert raised_as(row, outcome.error if isinstance(outcome.error, ChatError) else None)


GENERATED = {
    "generate-ja.ndjson": (JA, ""),
    "generate-think.ndjson": ("こんにちは！", ""),
    "generate-error-midstream.ndjson": ("こんにちは", "in the middle of its reply: an error was encountered"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("name", GENERATED)
async def test_generate_says_what_its_contract_promises(name: str) -> None:
    text, failure = GENERATED[name]
    async with serve() as server:
        config = ChatOllama(kind="ollama", base_url=server.url, model="m", api="generate", retries=0)
        async with open_ollama(config) as chat:
            for script in cuts_of(CONTRACTS / "ollama" / name):
                server.answer("/api/generate", script)
                told = await told_by(chat)
                assert "".join(told.deltas) == text
                assert (failure in told.error.message) if told.error else not failure


# ---------------------------------------------------------------- cut off


def whole_lines(body: bytes) -> list[tuple[int, str, bool]]:
    """Where each line of an Ollama reply is complete, its text, and whether it finishes the reply."""
    found = []
    for match in re.finditer(rb"[^\n]+", body):
        value = json.loads(match[0])
        found.append((match.end(), value.get("message", {}).get("content", ""), value.get("done") is True))
    return found


def whole_events(body: bytes) -> list[tuple[int, str, bool]]:
    """The same of the events of an OpenAI reply; the end of the connection completes the last one."""
    found = []
    for match in re.finditer(rb"data: ([^\n]+)", body):
        if match[1] != b"[DONE]":
            choice = json.loads(match[1])["choices"][0]
            found.append((match.end(), choice["delta"].get("content") or "", bool(choice["finish_reason"])))
    return found


def telling_lengths(ends: list[int], size: int) -> list[int]:
    """Every length that ends in the last two events or around the end of an earlier one: those are all alike."""
    *earlier, before_last, _, _ = ends
    around = [end + step for end in earlier for step in range(-3, 4)]
    return [*range(4), *around, *range(before_last, size)]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("dialect", "name"),
    [(OLLAMA, "chat-length.ndjson"), (OPENAI, f"{SERVER}stream-length.sse")],
    ids=["ollama", "openai"],
)
async def test_a_reply_that_is_cut_off_is_said_as_far_as_it_came(dialect: Dialect, name: str) -> None:
    body = (CONTRACTS / dialect.kind / name).read_bytes()
    places = whole_lines(body) if dialect is OLLAMA else whole_events(body)
    async with serve() as server, dialect.open(server) as chat:
        for length in examples_of(telling_lengths([end for end, _, _ in places], len(body))):
            server.answer(dialect.path, until_close([body[:length]], dialect.content_type))
            told = await told_by(chat)
            arrived = [place for place in places if place[0] <= length]
            assert "".join(told.deltas) == "".join(text for _, text, _ in arrived)
            if arrived and arrived[-1][2]:
                assert told.error is None
            else:
                assert told.error is not None
                assert not told.usages

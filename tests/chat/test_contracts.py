"""Every body in tests/data/contracts, served by a real server in pieces: what the listener gets of it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.chat.wire import CONTRACTS, OLLAMA, OPENAI, reply_of
from tests.fault_server import LAST_CHUNK, Act, chunk, head, serve

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
    "chat-tool-call-old-no-id-no-index.ndjson": ("", "is empty"),
    "chat-tool-call.ndjson": ("", "is empty"),
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

CALLED_A_TOOL = ("", "is empty: the model called a tool")
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
    "tool-broken-json-arguments.sse": ("", "is empty: its limit of model tokens"),
    "tool-call.sse": CALLED_A_TOOL,
    "tool-finish-reason-stop.sse": ("", "is empty"),
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
    return [head(status, content_type=content_type, transfer_encoding="chunked"), *map(chunk, pieces), LAST_CHUNK]


def bodies(folder: str) -> set[str]:
    """Name all files with a body in `folder`."""
    root = CONTRACTS / folder
    files = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".headers")
    return {path.relative_to(root).as_posix() for path in files}


def test_no_contract_is_forgotten() -> None:
    assert bodies("ollama") == set(OLLAMA_BODIES)
    assert bodies("openai") == set(OPENAI_BODIES)


@pytest.mark.anyio
@pytest.mark.parametrize("name", OLLAMA_BODIES)
async def test_ollama_says_what_its_contract_promises(name: str) -> None:
    text, failure = OLLAMA_BODIES[name]
    async with serve() as server, OLLAMA.open(server) as chat:
        for piece_bytes in (7, 100_000):
            server.answer(OLLAMA.path, script_of(CONTRACTS / "ollama" / name, piece_bytes))
            deltas, error = await reply_of(chat)
            assert "".join(deltas) == text
            assert all(deltas)
            assert (failure in error.message and error.hint) if error else not failure


@pytest.mark.anyio
@pytest.mark.parametrize("name", OPENAI_BODIES)
async def test_openai_compatible_says_what_its_contract_promises(name: str) -> None:
    text, failure = OPENAI_BODIES[name]
    async with serve() as server, OPENAI.open(server) as chat:
        for piece_bytes in (7, 100_000):
            server.answer(OPENAI.path, script_of(CONTRACTS / "openai" / name, piece_bytes))
            deltas, error = await reply_of(chat)
            assert "".join(deltas) == text
            assert all(deltas)
            assert (failure in error.message and error.hint) if error else not failure

"""Promises of both chat dialects about servers, networks and callers that do not behave."""

from __future__ import annotations

import gc
import gzip
import json
import random
import re
import zlib
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import anyio
import pytest

from tests.chat.dialects import HELLO, OLLAMA, OPENAI, Chat, Dialect, failure_of, reply_of, told_by
from tests.fault_server import (
    LAST_CHUNK,
    Act,
    Close,
    Endless,
    HalfClose,
    Pause,
    Reset,
    Send,
    Stall,
    chunk,
    chunked,
    head,
    serve,
    until_close,
    whole,
)
from voicebot.errors import ChatError, ChatUnavailable
from voicebot.http.lines import MAX_LINE_BYTES
from voicebot.http.streaming import MAX_UNPACKED_BYTES
from voicebot.messages import Message, ToolCall

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("dialect", [OLLAMA, OPENAI], ids=lambda dialect: dialect.kind)]


async def test_deltas_arrive_while_the_reply_is_still_being_written(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [dialect.head, *dialect.chunks("Hel", "lo"), Stall()])
        with anyio.fail_after(10):
            async with aclosing(chat.stream_reply(HELLO)) as reply:
                assert [await anext(reply), await anext(reply)] == ["Hel", "lo"]


async def test_a_reply_cut_anywhere_arrives_the_same(dialect: Dialect) -> None:
    text = "気温は３．５度です。😀"
    body = dialect.delta(text) + dialect.delta("また") + dialect.end
    async with serve() as server, dialect.open(server) as chat:
        for size in (1, 2, 3, 5, 64, len(body)):
            pieces = [body[start : start + size] for start in range(0, len(body), size)]
            for script in (chunked(pieces, dialect.content_type), until_close(pieces, dialect.content_type)):
                server.answer(dialect.path, script)
                assert await reply_of(chat) == ([text, "また"], None)


async def test_finished_replies_share_a_connection(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, chunked([dialect.delta("Hi"), dialect.end], dialect.content_type))
        for _ in range(5):
            assert await reply_of(chat) == (["Hi"], None)
        assert server.connections == 1


async def test_a_server_that_keeps_the_connection_open_after_the_end_does_not_delay_it(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [dialect.head, *dialect.chunks("Hi"), chunk(dialect.end), Stall()])
        with anyio.fail_after(10):
            assert await reply_of(chat) == (["Hi"], None)
            await server.hung_up.wait()


@pytest.mark.parametrize("end", [[Reset()], [Close()], [HalfClose(), Stall()], [LAST_CHUNK]], ids=str)
async def test_a_reply_that_breaks_off_fails_after_its_deltas(dialect: Dialect, end: list[Act]) -> None:
    # The pause lets the deltas arrive before a reset, which may overtake them.
    script = [dialect.head, *dialect.chunks("Hel", "lo"), Pause(0.1), *end]
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, script)
        deltas, error = await reply_of(chat)
    assert deltas == ["Hel", "lo"]
    assert error is not None
    assert "broke" in error.message
    assert error.hint


async def test_a_body_without_length_that_breaks_off_fails_after_its_deltas(dialect: Dialect) -> None:
    body = dialect.delta("Hello") + dialect.delta("気")[:-9]
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, until_close([body], dialect.content_type))
        deltas, error = await reply_of(chat)
    assert deltas == ["Hello"]
    assert error is not None
    assert "broke off" in error.message


async def test_a_stated_length_that_is_a_lie_is_a_reply_that_breaks_off_or_ends(dialect: Dialect) -> None:
    body = dialect.delta("Hello") + dialect.end
    async with serve() as server, dialect.open(server, retries=2) as chat:
        for length, ends_well in {len(body) + 10: True, len(body): True, len(body) - len(dialect.end): False}.items():
            top = head(content_type=dialect.content_type, content_length=str(length))
            server.answer(dialect.path, [top, Send(body), Pause(0.02), Close()])
            deltas, error = await reply_of(chat)
            assert deltas == ["Hello"]
            assert ends_well == (error is None)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_reply_that_comes_compressed_unasked_is_understood(dialect: Dialect, encoding: str) -> None:
    pack = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    events = [dialect.delta("気温は"), dialect.delta("３度。"), dialect.end]
    pieces = [pack.compress(event) + pack.flush(zlib.Z_SYNC_FLUSH) for event in events]
    pieces.append(pack.flush())
    top = head(content_type=dialect.content_type, content_encoding=encoding, connection="close")
    async with serve() as server, dialect.open(server) as chat:
        for size in (1, 7, 1400):
            packed = b"".join(pieces)
            cut = [Send(packed[start : start + size]) for start in range(0, len(packed), size)]
            server.answer(dialect.path, [top, *cut, Close()])
            assert await reply_of(chat) == (["気温は", "３度。"], None)
        assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("filling", [b"x", b"\n", b"\r\n"])
async def test_a_small_answer_that_unpacks_to_very_much_is_given_up(dialect: Dialect, filling: bytes) -> None:
    bomb = gzip.compress(dialect.delta("Hello") + filling * (20 * 1024 * 1024 // len(filling)), 1)
    script: list[Act] = [head(content_type=dialect.content_type, content_encoding="gzip", connection="close")]
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [*script, Send(bomb), Close()])
        deltas, error = await reply_of(chat)
    assert deltas == ["Hello"]
    assert error is not None
    assert any(words in error.message for words in (str(MAX_UNPACKED_BYTES), str(MAX_LINE_BYTES)))


async def test_a_compression_that_nobody_asked_for_is_named(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        for encoding in ("br", "gzip, gzip"):
            top = head(content_type=dialect.content_type, content_encoding=encoding, connection="close")
            server.answer(dialect.path, [top, Send(b"what is this"), Close()])
            assert f"compressed as {encoding}" in (await failure_of(chat)).message
        top = head(content_type=dialect.content_type, content_encoding="gzip", connection="close")
        server.answer(dialect.path, [top, Send(b"what is this"), Close()])
        assert "damaged" in (await failure_of(chat)).message


@pytest.mark.parametrize("end", [[Reset()], [Close()]], ids=str)
async def test_a_server_that_hangs_up_without_an_answer_is_a_chat_error(dialect: Dialect, end: list[Act]) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, end)
        assert "broke" in (await failure_of(chat)).message


async def test_nobody_at_the_address_is_said_with_what_to_start(dialect: Dialect) -> None:
    async with serve() as server:
        pass
    async with dialect.open(server) as chat:
        error = await failure_of(chat)
    assert isinstance(error, ChatUnavailable)
    assert "nobody answers" in error.message
    assert server.url in error.message
    assert "chat.base_url" in error.hint
    assert "start" in error.hint
    assert error.__cause__ is not None


async def test_a_reply_that_does_not_begin_in_time_fails(dialect: Dialect) -> None:
    scripts: list[list[Act]] = [[Stall()], [dialect.head, Stall()]]
    for script in scripts:
        async with serve() as server, dialect.open(server, first_delta_timeout_seconds=0.2) as chat:
            server.answer(dialect.path, script)
            error = await failure_of(chat)
            assert "did not begin to reply within 0.2 s" in error.message
            assert "chat.first_delta_timeout_seconds" in error.hint
            with anyio.fail_after(10):
                await server.hung_up.wait()


async def test_a_reply_that_pauses_for_too_long_fails_after_its_deltas(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server, idle_timeout_seconds=0.2) as chat:
        server.answer(dialect.path, [dialect.head, *dialect.chunks("Hello"), Stall()])
        deltas, error = await reply_of(chat)
        assert deltas == ["Hello"]
        assert error is not None
        assert "paused for more than 0.2 s" in error.message
        assert "chat.idle_timeout_seconds" in error.hint
        with anyio.fail_after(10):
            await server.hung_up.wait()


async def test_keep_alive_comments_are_not_progress(dialect: Dialect) -> None:
    comment = chunk(b": ping\n\n" if dialect is OPENAI else b"\n").data
    async with serve() as server, dialect.open(server, idle_timeout_seconds=0.3) as chat:
        server.answer(dialect.path, [dialect.head, *dialect.chunks("Hello"), Endless(comment, 0.02)])
        with anyio.fail_after(10):
            deltas, error = await reply_of(chat)
    assert deltas == ["Hello"]
    assert error is not None
    assert "paused" in error.message


async def test_a_slow_listener_is_not_taken_for_a_slow_server(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server, idle_timeout_seconds=0.2) as chat:
        server.answer(dialect.path, [dialect.head, *dialect.chunks("a"), Pause(0.05), *dialect.chunks("b"), Stall()])
        async with aclosing(chat.stream_reply(HELLO)) as reply:
            assert await anext(reply) == "a"
            await anyio.sleep(0.4)
            assert await anext(reply) == "b"


async def test_a_listener_that_stops_makes_the_server_wait(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [dialect.head, Endless(chunk(dialect.delta("x" * 1000)).data)])
        async with aclosing(chat.stream_reply(HELLO)) as reply:
            assert str(await anext(reply)).startswith("x")
            sent = -1
            with anyio.fail_after(20):
                while sent != server.bytes_sent:
                    sent = server.bytes_sent
                    await anyio.sleep(0.3)
            assert sent < 32 * 1024 * 1024
            assert not server.hung_up.is_set()
        with anyio.fail_after(10):
            await server.hung_up.wait()


async def test_closing_the_generator_hangs_up_and_leaves_nothing_behind(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [dialect.head, *dialect.chunks("Hello"), Stall()])
        async with aclosing(chat.stream_reply(HELLO)) as reply:
            await anext(reply)
        with anyio.fail_after(10):
            await server.hung_up.wait()
        gc.collect()  # would warn about async generators that were left alone


async def test_cancelling_hangs_up(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [dialect.head, *dialect.chunks("Hello"), Stall()])
        with anyio.CancelScope() as scope:
            async with aclosing(chat.stream_reply(HELLO)) as reply:
                async for _ in reply:
                    scope.cancel()
        assert scope.cancelled_caught
        with anyio.fail_after(10):
            await server.hung_up.wait()
        gc.collect()


async def test_many_random_cancels_leave_the_client_usable(dialect: Dialect) -> None:
    chance = random.Random(7)
    good: list[Act] = [
        dialect.head,
        *dialect.chunks("a"),
        Pause(0.002),
        *dialect.chunks("b"),
        chunk(dialect.end),
        LAST_CHUNK,
    ]

    async def be_fickle(chat: Chat) -> None:
        for _ in range(34):
            with anyio.move_on_after(chance.uniform(0, 0.02)):
                await reply_of(chat)

    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, good)
        async with anyio.create_task_group() as tasks:
            for _ in range(6):
                tasks.start_soon(be_fickle, chat)
        with anyio.fail_after(20):
            for _ in range(10):
                assert await reply_of(chat) == (["a", "b"], None)


async def test_replies_may_run_side_by_side(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(
            dialect.path, chunked([dialect.delta("Hi"), dialect.end], dialect.content_type, pause_seconds=0.01)
        )
        results: list[tuple[list[str], ChatError | None]] = []

        async def ask() -> None:
            results.append(await reply_of(chat))

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(ask)
    assert results == [(["Hi"], None)] * 20


async def test_an_empty_reply_is_said_to_be_empty(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        for texts in ([], [""], [" ", "\n"], ["<think>", "hm", "</think>"]):
            body = [*(dialect.delta(text) for text in texts), dialect.end]
            server.answer(dialect.path, chunked(body, dialect.content_type))
            assert "is empty" in (await failure_of(chat)).message


async def test_an_answer_without_a_word_is_not_a_reply(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, chunked([], dialect.content_type))
        error = await failure_of(chat)
    assert "without a word" in error.message
    assert "conversation.turns" in error.hint


async def test_reasoning_in_tags_is_not_for_the_listener(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        parts = ["<th", "ink>hm, ", "a <b", "> b</thi", "nk>", "\n\n", "Hello", " <think>"]
        body = [*map(dialect.delta, parts), dialect.end]
        server.answer(dialect.path, chunked(body, dialect.content_type))
        assert await reply_of(chat) == (["Hello", " <think>"], None)


async def test_text_held_as_a_possible_tag_comes_before_the_failure(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, chunked([dialect.delta("<th")], dialect.content_type))
        deltas, error = await reply_of(chat)
        assert deltas == ["<th"]
        assert error is not None


async def test_a_byte_that_is_not_utf_8_costs_one_letter_of_the_reply(dialect: Dialect) -> None:
    """The reply broke off there: "sent something that cannot be read"."""
    bad = dialect.delta("a?b").replace(b"?", b"\xe3\x81")
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, chunked([dialect.delta("Hello "), bad, dialect.end], dialect.content_type))
        assert await reply_of(chat) == (["Hello ", "a\ufffdb"], None)


async def test_a_byte_order_mark_is_not_part_of_the_reply(dialect: Dialect) -> None:
    """In front of Ollama's first line it was "not JSON"."""
    async with serve() as server, dialect.open(server) as chat:
        body = [b"\xef\xbb", b"\xbf" + dialect.delta("Hi"), dialect.end]
        server.answer(dialect.path, chunked(body, dialect.content_type))
        assert await reply_of(chat) == (["Hi"], None)


async def test_garbage_is_a_chat_error_after_the_deltas(dialect: Dialect) -> None:
    garbage = {b"\xff\xfe": "not JSON: \ufffd\ufffd", b"nonsense": "not JSON", b"[1]": "not a JSON object"}
    async with serve() as server, dialect.open(server) as chat:
        for bad, cause in garbage.items():
            line = b"data: " + bad + b"\n\n" if dialect is OPENAI else bad + b"\n"
            body = dialect.delta("Hello") + line + dialect.delta("never")
            server.answer(dialect.path, chunked([body], dialect.content_type))
            deltas, error = await reply_of(chat)
            assert deltas == ["Hello"]
            assert error is not None
            assert cause in error.message


async def test_strange_but_valid_json_does_no_harm(dialect: Dialect) -> None:
    lines = ["{}", '{"message": 1}', '{"choices": 1}', '{"choices": [1]}', '{"choices": [{"delta": []}]}']
    strange = [(f"data: {line}\n\n" if dialect is OPENAI else f"{line}\n").encode() for line in lines]
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, chunked([*strange, dialect.delta("Hi"), dialect.end], dialect.content_type))
        assert await reply_of(chat) == (["Hi"], None)


async def test_a_line_without_end_is_given_up(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [dialect.head, Endless(chunk(b"x" * 100_000).data)])
        assert str(MAX_LINE_BYTES) in (await failure_of(chat)).message


async def test_a_tool_call_without_end_is_given_up(dialect: Dialect) -> None:
    call = {"index": 0, "id": "1", "function": {"name": "x", "arguments": "x" * 100_000}}
    event = {"message": {"tool_calls": [call]}, "choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}
    line = json.dumps(event).encode() + b"\n\n"
    line = b"data: " + line if dialect is OPENAI else line
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [dialect.head, Endless(chunk(line).data)])
        assert str(MAX_LINE_BYTES) in (await failure_of(chat)).message


async def test_half_a_character_can_be_sent(dialect: Dialect) -> None:
    half = "a\ud83d"
    call = ToolCall("1", "x", json.dumps({"text": half}))
    messages = [Message("user", half), Message("assistant", half, tool_calls=(call,)), Message("tool", half)]
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, dialect.reply("Hi"))
        assert (await told_by(chat, messages=messages)).deltas == ["Hi"]
    assert server.requests[0].body.decode().count("a\ufffd") == 4


async def test_half_a_character_can_be_printed(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, chunked([dialect.delta("a\ud83d"), dialect.end], dialect.content_type))
        assert await reply_of(chat) == (["a\ufffd"], None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"error": "out of cake"}', "out of cake"),
        ('{"error": {"message": "out of cake", "code": 1}}', "out of cake"),
        ('{"message": "out of cake"}', "out of cake"),
        ('{"detail": "out of cake"}', "out of cake"),
        ('{"detail": [{"loc": ["body", "x"], "msg": "out of cake"}]}', "body.x: out of cake"),
        ("out of cake", "out of cake"),
        ("[" * 100_000, "[["),
        ("", "without a reason"),
    ],
)
async def test_the_servers_own_words_are_in_the_message(dialect: Dialect, body: str, words: str) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, whole(body, status="418 I'm a teapot"))
        error = await failure_of(chat)
    assert "418 I'm a teapot" in error.message
    assert words in error.message
    assert len(error.message) < 1000


async def test_a_refusal_that_stalls_is_still_a_refusal(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, [head("500 Oops", content_type="application/json", content_length="10"), Close()])
        assert "500 Oops" in (await failure_of(chat)).message


@pytest.mark.parametrize("status", ["200 OK", "404 Not Found", "503 Service Unavailable"])
async def test_a_page_for_people_is_called_that(dialect: Dialect, status: str) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, whole("<html><body>Hello</body></html>", "text/html; charset=utf-8", status))
        error = await failure_of(chat)
    assert "answered with an HTML page" in error.message
    assert "chat.base_url" in error.hint


async def test_each_status_says_what_to_do(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, whole("{}", status="401 Unauthorized"))
        assert ("chat.headers" if dialect is OLLAMA else "VOICEBOT_CHAT__API_KEY") in (await failure_of(chat)).hint
        server.answer(dialect.path, whole("{}", status="429 Too Many Requests", retry_after="7"))
        assert "try again in 7 s" in (await failure_of(chat)).hint
        server.answer(dialect.path, [head("301 Moved", location="https://elsewhere/v1", content_length="0")])
        error = await failure_of(chat)
        assert "redirects to https://elsewhere/v1" in error.message
        assert "chat.base_url" in error.hint
        server.answer(dialect.path, whole('{"error": "boom"}', status="500 Internal Server Error"))
        assert "log" in (await failure_of(chat)).hint
        server.answer(dialect.path, whole('{"error": "context too long"}', status="400 Bad Request"))
        assert "conversation.turns" in (await failure_of(chat)).hint


BUSY = "503 Service Unavailable"


async def test_what_may_pass_is_asked_again(dialect: Dialect) -> None:
    troubles: list[list[Act]] = [
        whole("{}", status="429 Too Many Requests", retry_after="0"),
        whole("{}", status="500 Internal Server Error", retry_after_ms="1"),
        whole("{}", status=BUSY),
        [Close()],
    ]
    async with serve() as server, dialect.open(server, retries=2) as chat:
        troubles.append([Reset()])
        for first, second in pairwise(troubles):
            server.requests.clear()
            server.answer(dialect.path, first, second, dialect.reply("Hi"))
            assert await reply_of(chat) == (["Hi"], None)
            assert len({request.body for request in server.requests}) == 1
            assert len(server.requests) == 3


async def test_the_last_refusal_is_told_when_the_retries_are_used_up(dialect: Dialect) -> None:
    trouble = whole('{"error": "out of cake"}', status=BUSY, retry_after="0")
    async with serve() as server:
        for retries in (0, 1, 3):
            server.requests.clear()
            server.answer(dialect.path, trouble)
            async with dialect.open(server, retries=retries) as chat:
                assert "503 Service Unavailable: out of cake" in (await failure_of(chat)).message
            assert len(server.requests) == retries + 1


async def test_what_stays_wrong_is_not_asked_again(dialect: Dialect) -> None:
    answers: list[list[Act]] = [
        *(whole("{}", status=f"{code} Oh") for code in (400, 401, 403, 404, 413, 422)),
        whole("{}", status=BUSY, x_should_retry="false"),
    ]
    async with serve() as server, dialect.open(server, retries=2) as chat:
        for answer in answers:
            server.answer(dialect.path, answer)
            server.answer("/api/tags", whole("{}"))
            server.answer("/v1/models", whole("{}"))
            await failure_of(chat)
        assert len([request for request in server.requests if request.path == dialect.path]) == len(answers)


async def test_a_reply_that_has_begun_is_never_asked_for_again(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server, retries=2) as chat:
        for script in ([dialect.head, *dialect.chunks("Hel"), LAST_CHUNK], [dialect.head, LAST_CHUNK]):
            server.requests.clear()
            server.answer(dialect.path, script)
            await failure_of(chat)
            assert len(server.requests) == 1


async def test_a_pause_that_is_too_long_is_told_and_not_waited_for(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server, retries=2) as chat:
        with anyio.fail_after(10):
            for name, value in {"retry_after": "11", "retry_after_ms": "10500"}.items():
                server.answer(dialect.path, whole("{}", status="429 Too Many Requests", **{name: value}))
                assert "try again in 11 s" in (await failure_of(chat)).hint
            later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
            server.answer(dialect.path, whole("{}", status=BUSY, retry_after=later))
            assert re.search(r"try again in 3(600|5\d\d) s", (await failure_of(chat)).hint)
        assert len(server.requests) == 3


async def test_no_redirect_leads_to_another_server(dialect: Dialect) -> None:
    async with serve() as server, serve() as elsewhere, dialect.open(server, retries=2) as chat:
        elsewhere.answer(dialect.path, dialect.reply("never"))
        for code in ("301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
            location = f"{elsewhere.url}{dialect.path}"
            server.answer(dialect.path, [head(code, location=location, content_length="0")])
            assert f"redirects to {location}" in (await failure_of(chat)).message
        assert elsewhere.connections == 0


async def test_a_redirect_within_a_server_is_followed_with_the_same_question(dialect: Dialect) -> None:
    async with serve() as server, dialect.open(server) as chat:
        moved = head("307 Temporary Redirect", location=f"{dialect.path}/", content_length="0")
        server.answer(dialect.path, [moved])
        server.answer(f"{dialect.path}/", dialect.reply("Hi"))
        assert await reply_of(chat) == (["Hi"], None)
        first, second = server.requests
        assert (first.method, first.body) == (second.method, second.body)
        server.answer(dialect.path, [head("307 Temporary Redirect", location=dialect.path, content_length="0")])
        assert "redirects to" in (await failure_of(chat)).message  # in circles


async def test_a_model_that_is_loading_is_said_to(dialect: Dialect) -> None:
    loading = '{"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}'
    async with serve() as server, dialect.open(server) as chat:
        server.answer(dialect.path, whole(loading, status=BUSY))
        assert "still loading its model" in (await failure_of(chat)).hint

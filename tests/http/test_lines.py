"""The decoders: pure, independent of how the bytes are cut, and nothing good is lost beside what is not text."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.http.lines import (
    BadStream,
    EventDecoder,
    LineDecoder,
    ServerSentEvent,
    parse_object,
    without_lone_surrogates,
)
from voicebot.http.streaming import Decoder

CONTRACTS = Path(__file__).parent.parent / "data" / "contracts"
NDJSON = sorted(CONTRACTS.rglob("*.ndjson"))
SSE = sorted(path for path in CONTRACTS.rglob("*.sse") if path.stat().st_size)

T = TypeVar("T")


def decode(decoder: Decoder[T], pieces: list[bytes]) -> tuple[list[T], bool]:
    """Feed all pieces; return the items and whether the bytes were good to their end."""
    items: list[T] = []
    try:
        for piece in pieces:
            items += decoder.feed(piece)
        decoder.check()
        items += decoder.flush()
    except BadStream:
        return items, False
    return items, True


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """Cut `data` at `places`, in any order and as often as they come."""
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


PLACES = st.lists(st.integers(0, 1_000_000), max_size=30)


@pytest.mark.parametrize("path", NDJSON, ids=lambda path: path.name)
@settings(max_examples=20)  # of each body: many are alike
@given(places=PLACES)
def test_any_cut_of_a_captured_ndjson_body_gives_the_same_lines(path: Path, places: list[int]) -> None:
    data = path.read_bytes()
    assert decode(LineDecoder(), cut(data, places)) == decode(LineDecoder(), [data])


@pytest.mark.parametrize("path", SSE, ids=lambda path: f"{path.parent.name}/{path.name}")
@settings(max_examples=20)  # of each body: many are alike
@given(places=PLACES)
def test_any_cut_of_a_captured_event_stream_gives_the_same_events(path: Path, places: list[int]) -> None:
    data = path.read_bytes()
    assert decode(EventDecoder(), cut(data, places)) == decode(EventDecoder(), [data])


@pytest.mark.parametrize("path", [*NDJSON, *SSE], ids=lambda path: path.name)
def test_a_body_that_comes_byte_by_byte_gives_the_same_items(path: Path) -> None:
    data = path.read_bytes()
    single = [data[index : index + 1] for index in range(len(data))]
    if path.suffix == ".ndjson":
        assert decode(LineDecoder(), single) == decode(LineDecoder(), [data])
    else:
        assert decode(EventDecoder(), single) == decode(EventDecoder(), [data])


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *(b"\r", b"\n", b"\r\n", b":", b" ", b"data", b"data: x", b"event: e", b"id: 1", b"error: {}"),
            *("あ".encode(), "\u2028".encode(), "\u0085".encode(), b"\xef\xbb\xbf", b"\xe3\x81", b"\xff", b"\x00"),
        ]
    ),
    max_size=40,
).map(b"".join)


@given(data=FRAGMENTS, places=PLACES)
def test_any_cut_of_any_bytes_gives_the_same_events(data: bytes, places: list[int]) -> None:
    assert decode(EventDecoder(), cut(data, places)) == decode(EventDecoder(), [data])


@given(data=FRAGMENTS, places=PLACES)
def test_any_cut_of_any_bytes_gives_the_same_lines(data: bytes, places: list[int]) -> None:
    assert decode(LineDecoder(), cut(data, places)) == decode(LineDecoder(), [data])


@given(values=st.lists(st.text()), line_end=st.sampled_from([b"\n", b"\r\n", b"\n\n"]), places=PLACES)
def test_json_lines_come_back_as_they_were_written(values: list[str], line_end: bytes, places: list[int]) -> None:
    body = b"".join(json.dumps({"t": value}, ensure_ascii=True).encode() + line_end for value in values)
    lines, good = decode(LineDecoder(), cut(body, places))
    assert good
    assert [parse_object(line)["t"] for line in lines] == values


@given(
    values=st.lists(st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]))),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    places=PLACES,
)
def test_event_data_comes_back_as_it_was_written(values: list[str], line_end: bytes, places: list[int]) -> None:
    body = b"".join(b"data: " + value.encode() + line_end * 2 for value in values)
    events, good = decode(EventDecoder(), cut(body, places))
    assert good
    assert [event.data for event in events] == values


def test_line_separators_of_other_alphabets_are_content() -> None:
    text = "a\u2028b\u0085c\x0bd\x0ce"
    assert LineDecoder().feed(text.encode() + b"\n") == [text]
    assert EventDecoder().feed(b"data: " + text.encode() + b"\n\n") == [ServerSentEvent(text)]


def test_an_event_ends_with_cr_alone_without_waiting_for_what_follows() -> None:
    assert EventDecoder().feed(b"data: x\r\r") == [ServerSentEvent("x")]


def test_lines_of_data_join_and_comments_and_unknown_fields_go() -> None:
    stream = b": hello\ndata: a\nfoo: bar\ndata:b\ndata\nid: 7\nretry: 10\nevent: done\n\n"
    assert EventDecoder().feed(stream) == [ServerSentEvent("a\nb\n", "done")]


def test_an_event_without_data_is_dropped_and_its_name_does_not_stick() -> None:
    assert EventDecoder().feed(b"event: ping\n\ndata: x\n\n") == [ServerSentEvent("x")]


def test_the_error_line_of_older_llama_cpp_is_an_error_event() -> None:
    assert EventDecoder().feed(b'error: {"code":500}\n\n') == [ServerSentEvent('{"code":500}', "error")]


def test_a_last_event_without_its_blank_line_counts() -> None:
    decoder = EventDecoder()
    assert decoder.feed(b"data: a\n\ndata: b") == [ServerSentEvent("a")]
    assert decoder.flush() == [ServerSentEvent("b")]


def test_a_byte_that_is_not_utf_8_costs_one_letter() -> None:
    """It ended the reply, with everything that was still to come."""
    body = "data: 気".encode() + b"\xff" + "温\n\ndata: b\n\n".encode()
    assert LineDecoder().feed(body) == ["data: 気\ufffd温", "data: b"]
    assert [event.data for event in EventDecoder().feed(body)] == ["気\ufffd温", "b"]


def test_a_byte_order_mark_is_not_content() -> None:
    """In front of newline-delimited JSON it ended the reply: not JSON."""
    mark = b"\xef\xbb\xbf"
    assert LineDecoder().feed(mark + b"{}\n" + mark + b"\n") == ["{}", "\ufeff"]
    last = LineDecoder()
    assert last.feed(mark + b"{}") == []
    assert last.flush() == ["{}"]


@pytest.mark.parametrize("decoder", [LineDecoder(max_line_bytes=15), EventDecoder(max_line_bytes=15)])
def test_what_was_good_before_a_bad_line_is_not_lost(decoder: LineDecoder | EventDecoder) -> None:
    assert len(decoder.feed(b"data: good\n\ndata: much too long\n\n")) == 1
    with pytest.raises(BadStream, match="more than 15 bytes"):
        decoder.feed(b"")


@pytest.mark.parametrize("decoder", [LineDecoder(), EventDecoder()], ids=["lines", "events"])
def test_an_end_inside_a_character_is_an_error_and_not_a_replacement_character(
    decoder: LineDecoder | EventDecoder,
) -> None:
    assert decoder.feed("data: 気".encode()[:-1]) == []
    with pytest.raises(BadStream):
        decoder.flush()


@pytest.mark.parametrize(
    "decoder", [LineDecoder(max_line_bytes=100), EventDecoder(max_line_bytes=100)], ids=["lines", "events"]
)
def test_a_line_without_end_does_not_fill_the_memory(decoder: LineDecoder | EventDecoder) -> None:
    for _ in range(11):
        decoder.feed(b"x" * 10)
    with pytest.raises(BadStream, match="100 bytes"):
        decoder.feed(b"x" * 10)


def test_an_event_without_end_does_not_fill_the_memory() -> None:
    decoder = EventDecoder(max_line_bytes=100)
    for _ in range(15):
        decoder.feed(b"data: x\n")
    with pytest.raises(BadStream, match="100 bytes"):
        decoder.feed(b"data: x\n")


@pytest.mark.parametrize("text", ["", "[]", "1", "{", "nonsense", "[" * 100_000])
def test_only_a_json_object_is_one(text: str) -> None:
    with pytest.raises(BadStream):
        parse_object(text)


def test_half_a_character_becomes_a_replacement_character_and_a_whole_one_stays() -> None:
    assert without_lone_surrogates("a\ud83db😀\ude00") == "a\ufffdb😀\ufffd"
    assert without_lone_surrogates("気温😀") == "気温😀"

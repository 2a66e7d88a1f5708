"""A JSON value is read while it comes: its end and its texts do not depend on how it is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.splitting import cut
from voicebot.text.json_stream import ValueReader


def read(pieces: list[str]) -> tuple[dict[str, str], str, bool]:
    """The texts of the outermost object, what stands behind the value, and whether it has ended."""
    reader = ValueReader()
    texts: dict[str, str] = {}
    rest = ""
    for piece in pieces:
        fields, used = reader.feed(piece)
        for field in fields:
            texts[field.key] = texts.get(field.key, "") + field.text
        rest += piece[used:]
    return texts, rest, reader.ended


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5), st.booleans(), st.sampled_from([None, 2]), st.text(), st.data())
def test_the_texts_of_an_object_come_unescaped_however_it_is_cut(
    value: dict[str, object], ascii_only: bool, indent: int | None, behind: str, data: st.DataObject
) -> None:
    written = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    texts, rest, ended = read(cut(written + behind, data))
    wanted = {key: text for key, text in value.items() if isinstance(text, str)}
    assert (texts, rest, ended) == (wanted, behind, True)


@given(st.lists(VALUES, max_size=4), st.text(), st.data())
def test_the_end_of_an_array_is_found_however_it_is_cut(value: list[object], behind: str, data: st.DataObject) -> None:
    assert read(cut(json.dumps(value) + behind, data)) == ({}, behind, True)


@given(st.text(st.sampled_from("{}[]()\"'\\:,u0dDa8 \n気")), st.data())
def test_whatever_it_is_it_is_read_the_same_way_however_it_is_cut(written: str, data: st.DataObject) -> None:
    assert read(cut("{" + written, data)) == read(["{" + written])


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (r'{"a": "\u6c17\n\t\"\\\/"}', '気\n\t"\\/'),
        (r'{"a": "\ud83d\ude00"}', "😀"),
        (r'{"a": "\ud83d"}', "\ufffd"),
        (r'{"a": "\ude00x"}', "\ufffdx"),
        (r'{"a": "\ud83dx"}', "\ufffdx"),
        (r'{"a": "\ud83d\u0041"}', "\ufffdA"),
        (r'{"a": "\u12x"}', "\ufffdx"),
        (r'{"a": "it\'s"}', "it's"),
        ('{"a": "two\nlines"}', "two\nlines"),
        ("{'a': 'it\\'s \"x\"'}", 'it\'s "x"'),
        ("{'a': \"it's\"}", "it's"),
        ('{"a": "it\'s"}', "it's"),
        ('{"b": {"a": "inner"}, "a": "outer"}', "outer"),
        ('{"b": [{"a": "inner"}], "a": "outer"}', "outer"),
        ('{"a": "', ""),
        ('{"a": "so fa', "so fa"),
    ],
)
def test_what_models_write_is_understood(written: str, text: str) -> None:
    assert read([written])[0].get("a", "") == text
    assert read(list(written)) == read([written])


def test_each_text_is_told_when_it_has_ended() -> None:
    fields, _ = ValueReader().feed('{"a": "x", "b": "", "c": 1, "d": "y')
    assert [(field.key, field.text, field.ended) for field in fields] == [
        ("a", "x", False), ("a", "", True), ("b", "", True), ("d", "y", False),
    ]  # fmt: skip

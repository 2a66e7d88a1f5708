"""The parts of speech-dispatcher's protocol that do no I/O."""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot import events
from voicebot.daemon.ssip.commands import Refused, read_command
from voicebot.daemon.ssip.lines import MAX_LINE_BYTES, MAX_TEXT_BYTES, Line, Piece, SsipDecoder, Text, TooLong
from voicebot.daemon.ssip.messages import Message, Progress
from voicebot.daemon.ssip.replies import Happening, Reply, encode
from voicebot.daemon.ssip.ssml import Mark, without_tags
from voicebot.daemon.ssip.words import character_words, icon_words, key_words, speed_of, spelt

# ---------------------------------------------------------------- lines

PARTS = st.lists(
    st.sampled_from(
        [b"SPEAK\r\n", b"\r\n.\r\n", b".\r\n", b"..", b"\r\n", b"\n", b"\r", b".", b"STOP self", b"a", b" "]
    ),
    max_size=40,
)


def pieces(*data: bytes) -> list[Piece]:
    decoder = SsipDecoder()
    return [piece for one in data for piece in decoder.feed(one)]


@given(PARTS, st.lists(st.integers(0, 200), max_size=10))
def test_how_the_bytes_are_split_does_not_matter(parts: list[bytes], cuts: list[int]) -> None:
    whole = b"".join(parts)
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    assert pieces(*(whole[a:b] for a, b in pairwise(places))) == pieces(whole)


@given(st.binary(max_size=300))
def test_any_bytes_are_lines_or_texts(data: bytes) -> None:
    assert all(isinstance(piece, Line | Text) for piece in pieces(data))


@given(st.text(st.sampled_from("a.あ\n \r"), max_size=40))
def test_a_text_comes_through_as_its_client_meant_it(text: str) -> None:
    sent = text.encode().replace(b"\r\n.", b"\r\n..")
    sent = b"." + sent if sent.startswith(b".") else sent
    assert pieces(b"SPEAK\r\n" + sent + b"\r\n.\r\nQUIT\r\n") == [Line(b"SPEAK"), Text(text.encode()), Line(b"QUIT")]


@pytest.mark.parametrize("step", [1000, 65_536, 10_000_000])
def test_what_is_too_long_is_told_once_and_the_next_is_read(step: int) -> None:
    line = b"a" * (MAX_LINE_BYTES + 1) + b"\r\n"
    text = b"SPEAK\r\n" + b"b" * (MAX_TEXT_BYTES + 1) + b"\r\n.\r\n"
    whole = line + text + b"QUIT\r\n"
    found = pieces(*(whole[at : at + step] for at in range(0, len(whole), step)))
    assert found == [TooLong(text=False), Line(b"SPEAK"), TooLong(text=True), Line(b"QUIT")]


def test_what_just_fits_is_read() -> None:
    line, text = b"a" * (MAX_LINE_BYTES - 1), b"b" * MAX_TEXT_BYTES
    assert pieces(line + b"\n", b"SPEAK\r\n", text, b"\r\n.\r\n") == [Line(line), Line(b"SPEAK"), Text(text)]


def test_an_endless_line_takes_no_memory() -> None:
    decoder = SsipDecoder()
    for _ in range(200):
        assert decoder.feed(b"a" * 65_536) == []
    assert len(decoder._unread) <= MAX_LINE_BYTES


# ---------------------------------------------------------------- commands and answers


@given(st.binary(max_size=60), st.booleans())
def test_any_line_is_a_command_or_refused(line: bytes, in_block: bool) -> None:
    with suppress(Refused):
        read_command(line, in_block=in_block)


@given(st.text(max_size=30))
def test_nothing_in_an_answer_ends_its_line(text: str) -> None:
    """A mark or the name of a voice could have answered in our place."""
    sent = encode(Happening.INDEX_MARK, 1, 2, text).decode()
    assert sent.count("\n") == sent.count("\r\n") == 4
    assert sent.splitlines()[-1] == "700 INDEX MARK"


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        (b"SET SELF LANGUAGE \xff", Reply.ENCODING),
        ("STOP \N{SUPERSCRIPT TWO}".encode(), Reply.BAD_PARAMETER),
        (b"STOP 99999999999999999999999", Reply.BAD_PARAMETER),
        ("SET SELF RATE ٣".encode(), Reply.NO_NUMBER),
    ],
)
def test_what_looks_like_a_number_and_is_not_one_is_refused(line: bytes, reply: Reply) -> None:
    with pytest.raises(Refused) as refused:
        read_command(line)
    assert refused.value.reply == reply


# ---------------------------------------------------------------- SSML


def test_tags_are_left_out_and_marks_keep_their_place() -> None:
    words = without_tags(
        """<?xml version="1.0"?><speak>Hello <mark name="a>b"/>there &amp;&#x20;"""
        """<b x='1>2'>you</b>.<mark name='end'/></speak>"""
    )
    assert words.text == "Hello there & you."
    assert words.marks == (Mark("a>b", 6), Mark("end", 18))


def test_entities_are_not_expanded_and_name_no_file() -> None:
    bomb = """<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]><speak>&b;&f;</speak>"""
    assert without_tags(bomb).text == "&b;&f;"
    assert without_tags("&amp;lt;b&amp;gt;").text == "&lt;b&gt;"


@pytest.mark.parametrize(
    ("ssml", "words"),
    [
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a <b", "a <b"),
        ("<!-- hidden <b> -->seen", "seen"),
        ("<![CDATA[<b>&amp;]]>", "<b>&amp;"),
        ("<!-- open", "<!-- open"),
        ("One.<break/>Two.<p>Three.</p>", "One. Two. Three. "),
        ("&#0;&#xD800;&#x110000;&#65;", "A"),
        ("吾輩は<sub alias='x'>猫</sub>である。", "吾輩は猫である。"),
        ('<mark/><mark name="">a', "a"),
    ],
)
def test_what_is_said_of_ssml(ssml: str, words: str) -> None:
    assert without_tags(ssml).text == words


@given(st.text(st.sampled_from("<>/!-[]?\"'=&;#amp x"), max_size=60))
def test_any_ssml_can_be_said(ssml: str) -> None:
    words = without_tags(ssml)
    assert all(0 <= mark.offset <= len(words.text) for mark in words.marks)


@pytest.mark.parametrize(
    "part", ["<", "<!--", "<a ", "<![CDATA[", "<!DOCTYPE [", '<a b="', "<a b='c' ", "<?", "&#", "<mark "]
)
def test_hostile_ssml_takes_time_in_proportion_to_its_length(part: str) -> None:
    def seconds(characters: int) -> float:
        text = part * (characters // len(part))
        began = time.thread_time()
        without_tags(text)
        return time.thread_time() - began

    # Eight times the text; were it quadratic, sixty-four times the time. One may be slowed down and the other not.
    assert any(seconds(80_000) < 32 * max(0.001, seconds(10_000)) for _ in range(5))


# ---------------------------------------------------------------- words


def test_characters_keys_and_sounds_have_names_in_both_languages() -> None:
    assert [character_words(one, "en") for one in ("a", "space", "/", "あ", "€", "linefeed", "ab")] == [
        "a",
        "space",
        "slash",
        "あ",
        "euro sign",
        "new line",
        "ab",
    ]
    assert [character_words(one, "ja") for one in ("space", "/", "。")] == ["スペース", "スラッシュ", "句点"]
    assert [key_words(one, "en") for one in ("control_shift_a", "_", "kp-enter", "shift_/")] == [
        "control shift a",
        "underscore",
        "kp enter",
        "shift slash",
    ]
    assert (icon_words("new-mail"), spelt("a b", "ja")) == ("new mail", "a, スペース, b")


@given(st.text(max_size=20))
def test_every_name_can_be_said(name: str) -> None:
    assert character_words(name, "en") or not name
    assert key_words(name, "ja")


def test_the_rate_is_a_factor_between_two_fifths_and_two_and_a_half() -> None:
    assert [speed_of(rate) for rate in (-100, 0, 50, 100)] == [0.4, 1.0, 1.581, 2.5]


# ---------------------------------------------------------------- progress


def ready(index: int, text: str) -> events.UtteranceReady:
    return events.UtteranceReady("t", 0, index, text, text, text, "", None)


def test_marks_are_told_when_what_is_before_them_was_heard() -> None:
    progress = Progress([Message(1, "One. Two. Three.", (Mark("a", 0), Mark("b", 5), Mark("c", 12), Mark("d", 16)))])
    told = [
        [(note.happening.name, note.mark) for note in progress.hears(event)]
        for event in (
            ready(0, "One. "),
            events.PlaybackStarted("t", 0, 0, "One.", 1),
            ready(1, "Two. Three."),
            events.PlaybackFinished("t", 0, 0),
            events.PlaybackStarted("t", 0, 1, "Two. Three.", 1),
            events.PlaybackFinished("t", 0, 1),
        )
    ]
    assert told == [
        [],
        [("BEGIN", ""), ("INDEX_MARK", "a")],
        [],
        [("INDEX_MARK", "b")],
        [],
        [("INDEX_MARK", "c"), ("INDEX_MARK", "d")],
    ]
    assert [note.happening for note in progress.ends(completed=True)] == [Happening.END]


def test_of_messages_cut_off_each_that_had_not_ended_is_cancelled() -> None:
    progress = Progress([Message(1, "One."), Message(2, "Two."), Message(3, "Three.")])
    progress.hears(ready(0, "One."))
    told = [
        *progress.hears(events.PlaybackStarted("t", 0, 0, "", 1)),
        *progress.hears(events.PlaybackFinished("t", 0, 0)),
    ]
    assert [(note.message, note.happening.name) for note in told] == [(1, "BEGIN"), (1, "END")]
    assert [(note.message, note.happening.name) for note in progress.ends(completed=False)] == [
        (2, "CANCELED"),
        (3, "CANCELED"),
    ]

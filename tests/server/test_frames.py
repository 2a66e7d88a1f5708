"""The frames of a live connection, to the byte: browsers and scripts have them built in."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.audio.remote import AudioBegin, AudioBlock, AudioEnd, Flush, Pause, RemoteMessage, Resume
from voicebot.server.frames import (
    Ask,
    Buffer,
    ChooseVoice,
    ClientMessage,
    GoOn,
    HoldSound,
    Interrupt,
    Listen,
    Ping,
    Played,
    Say,
    audio_frame,
    parse,
    refused,
    timeline,
)
from voicebot.server.refusals import Refusal
from voicebot.speech import AudioFormat, Clip, Span, Timing, Utterance

SPANS = (Span("**Hi** ", "Hi ", "Hi "), Span("😀", "😀", ""), Span("there.", "there.", "there."))
CLIP = Clip(Utterance(3, SPANS, 0, 14), bytes(8), AudioFormat(24_000, 2))


@pytest.mark.parametrize(
    ("message", "golden"),
    [
        (
            AudioBegin(7, CLIP),
            '{"type":"audio_begin","utterance":7,"turn":"t","index":3,"rate":24000,"channels":2,"format":"s16le",'
            '"shown":"Hi 😀there.","spoken":"Hi there.","frames":2,"timeline":null}',
        ),
        (AudioBlock(7, 960, b"\x01\x00\xff\xff"), bytes.fromhex("01 01 0000 07000000 c0030000 0100ffff")),
        (AudioBlock(2**32 - 1, 2**32 - 1, b""), bytes.fromhex("01 01 0000 ffffffff ffffffff")),
        (AudioEnd(7, 2), '{"type":"audio_end","utterance":7,"frames":2}'),
        (Flush(7), '{"type":"flush","utterance":7}'),
        (Pause(), '{"type":"pause"}'),
        (Resume(), '{"type":"resume"}'),
    ],
)
def test_what_an_audio_output_sends(message: RemoteMessage, golden: str | bytes) -> None:
    assert audio_frame(message, turn="t") == golden


def test_a_refusal() -> None:
    refusal = Refusal(413, "too long", hint="server.max_characters", code="too_long")
    assert refused(refusal) == (
        '{"type":"error","code":"too_long","message":"too long","hint":"server.max_characters"}'
    )


def test_the_timeline_is_in_characters_of_what_is_shown() -> None:
    timings = (Timing("Hi", 0.1, 0.3, 2), Timing("there", 0.35, 0.7, 8), Timing(".", 0.7, 0.71, 9))
    clip = replace(CLIP, timings=timings)
    told = timeline(clip)
    assert told == [(0, 2, 0.1), (2, 9, 0.35), (9, 10, 0.7)]
    assert [clip.utterance.shown[start:end] for start, end, _ in told] == ["Hi", " 😀there", "."]
    later = timeline(replace(CLIP, timings=timings[1:]), 2)
    assert later == told[1:]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ('{"type":"ask","text":"Hello."}', Ask(type="ask", text="Hello.")),
        ('{"type":"say","text":"x","barge_in":false}', Say(type="say", text="x", barge_in=False)),
        ('{"type":"interrupt","heard_frame":3}', Interrupt(type="interrupt")),
        ('{"type":"played","utterance":0,"frame":4294967295}', Played(type="played", utterance=0, frame=2**32 - 1)),
        ('{"type":"buffer","ms":12.5}', Buffer(type="buffer", ms=12.5)),
        ('{"type":"pause"}', HoldSound(type="pause")),
        ('{"type":"resume"}', GoOn(type="resume")),
        ('{"type":"voice","voice":"x","speed":1.5}', ChooseVoice(type="voice", voice="x", speed=1.5)),
        ('{"type":"listen","audio":true}', Listen(type="listen", audio=True)),
        ('{"type":"ping"}', Ping(type="ping")),
    ],
)
def test_what_a_client_says(frame: str, message: ClientMessage) -> None:
    assert parse(frame) == message


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "[]",
        "null",
        '"ask"',
        "{}",
        '{"type":"shutdown"}',
        '{"type":1}',
        '{"type":"ask"}',
        '{"type":"ask","text":""}',
        '{"type":"ask","text":1}',
        r'{"type":"ask","text":"\ud800"}',
        '{"type":"played","utterance":-1,"frame":0}',
        '{"type":"played","utterance":0,"frame":4294967296}',
        '{"type":"played","utterance":0,"frame":1e400}',
        '{"type":"played","utterance":0,"frame":NaN}',
        '{"type":"voice","voice":"x","speed":0}',
        '{"type":"voice","voice":"x","speed":NaN}',
        "[" * 100_000,
    ],
)
def test_rubbish_is_refused_in_words(frame: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse(frame)
    assert refusal.value.code == "bad_message"
    assert refusal.value.message


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_no_text_is_too_odd_to_be_refused(frame: str) -> None:
    with pytest.raises(Refusal):
        parse(frame)

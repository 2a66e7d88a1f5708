"""The replies to one job, whichever workers sent them: each frame is heard once and in order, or none that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.distributed.calls import Assembly, Reply, read_replies
from voicebot.distributed.messages import End, Failure, Piece, Start, parts_of, piece_of
from voicebot.speech import Audio, AudioFormat, Timing

FORMAT = AudioFormat(1000)


@dataclass(frozen=True)
class Engine:
    """Says the same frames, which are counted from 1, each time in pieces of these lengths."""

    pieces: tuple[int, ...] = (2, 3, 0, 1)
    deterministic: bool = True
    format: AudioFormat = FORMAT

    @property
    def frames(self) -> int:
        return sum(self.pieces)

    def audio(self) -> list[Audio]:
        made, first = [], 1
        for frames in self.pieces:
            numbers = range(first, first + frames)
            pcm = b"".join(number.to_bytes(2, "little") * self.format.channels for number in numbers)
            timings = tuple(
                Timing(str(number), at / 1000, (at + 1) / 1000, number) for at, number in enumerate(numbers)
            )
            made.append(Audio(pcm, self.format, timings, credit=f"piece of {frames}"))
            first += frames
        return made

    def run(self, attempt: int = 1, worker: str = "a", *, end: bytes | None = None) -> list[Reply]:
        """What a worker sends; one frame a part, so that pieces come in several."""
        said: list[tuple[Any, bytes, Piece | None]] = [
            (
                "start",
                dumped(
                    Start(
                        sample_rate=self.format.sample_rate,
                        channels=self.format.channels,
                        deterministic=self.deterministic,
                    )
                ),
                None,
            )
        ]
        for audio in self.audio():
            size = self.format.frame_bytes
            *parts, last = [audio.pcm[at : at + size] for at in range(0, len(audio.pcm), size)] or [b""]
            said += [("part", part, None) for part in parts] + [("part", last, piece_of(audio))]
        said.append(("end", dumped(End(frames=self.frames)) if end is None else end, None))
        return [
            Reply.model_construct(type=kind, attempt=attempt, worker=worker, seq=seq, piece=piece, body=body)
            for seq, (kind, body, piece) in enumerate(said)
        ]


def dumped(message: Start | End | Failure) -> bytes:
    return message.model_dump_json().encode()


def failure(reply: Reply, code: Any = "text") -> Reply:
    return reply.model_copy(update={"type": "error", "body": dumped(Failure(code=code)), "piece": None})


def assembly(most_bytes: int = 10_000) -> Assembly:
    return Assembly(most_bytes=most_bytes)


def taken(audio: Assembly) -> list[Audio]:
    pieces = []
    while (piece := audio.take()) is not None:
        pieces.append(piece)
    return pieces


def frames_of(pieces: list[Audio]) -> list[int]:
    pcm = b"".join(piece.pcm for piece in pieces)
    return [int.from_bytes(pcm[at : at + 2], "little") for at in range(0, len(pcm), 2)]


def test_the_pieces_are_those_that_the_engine_made() -> None:
    audio = assembly()
    for reply in Engine().run():
        assert audio.feed(reply)
    assert taken(audio) == Engine().audio()
    assert audio.done


def test_a_piece_is_there_with_its_last_part_and_not_before() -> None:
    audio = assembly()
    start, first, second, *_ = Engine().run()
    audio.feed(start)
    audio.feed(first)
    assert audio.begun
    assert not audio.ready
    audio.feed(second)
    assert taken(audio) == Engine().audio()[:1]


def test_another_attempt_goes_on_behind_what_was_heard() -> None:
    """A worker was killed in the middle of a text, and another began anew."""
    audio = assembly()
    for reply in Engine().run()[:4]:  # the first piece, and the beginning of the second
        audio.feed(reply)
    heard = taken(audio)
    for reply in Engine().run(attempt=2, worker="b"):
        audio.feed(reply)
    assert heard + taken(audio) == Engine().audio()
    assert audio.done


def test_an_attempt_that_cuts_elsewhere_is_cut_where_the_other_ended() -> None:
    audio = assembly()
    for reply in Engine().run()[:3]:
        audio.feed(reply)
    heard = taken(audio)
    for reply in Engine(pieces=(6,)).run(attempt=2):
        audio.feed(reply)
    (rest,) = taken(audio)
    assert frames_of([*heard, rest]) == [1, 2, 3, 4, 5, 6]
    assert [timing.text for timing in rest.timings] == ["3", "4", "5", "6"]
    assert rest.timings[0].start_seconds == pytest.approx(0)
    assert rest.timings[-1].end_seconds == pytest.approx(0.004)


def test_an_engine_that_says_it_otherwise_each_time_begins_anew_only_where_nothing_was_heard() -> None:
    engine = Engine(deterministic=False)
    unheard = assembly()
    for reply in [*engine.run()[:4], *replace(engine, pieces=(7,)).run(attempt=2)]:
        unheard.feed(reply)
    assert frames_of(taken(unheard)) == [1, 2, 3, 4, 5, 6, 7]

    heard = assembly()
    for reply in engine.run()[:4]:
        heard.feed(reply)
    taken(heard)
    for reply in engine.run(attempt=2):
        assert not heard.feed(reply)
    assert not heard.can_go_on
    for reply in engine.run()[4:]:  # the first worker was only late
        heard.feed(reply)
    assert heard.done


@pytest.mark.parametrize("other", [AudioFormat(2000), AudioFormat(1000, 2)])
def test_an_attempt_in_another_format_cannot_go_on(other: AudioFormat) -> None:
    audio = assembly()
    for reply in Engine().run()[:3]:
        audio.feed(reply)
    taken(audio)
    assert not any(audio.feed(reply) for reply in Engine(format=other).run(attempt=2))


def test_what_is_missing_is_noticed() -> None:
    run = Engine().run()
    for lost in range(1, len(run) - 1):
        audio = assembly()
        for reply in run[:lost] + run[lost + 1 :]:
            audio.feed(reply)
        assert audio.broken
        assert not audio.done


@pytest.mark.parametrize("end", [dumped(End(frames=5)), dumped(End(frames=7)), b"", b"{}", b"\xff"])
def test_an_end_that_does_not_fit_is_not_believed(end: bytes) -> None:
    audio = assembly()
    for reply in Engine().run(end=end):
        audio.feed(reply)
    assert audio.broken
    audio.ask_again()
    for reply in Engine().run(attempt=2):
        audio.feed(reply)
    assert frames_of(taken(audio)) == [1, 2, 3, 4, 5, 6]
    assert audio.done


def test_half_a_frame_and_a_piece_without_an_end_are_not_believed() -> None:
    start, part, *_, end = Engine().run()
    for replies in (
        [start, part.model_copy(update={"body": b"1"})],
        [start, part, end.model_copy(update={"seq": 2, "body": dumped(End(frames=1))})],
    ):
        audio = assembly()
        for reply in replies:
            audio.feed(reply)
        assert audio.broken


def test_an_error_ends_it_unless_its_worker_was_given_up() -> None:
    first, later = Engine().run(), Engine().run(attempt=4, worker="b")
    for replies, ends in (
        ([failure(first[0])], True),
        ([first[0], failure(first[1])], True),
        ([first[0], failure(later[0], "poison")], True),
        ([later[0], failure(first[0])], False),  # of a worker that was given up
    ):
        audio = assembly()
        for reply in replies:
            audio.feed(reply)
        assert (audio.failure is not None) is ends


def test_a_worker_of_another_version_is_told_apart_from_one_that_sends_nonsense() -> None:
    for version, code in (
        ({"v": 2}, "version"),
        ({"sample_rate": 0}, "version"),
        ({"minor": 7}, None),
        ({"minor": 0}, None),
    ):
        start = Engine().run()[0]
        body = Start(sample_rate=1000).model_copy(update=version).model_dump_json().encode()
        audio = assembly()
        audio.feed(start.model_copy(update={"body": body}))
        assert (audio.failure and audio.failure.code) == code


def test_a_mad_worker_fills_no_memory() -> None:
    """It sent parts without an end."""
    audio = assembly(most_bytes=1000)
    start, part, *_ = Engine().run()
    audio.feed(start)
    fed = 0
    for seq in range(1, 1000):
        fed += audio.feed(part.model_copy(update={"seq": seq, "body": bytes(100)}))
    assert audio.failure
    assert fed == 11


@pytest.mark.parametrize(
    ("kind", "headers"),
    [
        (None, {"attempt": 1, "worker": "a", "seq": 0}),
        ("stop", {"attempt": 1, "worker": "a", "seq": 0}),
        ("start", {}),
        ("start", {"attempt": "one", "worker": "a", "seq": 0}),
        ("start", {"attempt": 1, "worker": "a", "seq": -1}),
        ("start", {"attempt": 10**9, "worker": "a", "seq": 0}),
        ("start", {"attempt": 1, "worker": "a" * 201, "seq": 0}),
        ("part", {"attempt": 1, "worker": "a", "seq": 1, "piece": "{"}),
        ("part", {"attempt": 1, "worker": "a", "seq": 1, "piece": '{"timings": 3}'}),
        ("part", {"attempt": 1, "worker": "a", "seq": 1, "start": 3}),
        ("part", {"attempt": 1, "worker": "a", "seq": 1, "end": [1]}),
    ],
)
def test_a_message_that_is_not_a_reply_holds_no_replies(kind: str | None, headers: dict[str, object]) -> None:
    assert read_replies(kind, headers, b"") == []


def test_a_reply_is_read_as_it_was_sent() -> None:
    piece = piece_of(Engine().audio()[1])
    headers = {"attempt": 2, "worker": "a", "seq": 3, "piece": piece.model_dump_json(), "x-death": []}
    (reply,) = read_replies("part", headers, b"12")
    assert reply == Reply.model_construct(type="part", attempt=2, worker="a", seq=3, piece=piece, body=b"12")


def test_several_replies_in_one_message_are_numbered_from_its_number_on() -> None:
    said = Engine(pieces=(1,)).run()
    start, part, end = said
    assert part.piece
    riders = {"start": start.body.decode(), "piece": part.piece.model_dump_json(), "end": end.body.decode()}
    assert read_replies("part", {"attempt": 1, "worker": "a", "seq": 0, **riders}, part.body) == said


@st.composite
def wires(draw: st.DrawFn) -> list[Reply]:
    """What arrives of two attempts: in any order between them, and with replies that are lost, doubled or overtaken."""
    first = Engine(pieces=tuple(draw(st.lists(st.integers(0, 4), max_size=5))))
    second = replace(first, deterministic=draw(st.booleans()))
    if draw(st.booleans()):
        second = replace(second, pieces=(first.frames,))
    runs = [first.run(), second.run(attempt=draw(st.integers(1, 2)), worker="b")]
    arriving: list[Reply] = []
    while any(runs):
        run = draw(st.sampled_from([run for run in runs if run]))
        fate = draw(st.sampled_from(["comes"] * 8 + ["lost", "doubled", "overtaken"]))
        reply = run.pop(1 if fate == "overtaken" and len(run) > 1 else 0)
        if fate != "lost":
            arriving += [reply] * (2 if fate == "doubled" else 1)
    return arriving


@given(wires(), st.data())
def test_no_frame_is_heard_twice_or_in_disorder_whatever_arrives(arriving: list[Reply], data: st.DataObject) -> None:
    audio, heard = assembly(), list[Audio]()
    for reply in arriving:
        audio.feed(reply)
        if data.draw(st.booleans()):
            heard += taken(audio)
        if audio.broken and audio.can_go_on and data.draw(st.booleans()):
            audio.ask_again()
    heard += taken(audio)
    frames = frames_of(heard)
    assert frames == [*range(1, len(frames) + 1)]
    if audio.done:
        whole = next(reply for reply in reversed(arriving) if reply.type == "end")
        assert len(frames) == End.model_validate_json(whole.body).frames


@given(st.binary(max_size=100_000), st.integers(1, 2))
def test_parts_of_a_piece_are_whole_frames_and_make_up_the_piece(pcm: bytes, channels: int) -> None:
    audio_format = AudioFormat(24_000, channels)
    pcm = pcm[: len(pcm) - len(pcm) % audio_format.frame_bytes]
    parts = parts_of(pcm, audio_format)
    assert b"".join(parts) == pcm
    assert not any(len(part) % audio_format.frame_bytes for part in parts)

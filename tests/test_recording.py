"""Recording: every delta is in the file at once, one reply a file, and can be read back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.lab.samples import TRACES
from voicebot.errors import LabError
from voicebot.events import Delta, TurnEvent, TurnStarted, UtteranceReady
from voicebot.lab.traces import read_trace
from voicebot.recording import open_recorder

STARTED = TurnStarted("t", 0.0, message="?", chat="demo", voice="tone", audio="silent")


def test_every_delta_is_in_the_file_as_soon_as_it_has_come(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with open_recorder(path) as recorder:
        recorder(STARTED)
        recorder(Delta("t", 0.25, "それは"))
        assert read_trace(path).deltas == ((0.25, "それは"),)
        recorder(UtteranceReady("t", 0.3, 0, "それは", "それは", "それは", "least", 0.0))
        recorder(Delta("t", 0.5, "大変。"))
        assert read_trace(path).deltas == ((0.25, "それは"), (0.5, "大変。"))
    assert recorder.written == [path]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    deltas = ((0.1, "それ"), (0.1, "\r\n\u2028 "), (0.25, "\ud83d"), (1.0, '"quoted" \\ 👩‍👩‍👧\x00'))
    with open_recorder(path) as recorder:
        for seconds, text in deltas:
            recorder(Delta("t", seconds, text))
    assert read_trace(path).deltas == deltas
    assert "それ" in path.read_text(encoding="utf-8")  # a person can read it


def test_the_format_is_that_of_the_traces_that_come_with_the_project(tmp_path: Path) -> None:
    original = TRACES / "tr-ja-chat@30.jsonl"
    with open_recorder(tmp_path / "copy.jsonl") as recorder:
        for seconds, text in read_trace(original).deltas:
            recorder(Delta("t", seconds, text))
    copied = [json.loads(line) for line in (tmp_path / "copy.jsonl").read_text(encoding="utf-8").splitlines()]
    assert copied == [json.loads(line) for line in original.read_text(encoding="utf-8").splitlines()]


def test_each_turn_has_a_file_of_its_own(tmp_path: Path) -> None:
    with open_recorder(tmp_path / "out.jsonl") as recorder:
        for reply in ("One.", "二。", "3."):
            recorder(STARTED)
            recorder(Delta("t", 0.1, reply))
    assert [path.name for path in recorder.written] == ["out.jsonl", "out-2.jsonl", "out-3.jsonl"]
    assert [read_trace(path).text for path in recorder.written] == ["One.", "二。", "3."]


def test_a_turn_without_a_reply_leaves_no_file(tmp_path: Path) -> None:
    with open_recorder(tmp_path / "out.jsonl") as recorder:
        recorder(STARTED)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("mine")
    with pytest.raises(LabError, match="is there already") as raised, open_recorder(path):
        pass
    assert "--force" in raised.value.hint
    assert path.read_text() == "mine"
    with open_recorder(path, force=True) as recorder:
        recorder(Delta("t", 0.1, "New."))
    assert read_trace(path).text == "New."


def test_a_missing_folder_is_reported_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no folder"), open_recorder(tmp_path / "no" / "out.jsonl"):
        pytest.fail("nothing is recorded")


def test_a_disk_that_fails_does_not_disturb_the_turn_and_is_reported_at_its_end(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    events: list[TurnEvent] = [STARTED, Delta("t", 0.1, "lost"), Delta("t", 0.2, " too")]
    with pytest.raises(LabError, match="cannot write"):
        record_without_folder(folder, events)


def record_without_folder(folder: Path, events: Sequence[TurnEvent]) -> None:
    """The folder disappears while the recorder is open."""
    with open_recorder(folder / "out.jsonl") as recorder:
        shutil.rmtree(folder)
        for event in events:
            recorder(event)

"""What a trace file promises, and what is said about one that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicebot.errors import LabError
from voicebot.lab.traces import language_of, read_trace, read_traces

GOOD = '{"t_ms": 273.3, "token": "それ"}\n'


def written(folder: Path, text: str | bytes, name: str = "trace.jsonl") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_trace_says_when_each_delta_came(tmp_path: Path) -> None:
    trace = read_trace(written(tmp_path, GOOD + '\n{"t_ms": 300, "token": "は。"}\n', "short@30.jsonl"))
    assert (trace.name, trace.language, trace.text) == ("short@30", "ja", "それは。")
    assert trace.deltas == ((0.2733, "それ"), (0.3, "は。"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("それは大変でしたね。", "ja"),
        ("「serendipity」は、思いがけない幸運な発見、という意味です。", "ja"),
        ("The word 侘び寂び is hard to translate; it means beauty in what is imperfect and passes away.", "en"),
        ("那真是太糟糕了。", "zh"),
        ("정말 힘들었겠네요.", "ko"),
        ("Это было непросто.", "ru"),
        ("كان ذلك صعبا", "ar"),
        ("यह कठिन था।", "hi"),
        ("มันยากมาก", "th"),
        ("Das war schwierig, nicht wahr?", "en"),
        ("42!", "en"),
    ],
)
def test_the_language_is_that_of_the_script(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "", "the file is empty"),
        ('{"t_ms": 1, "token": " "}\n', "", "no text"),
        (GOOD + "それは\n", ":2", "not valid JSON"),
        (GOOD + "[1, 2]\n", ":2", "not an object"),
        (GOOD + GOOD + '{"t_ms": 200, "token": "は"}\n', ":3", "t_ms goes back, from 273.3 to 200"),
        ('{"token": "は"}\n', ":1", "t_ms must be a number of milliseconds, not None"),
        ('{"t_ms": "1", "token": "は"}\n', ":1", "t_ms must be a number of milliseconds, not '1'"),
        ('{"t_ms": true, "token": "は"}\n', ":1", "t_ms must be a number of milliseconds, not True"),
        ('{"t_ms": -1, "token": "は"}\n', ":1", "t_ms must be a number of milliseconds, not -1"),
        ('{"t_ms": NaN, "token": "は"}\n', ":1", "t_ms must be a number of milliseconds, not nan"),
        ('{"t_ms": 5}\n', ":1", "token must be text, not None"),
        ('{"t_ms": 5, "token": 7}\n', ":1", "token must be text, not 7"),
        (b"\xff\xfe", "", "not UTF-8"),
    ],
)
def test_a_mistake_is_reported_with_file_line_and_what_is_expected(
    tmp_path: Path, text: str | bytes, place: str, words: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(LabError) as raised:
        read_trace(path)
    assert raised.value.message.startswith(f"{path}{place}: ")
    assert words in raised.value.message
    assert raised.value.hint


def test_a_missing_file_is_reported_with_the_way_to_record_one(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no file") as raised:
        read_trace(tmp_path / "no.jsonl")
    assert "lab record" in raised.value.hint


def test_a_folder_stands_for_the_traces_in_it(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "b.jsonl")
    written(tmp_path, GOOD, "a@30.jsonl")
    written(tmp_path, '{"id": "a", "text": "no trace"}\n', "texts.jsonl")
    written(tmp_path, "# traces\n", "README.md")
    assert [trace.name for trace in read_traces([tmp_path])] == ["a@30", "b"]
    assert [trace.name for trace in read_traces([tmp_path / "b.jsonl", tmp_path])] == ["b", "a@30", "b"]


def test_a_folder_without_traces_is_a_mistake(tmp_path: Path) -> None:
    written(tmp_path, '{"id": "a", "text": "no trace"}\n', "texts.jsonl")
    with pytest.raises(LabError, match="no trace in this folder"):
        read_traces([tmp_path])

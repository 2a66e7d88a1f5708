"""CSV: a row for each reply and setting, and nothing in a name becomes a formula."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.lab.samples import CORPORA, TRACES
from tests.lab.test_report import run
from tests.lab.test_sweep import write
from voicebot.cli.lab import lab_app
from voicebot.errors import LabError
from voicebot.lab.spreadsheet import run_rows, write_csv


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_a_run_is_a_row_with_its_numbers(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", run_rows([run(), run(setting='a, "b"\nc', seed=1)]))
    first, second = read(tmp_path / "x.csv")
    assert (first["trace"], first["setting"], first["seed"], first["engine"]) == ("はい@30", "一文ごと", "0", "gpu")
    assert (float(first["ttfa"]), float(first["gap_seconds"]), float(first["silence_seconds"])) == (0.75, 0.25, 1.0)
    assert first["utterances"] == "1"
    assert second["setting"] == 'a, "b"\nc'
    assert (tmp_path / "x.csv").read_bytes().count(b"\r\n") == 3, "RFC 4180 ends each record so"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1+1", "\n=1"])
def test_a_name_does_not_become_a_formula(tmp_path: Path, name: str) -> None:
    """A trace from elsewhere is named by others, and spreadsheets run what begins with one of these."""
    write_csv(tmp_path / "x.csv", run_rows([run(trace=name, setting=name)]))
    [row] = read(tmp_path / "x.csv")
    assert row["trace"] == row["setting"] == "'" + name


def test_numbers_stay_numbers(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", run_rows([run(bound=9.0)]))
    assert read(tmp_path / "x.csv")[0]["over_bound_seconds"] == "-8.0"


def test_half_of_a_surrogate_pair_does_no_harm(tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", run_rows([run(trace="a\ud83d")]))
    assert read(tmp_path / "x.csv")[0]["trace"] == "a\\ud83d"


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="missing"):
        write_csv(tmp_path / "missing" / "x.csv", [])


def lab(*arguments: object) -> int:
    return CliRunner().invoke(lab_app, [str(argument) for argument in arguments]).exit_code


def test_sweep_compare_and_score_write_a_row_for_each_reply_and_setting(tmp_path: Path) -> None:
    out, config = tmp_path / "out.csv", tmp_path / "a.toml"
    config.touch()
    assert lab("sweep", write(tmp_path), "-o", tmp_path / "out", "--csv", out) == 0
    assert len(read(out)) == 8
    trace = TRACES / "tr-ja-short@30.jsonl"
    assert lab("compare", config, config, trace, "--tts", "gpu,cpu-slow", "--csv", out, "--force") == 0
    assert [row["engine"] for row in read(out)] == ["gpu", "gpu", "cpu-slow", "cpu-slow"]
    score = ("score", CORPORA / "golden.jsonl", "--strategy", "newline", "--against", "sentence", "--csv", out)
    assert lab(*score, "--force") == 0
    assert {row["strategy"] for row in read(out)} == {"newline", "sentence"}
    assert lab(*score) != 0, "what is there stays there"

"""Tuning: finds the best there is, checks it elsewhere, and writes it down."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.lab.samples import CORPORA, write_traces
from voicebot.cli.lab import lab_app
from voicebot.config.models import Config
from voicebot.errors import LabError
from voicebot.lab.corpus import Item
from voicebot.lab.experiment import Experiment
from voicebot.lab.experiment_file import read_experiment
from voicebot.lab.made_traces import made_trace
from voicebot.lab.spread import Difference
from voicebot.lab.traces import Trace
from voicebot.lab.tune import Half, Measured, Tuned, split_traces, tune
from voicebot.lab.tuned_config import config_text

LINES = '[settings.lines]\nchunking.strategy = "newline"\n'
KNOB = '[matrix]\nchunking.strategy = ["newline", "punctuation", "sentence"]\n'


def write(folder: Path, text: str) -> Path:
    write_traces(folder)
    path = folder / "experiment.toml"
    path.write_text(f'traces = ["."]\nengines = ["cpu-slow"]\n{text}', encoding="utf-8")
    return path


def experiment(folder: Path, text: str) -> Experiment:
    return read_experiment(write(folder, text))


def trace(name: str, language: str) -> Trace:
    return Trace(name, language, ((0.1, "x"),))


def test_the_best_of_a_list_is_found(tmp_path: Path) -> None:
    tuned = tune(experiment(tmp_path, LINES + KNOB))
    assert tuned.overrides == {"chunking.strategy": "punctuation"}
    assert tuned.tried == 3
    assert tuned.searched.best.objective < tuned.searched.before.objective


def test_the_best_setting_is_found(tmp_path: Path) -> None:
    tuned = tune(experiment(tmp_path, LINES + '[settings."句読点"]\nchunking.strategy = "punctuation"\n'))
    assert tuned.config.chunking.strategy == "punctuation"


def test_a_range_is_searched_within_the_budget_and_the_same_every_time(tmp_path: Path) -> None:
    text = LINES + "[matrix]\nchunking.max_characters = {min = 10, max = 400}\n"
    told: list[tuple[int, int]] = []
    tuned = tune(experiment(tmp_path, text), budget=12, seed=3, progress=lambda done, of: told.append((done, of)))
    assert tuned.tried <= 12
    assert told[-1] == (12, 12)
    assert tuned.config.chunking.max_characters < 60, "a line is cut early, so it starts early"
    assert tune(experiment(tmp_path, text), budget=12, seed=3) == tuned


def test_what_makes_no_difference_is_left_alone(tmp_path: Path) -> None:
    tuned = tune(experiment(tmp_path, LINES + KNOB + "tts.rate = [100, 300]\n"))
    assert tuned.overrides == {"chunking.strategy": "punctuation"}


def test_impossible_combinations_are_left_out(tmp_path: Path) -> None:
    text = '[settings.a]\naudio.kind = "silent"\n[settings.b]\naudio.kind = "silent"\nchunking.strategy = "newline"\n'
    chosen = experiment(tmp_path, text)
    chosen = dataclasses.replace(chosen, matrix={"chunking.max_characters": (1, 300)})
    tuned = tune(chosen)
    assert (tuned.impossible, tuned.tried) == (2, 2)
    assert any("impossible" in remark for remark in tuned.remarks())


def test_halves_share_languages_and_no_text() -> None:
    names = [("ja-a@10", "ja"), ("ja-a@30", "ja"), ("ja-b@10", "ja"), ("en-a@10", "en"), ("en-b@10", "en")]
    searched, checked = split_traces(trace(*name) for name in names)
    assert [trace.name for trace in searched] == ["en-a@10", "ja-a@10", "ja-a@30"]
    assert [trace.name for trace in checked] == ["en-b@10", "ja-b@10"]


def test_one_text_alone_cannot_be_checked() -> None:
    with pytest.raises(LabError, match="one text"):
        split_traces([trace("a@10", "ja"), trace("a@30", "ja")])


def test_without_anything_to_search_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="nothing to search"):
        tune(experiment(tmp_path, LINES))


def test_over_fitting_is_reported() -> None:
    def half(before: float, best: float) -> Half:
        return Half(("t",), Measured(before, before, 0.5, 0.0), Measured(best, best, 0.5, 0.0))

    tuned = Tuned("e", ("gpu",), 0.5, 10, 0, {}, Config(), half(2.0, 1.0), half(1.0, 1.5))
    assert any("over-fitted" in remark for remark in tuned.remarks())
    assert "Over-fitted" in config_text(tuned)


def test_a_gain_that_the_other_half_does_not_show_is_told() -> None:
    """Two recorded replies were searched and two checked: what was found there was chance, and nobody said so."""
    before, best = Measured(2, 2, 0.5, 0), Measured(1.9, 1.9, 0.5, 0)
    shown, chance = Difference(-0.1, -0.2, -0.01, 20), Difference(-0.1, -0.3, 0.1, 20)

    def remarks(gain: Difference) -> list[str]:
        half = Half(("t",), before, best, gain)
        return Tuned("e", ("gpu",), 0.5, 10, 0, {}, Config(), half, half).remarks()

    assert remarks(shown) == []
    assert remarks(chance) == ["no difference shown on 20 replies that were not searched: more would tell"]


def test_marked_texts_are_a_sample_to_search_and_check_on(tmp_path: Path) -> None:
    text = f'corpora = ["{(CORPORA / "llm.jsonl").as_posix()}"]\nsample = 20\n{LINES}{KNOB}'
    path = tmp_path / "experiment.toml"
    path.write_text(text, encoding="utf-8")
    chosen = read_experiment(path)
    assert len(chosen.traces) == 20
    assert chosen.traces == read_experiment(path).traces, "the same every time"
    assert len({trace.language for trace in chosen.traces}) > 5
    tuned = tune(chosen)
    assert len(tuned.searched.traces) == len(tuned.checked.traces) == 10
    assert tuned.checked.gain is not None
    assert tuned.checked.gain.replies == 10
    assert tuned.checked.gain.mean == pytest.approx(tuned.checked.best.objective - tuned.checked.before.objective)


def test_a_made_trace_is_the_text_at_a_model_s_pace() -> None:
    item = Item("a", "ja", "chat", "今日は晴れです。It is 10:30 now. 👩\u200d👧" * 10, ())
    trace = made_trace(item)
    assert trace.text == item.text
    assert trace == made_trace(item)
    times = [seconds for seconds, _ in trace.deltas]
    assert times == sorted(times)
    assert 0.02 < (times[-1] - times[0]) / len(times) < 0.06


def test_the_file_holds_only_what_differs_from_the_defaults(tmp_path: Path) -> None:
    base = '[tts]\nkind = "voicevox"\nvoice = "ずんだもん/ノーマル"\nspeed = 1.0\n[chat]\napi_key = "secret"\n'
    base += 'headers = { X-Token = "secret" }\n'
    (tmp_path / "base.toml").write_text(base, encoding="utf-8")
    tuned = tune(experiment(tmp_path, 'config = "base.toml"\n' + LINES + KNOB))
    text = config_text(tuned)
    assert tomllib.loads(text) == {
        "chat": {},
        "chunking": {"strategy": "punctuation"},
        "tts": {"kind": "voicevox", "voice": "ずんだもん/ノーマル"},
    }
    assert "secret" not in text
    assert "Checked on 1 traces" in text


def test_tables_lists_and_odd_texts_are_written_so_that_they_are_read_again() -> None:
    """chat.options was written as JSON, which is not TOML: the file that `tune` had found could not be used."""
    options = {"num_gpu": 1, "mirostat": {"tau": 0.5, "名 前": ['a\n"b', {"c": True}]}, "": [{"z": 1}], "\x7f": "\x00"}
    base = {"chat": {"kind": "ollama", "options": options, "stop": ["\n\n"]}}
    half = Half(("t",), Measured(1, 1, 0.5, 0), Measured(1, 1, 0.5, 0))
    tuned = Tuned("e\nx = 1", ("gpu",), 0.5, 10, 0, {}, Config.model_validate(base), half, half)
    assert tomllib.loads(config_text(tuned)) == base


def test_what_toml_cannot_say_is_left_out_by_name() -> None:
    config = Config.model_validate({"chat": {"kind": "ollama", "options": {"a": None}}})
    half = Half(("t",), Measured(1, 1, 0.5, 0), Measured(1, 1, 0.5, 0))
    text = config_text(Tuned("e", ("gpu",), 0.5, 10, 0, {}, config, half, half))
    assert tomllib.loads(text) == {"chat": {"kind": "ollama"}}
    assert "# options: " in text


def test_the_secrets_of_a_tool_server_are_not_written() -> None:
    """They are one table deeper, and made the command fail."""
    server = {"command": "x", "env": {"KEY": "hunter2"}}
    config = Config.model_validate({"tools": {"mcp": {"s": server}}})
    half = Half(("t",), Measured(1, 1, 0.5, 0), Measured(1, 1, 0.5, 0))
    text = config_text(Tuned("e", ("gpu",), 0.5, 10, 0, {}, config, half, half))
    assert tomllib.loads(text) == {"tools": {}}
    assert "hunter2" not in text


# ---------------------------------------------------------------- the command


def test_the_command_writes_the_winner_and_prints_both_halves(tmp_path: Path) -> None:
    best = tmp_path / "best.toml"
    done = CliRunner().invoke(lab_app, ["tune", str(write(tmp_path, LINES + KNOB)), "-o", str(best)])
    assert done.exit_code == 0, done.output
    assert tomllib.loads(best.read_text(encoding="utf-8")) == {"chunking": {"strategy": "punctuation"}}
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:5]] == [
        ["searched", "before"],
        ["searched", "best"],
        ["checked", "before"],
        ["checked", "best"],
    ]


def test_the_command_overwrites_only_when_told_to(tmp_path: Path) -> None:
    best = tmp_path / "best.toml"
    best.write_text("# mine\n", encoding="utf-8")
    arguments = ["tune", str(write(tmp_path, LINES + KNOB)), "-o", str(best)]
    done = CliRunner().invoke(lab_app, arguments)
    assert (done.exit_code, best.read_text(encoding="utf-8")) == (2, "# mine\n")
    assert "--force" in done.stderr
    done = CliRunner().invoke(lab_app, [*arguments, "--force", "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["overrides"] == {"chunking.strategy": "punctuation"}


def test_the_help_states_the_objective() -> None:
    done = CliRunner().invoke(lab_app, ["tune", "--help"])
    assert "silence + WEIGHT × TTFA" in done.stdout

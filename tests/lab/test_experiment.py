"""Experiment files: what they mean, and that every mistake in one is reported with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.samples import ROOT
from voicebot.errors import LabError
from voicebot.lab.experiment import Range
from voicebot.lab.experiment_file import read_experiment

TRACE = '{"t_ms": 100, "token": "はい。"}\n{"t_ms": 200, "token": "どうぞ。"}\n'


def write(folder: Path, text: str) -> Path:
    (folder / "はい@30.jsonl").write_text(TRACE, encoding="utf-8")
    path = folder / "experiment.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    """What is reported about the file, without the name of the folder."""
    with pytest.raises(LabError) as caught:
        read_experiment(write(folder, text)).all_settings()
    return caught.value.message.replace(f"{folder}/", "").splitlines()


def test_a_file_names_traces_engines_and_settings(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'name = "最初の音"\n'
        'traces = ["."]\n'
        'engines = ["gpu", "0.2+0.4"]\n'
        "seeds = [0, 7]\n"
        '[settings."一文ごと"]\n'
        'chunking.strategy = "sentence"\n',
    )
    experiment = read_experiment(path)
    [setting] = experiment.all_settings()
    assert experiment.name == "最初の音"
    assert [trace.name for trace in experiment.traces] == ["はい@30"]
    assert [(engine.fixed_seconds, engine.rtf) for engine in experiment.engines] == [(0.05, 0.05), (0.2, 0.4)]
    assert experiment.seeds == (0, 7)
    assert (setting.name, setting.config.chunking.strategy) == ("一文ごと", "sentence")


def test_keys_may_be_quoted_or_not(tmp_path: Path) -> None:
    text = (
        'traces = ["."]\n[settings.a]\n"chunking.strategy" = "newline"\n[settings.b]\nchunking.strategy = "newline"\n'
    )
    a, b = read_experiment(write(tmp_path, text)).all_settings()
    assert a.overrides == b.overrides == {"chunking.strategy": "newline"}


def test_the_matrix_multiplies_every_setting(tmp_path: Path) -> None:
    text = (
        'traces = ["."]\n[settings.a]\nchunking.strategy = "newline"\n[settings.b]\nchunking.strategy = "sentence"\n'
        "[matrix]\nchunking.max_characters = [50, 100]\nchunking.idle_seconds = [0.2]\n"
    )
    settings = read_experiment(write(tmp_path, text)).all_settings()
    assert [setting.name for setting in settings] == [
        "a, max_characters=50, idle_seconds=0.2",
        "a, max_characters=100, idle_seconds=0.2",
        "b, max_characters=50, idle_seconds=0.2",
        "b, max_characters=100, idle_seconds=0.2",
    ]
    assert [setting.config.chunking.max_characters for setting in settings] == [50, 100, 50, 100]


def test_without_settings_the_configuration_is_tried_as_it_is(tmp_path: Path) -> None:
    [setting] = read_experiment(write(tmp_path, 'traces = ["."]\n')).all_settings()
    assert setting.name == "as it is"


def test_settings_are_based_on_the_named_config_and_on_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A config.toml in the working folder would make the same experiment come out differently there."""
    (tmp_path / "config.toml").write_text("[chunking]\nmax_characters = 11\n", encoding="utf-8")
    (tmp_path / "base.toml").write_text("[chunking]\nmax_characters = 77\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    [alone] = read_experiment(write(tmp_path, 'traces = ["."]\n')).all_settings()
    [based] = read_experiment(write(tmp_path, 'traces = ["."]\nconfig = "base.toml"\n')).all_settings()
    assert alone.config.chunking.max_characters == 300
    assert based.config.chunking.max_characters == 77


def test_every_mistake_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    told = mistakes(
        tmp_path,
        'nam = "x"\n'
        'traces = ["nowhere.jsonl"]\n'
        'engines = ["cpu-fsat"]\n'
        "seeds = [0, 0]\n"
        "[settings.a]\n"
        'chunking.strategi = "newline"\n'
        "[settings.b]\n"
        "chunking.max_characters = 5\n"
        "strategy = 1\n"
        "[matrix]\n"
        "chunking.max_characters = [10, 99999]\n"
        "tts.rate = 7\n"
        "chunking.idle_seconds = {min = 2, max = 1}\n"
        "audio.kind = []\n",
    )
    assert told[0] == "experiment.toml:1: nam: unknown key; did you mean name?"
    assert told[1].startswith("experiment.toml:2: traces: there is no file")
    assert told[2].startswith("experiment.toml:3: engines: unknown engine cost model 'cpu-fsat'; one of cpu-fast")
    assert told[3] == "experiment.toml:4: seeds: 0 is there twice"
    assert told[4] == "experiment.toml:6: settings.a.chunking.strategi: unknown key; did you mean strategy?"
    assert told[5].startswith("experiment.toml:8: settings.b.chunking.max_characters: ")
    assert told[6] == "experiment.toml:9: settings.b.strategy: expected SECTION.KEY, such as chunking.strategy"
    assert told[7].startswith("experiment.toml:11: matrix.chunking.max_characters: ")
    assert told[8].startswith("experiment.toml:12: matrix.tts.rate: expected a list of values")
    assert told[9] == "experiment.toml:13: matrix.chunking.idle_seconds: min must be less than max, not 2 and 1"
    assert told[10] == "experiment.toml:14: matrix.audio.kind: the list is empty"
    assert len(told) == 11


def test_what_is_not_toml_is_reported_with_line_and_column(tmp_path: Path) -> None:
    [told] = mistakes(tmp_path, 'traces = ["."]\nname = First\n')
    assert told.startswith("experiment.toml:2:8: not valid TOML")


def test_a_file_that_is_missing_or_not_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"name = '\xff'")
    for name, message in (("nowhere.toml", "there is no file"), ("bytes.toml", "not UTF-8"), (".", "Is a directory")):
        with pytest.raises(LabError, match=message):
            read_experiment(tmp_path / name)


def test_a_wrong_base_configuration_is_reported_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text("[chunking]\nmax_characters = -1\n", encoding="utf-8")
    [told] = mistakes(tmp_path, 'traces = ["."]\nconfig = "base.toml"\n')
    assert told.startswith("experiment.toml:2: config: base.toml: chunking.max_characters")


def test_two_traces_of_one_name_are_reported(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "はい@30.jsonl").write_text(TRACE, encoding="utf-8")
    [told] = mistakes(tmp_path, 'traces = [".", "more"]\n')
    assert told == "experiment.toml:1: traces: two of them are called はい@30: rename one"


def test_an_experiment_without_traces_is_reported(tmp_path: Path) -> None:
    [told] = mistakes(tmp_path, 'name = "nothing"\n')
    assert told.startswith("experiment.toml: traces: name at least one")


def test_ranges_are_read_and_are_for_tune_only(tmp_path: Path) -> None:
    text = (
        'traces = ["."]\n[matrix]\n'
        "chunking.max_characters = {min = 20, max = 40}\nchunking.idle_seconds = {min = 0.1, max = 1}\n"
    )
    matrix = read_experiment(write(tmp_path, text)).matrix
    assert matrix == {"chunking.max_characters": Range(20, 40, True), "chunking.idle_seconds": Range(0.1, 1, False)}
    [told] = mistakes(tmp_path, text)
    assert told == "experiment.toml: matrix.chunking.max_characters: a range is for voicebot lab tune"


def test_a_matrix_that_is_too_large_is_reported_before_anything_runs(tmp_path: Path) -> None:
    values = list(range(10, 70))
    text = f'traces = ["."]\n[matrix]\nchunking.max_characters = {values}\ntts.rate = {[50 + v for v in values]}\n'
    [told] = mistakes(tmp_path, text)
    assert told == "experiment.toml: the matrix makes 3600 settings, more than 2000"


def settings_of(sample: str) -> list[str]:
    experiment = read_experiment(ROOT / "docs" / "experiments" / sample)
    assert {"en", "ja"} <= {trace.language for trace in experiment.traces}
    return [setting.name for setting in experiment.all_settings()]


def test_the_sample_experiments_are_right() -> None:
    assert settings_of("first-sound.toml") == ["newline", "punctuation", "sentence", "adaptive"]
    assert settings_of("clauses-only.toml") == ["with phrases", "clauses only"]


def test_the_sample_for_tuning_is_right() -> None:
    experiment = read_experiment(ROOT / "docs" / "experiments" / "knobs.toml")
    assert set(experiment.matrix) == {
        "chunking.min_seconds",
        "chunking.max_seconds",
        "chunking.phrase_after_seconds",
    }

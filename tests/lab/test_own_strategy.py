"""The user's own strategies in the lab: used like voicebot's, and reported by name if they do something wrong."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.lab import own_strategies
from tests.lab.samples import CORPORA, write_traces
from voicebot.cli.lab import lab_app
from voicebot.config.models import Config
from voicebot.errors import LabError
from voicebot.lab.engines import parse_engine
from voicebot.lab.own_strategy import OwnChunker, source_digest
from voicebot.lab.replay import replay
from voicebot.lab.traces import Trace


@pytest.fixture(autouse=True)
def _trusting_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


HERE = own_strategies.__name__


def path(name: str) -> str:
    return f"{HERE}:{name}"


def with_own_strategy(config: Config, path: str) -> Config:
    return Config.model_validate({"chunking": {**config.chunking.model_dump(), "strategy": path}})


def experiment(folder: Path, *strategies: str) -> Path:
    write_traces(folder)
    settings = "".join(f'[settings.s{n}]\nchunking.strategy = "{name}"\n' for n, name in enumerate(strategies))
    file = folder / "experiment.toml"
    file.write_text(f'traces = ["."]\nengines = ["gpu"]\n{settings}', encoding="utf-8")
    return file


def lab(*arguments: object) -> tuple[int, str, str]:
    """Run a command of the lab: exit code, output, errors on one line."""
    done = CliRunner().invoke(lab_app, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, " ".join(done.stderr.split())


@given(st.text(alphabet="ab。\n 👩‍👧e\u0301\r"), st.lists(st.integers(1, 5)))
def test_its_pieces_are_the_reply_with_their_places(text: str, lengths: list[int]) -> None:
    chunker, segments, at = OwnChunker(path("Lines")), [], 0
    for length in lengths:
        segments += chunker.feed(text[at : at + length])
        at += length
    segments += [*chunker.feed(text[at:]), *chunker.flush()]
    assert "".join(segment.text for segment in segments).rstrip() == text.rstrip()
    assert all(text[segment.start : segment.end] == segment.text for segment in segments)


def test_it_cuts_the_reply_that_is_replayed() -> None:
    trace = Trace("t", "ja", ((0.1, "はい。"), (0.2, "今日は晴れ。"), (0.3, "です。")))
    run = replay(trace, with_own_strategy(Config(), path("Sentences")), parse_engine("instant"))
    assert [cut[0] for utterance in run.utterances for cut in utterance.cuts] == [3, 9, 12]
    assert {cut[2] for utterance in run.utterances for cut in utterance.cuts} == {path("Sentences")}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Swallows", "'はい。' never came out"),
        ("Invents", "returned 'はい。!', which is not what comes next in the reply: 'はい。'"),
        ("Breaks", "failed: RuntimeError: no room for 'はい。'"),
        ("Counts", "returned int instead of a list of texts"),
        ("fails", "failed: RuntimeError: no model here"),
        ("returns_text", "returned str, which is not a chunking strategy"),
        ("not_a_factory", "cannot be called"),
        ("nowhere", "cannot import"),
    ],
)
def test_what_is_wrong_with_it_is_told_with_its_name(name: str, told: str) -> None:
    with pytest.raises(LabError) as raised:
        replay(Trace("t", "ja", ((0.1, "はい。"),)), with_own_strategy(Config(), path(name)), parse_engine("gpu"))
    assert path(name) in raised.value.message
    assert told in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize("deltas", [("か\u3099",), ("か", "\u3099"), ("👩\u200d👧",), ("👩", "\u200d", "👧")])
def test_a_character_that_is_cut_in_two_is_told_however_it_came(deltas: tuple[str, ...]) -> None:
    trace = Trace("t", "ja", tuple((0.1 * n, delta) for n, delta in enumerate(deltas)))
    with pytest.raises(LabError, match="cuts a character in two at 1"):
        replay(trace, with_own_strategy(Config(), path("Characters")), parse_engine("gpu"))


def test_its_source_is_part_of_what_was_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep keeps the runs that are done: those of a strategy that has changed since then are others."""
    monkeypatch.syspath_prepend(str(tmp_path))
    source = tmp_path / "mine_for_digest.py"
    source.write_text("def make(): ...\n")
    before = source_digest("mine_for_digest:make")
    source.write_text("def make(): return None\n")
    assert source_digest("mine_for_digest:make") != before


# ---------------------------------------------------------------- the commands


def test_score_takes_one() -> None:
    code, out, err = lab("score", CORPORA / "llm.jsonl", "--strategy", path("Lines"), "--json")
    assert (code, err) == (0, "")
    score = json.loads(out)["scores"]["all"]
    assert 0 < score["recall"] < 1
    assert (score["lost"], score["torn"]) == (0, 0)


@pytest.mark.parametrize(("name", "key"), [("Swallows", "lost"), ("Characters", "torn")])
def test_score_counts_what_is_lost_or_torn_and_names_a_text(name: str, key: str) -> None:
    code, out, err = lab("score", CORPORA / "llm.jsonl", "--strategy", path(name), "--json")
    assert code == 0
    assert json.loads(out)["scores"]["all"][key] > 0
    assert path(name) in err
    assert "lost or invented" in err


def test_score_tells_a_factory_that_fails() -> None:
    code, out, err = lab("score", CORPORA / "llm.jsonl", "--strategy", path("fails"))
    assert (code, out) == (2, "")
    assert f"a chunking strategy of {path('fails')} failed: RuntimeError: no model here" in err


def test_a_sweep_runs_it_only_for_those_who_trust_the_file_as_it_is(tmp_path: Path) -> None:
    """Before this, an experiment from elsewhere held only numbers and texts, and ran no code."""
    file = experiment(tmp_path, "newline", path("Lines"))
    code, out, err = lab("sweep", file, "-o", tmp_path / "out")
    assert (code, out) == (2, "")
    assert f"experiment.toml: it runs code: {path('Lines')}" in err
    assert "--trust" in err
    assert lab("sweep", file, "-o", tmp_path / "out", "--trust")[0] == 0
    code, out, _ = lab("sweep", file, "-o", tmp_path / "out", "--json")
    assert code == 0, "it is remembered"
    assert [row["setting"] for row in json.loads(out)["means"]] == ["s0", "s1"]
    file.write_text(file.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert lab("sweep", file, "-o", tmp_path / "out")[0] == 2


def test_the_config_that_an_experiment_is_based_on_is_trusted_too(tmp_path: Path) -> None:
    file = experiment(tmp_path, "newline")
    file.write_text(f'config = "base.toml"\n{file.read_text(encoding="utf-8")}', encoding="utf-8")
    (tmp_path / "base.toml").write_text(f'[chunking]\nstrategy = "{path("Lines")}"\n', encoding="utf-8")
    code, _, err = lab("sweep", file, "-o", tmp_path / "out")
    assert code == 2
    assert f"base.toml: it runs code: {path('Lines')}" in err
    assert lab("sweep", file, "-o", tmp_path / "out", "--trust")[0] == 0


def test_a_sweep_tells_a_factory_that_fails_before_it_begins(tmp_path: Path) -> None:
    code, _, err = lab("sweep", experiment(tmp_path, "newline", path("fails")), "-o", tmp_path / "out", "--trust")
    assert code == 2
    assert "no model here" in err
    assert not (tmp_path / "out").exists()


def test_tune_chooses_among_them(tmp_path: Path) -> None:
    file = experiment(tmp_path, "newline", path("Sentences"))
    best = tmp_path / "best.toml"
    code, out, err = lab("tune", file, "-o", best, "--json", "--trust")
    assert code == 0, err
    assert json.loads(out)["overrides"] == {"chunking.strategy": path("Sentences")}
    assert path("Sentences") in best.read_text(encoding="utf-8")
    Config.model_validate(tomllib.loads(best.read_text(encoding="utf-8")))


@pytest.mark.parametrize("command", ["sweep", "tune"])
def test_a_factory_gets_the_options_of_its_own_setting(tmp_path: Path, command: str) -> None:
    """It was tried once with the options of no setting, so that one that needs some could not be used."""
    file = experiment(tmp_path, path("Marks"), "newline")
    text = file.read_text(encoding="utf-8").replace("[settings.s1]", 'chunking.options = {mark = " "}\n[settings.s1]')
    file.write_text(text, encoding="utf-8")
    code, _, err = lab(command, file, "-o", tmp_path / "out", "--trust")
    assert code == 0, err


def test_each_of_its_options_may_be_searched(tmp_path: Path) -> None:
    """In the matrix chunking.options.least was taken for a range with a key too many."""
    file = experiment(tmp_path, path("Marks"))
    (tmp_path / "base.toml").write_text('[chunking.options]\nmark = "#"\nleast = 90\n', encoding="utf-8")
    matrix = '[matrix]\nchunking.options.least = {min = 1, max = 50}\nchunking.options.mark = [" ", "!"]\n'
    file.write_text(f'config = "base.toml"\n{file.read_text(encoding="utf-8")}{matrix}', encoding="utf-8")
    best = tmp_path / "best.toml"
    code, out, err = lab("tune", file, "-o", best, "--json", "--trust", "--budget", "8")
    assert code == 0, err
    chosen = json.loads(out)["overrides"]
    assert chosen["chunking.options.mark"] == " "
    options = tomllib.loads(best.read_text(encoding="utf-8"))["chunking"]["options"]
    assert options == {"mark": " ", "least": chosen["chunking.options.least"]}


def test_a_sweep_tries_each_value_of_an_option(tmp_path: Path) -> None:
    file = experiment(tmp_path, path("Marks"))
    matrix = '[matrix]\n"chunking.options.mark" = [" ", "!"]\n'
    file.write_text(file.read_text(encoding="utf-8") + matrix, encoding="utf-8")
    code, out, err = lab("sweep", file, "-o", tmp_path / "out", "--json", "--trust")
    assert code == 0, err
    assert [row["setting"] for row in json.loads(out)["means"]] == ["s0, mark= ", "s0, mark=!"]

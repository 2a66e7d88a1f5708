"""What `voicebot lab` promises to the person who types it."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.command import ROOT, json_lines, start, voicebot
from tests.machine import PATIENCE_SECONDS
from voicebot.cli.lab.replay import timeline
from voicebot.config.models import Config
from voicebot.installation import extra_command
from voicebot.lab.engines import parse_engine
from voicebot.lab.replay import replay
from voicebot.lab.runs import from_dict
from voicebot.lab.traces import read_trace

TRACES = Path(__file__).parent.parent / "data" / "traces"
JA, EN = str(TRACES / "tr-ja-chat@30.jsonl"), str(TRACES / "tr-en-chat@30.jsonl")
TEXT = "Dr. Smith came at 10:30. 「はい。」と言った。"


@pytest.mark.parametrize("command", ["replay", "record", "compare", "explain"])
def test_help_gives_an_example(tmp_path: Path, command: str) -> None:
    done = voicebot(tmp_path, "lab", command, "--help")
    assert done.returncode == 0
    assert "Example:" in done.stdout


# ---------------------------------------------------------------- replay


def test_replay_prints_each_utterance_with_its_times_and_the_bounds(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "lab", "replay", JA, "--tts", "cpu-slow", "--set", "chunking.strategy=sentence")
    assert (done.returncode, done.stderr) == (0, "")
    for words in (
        *("tr-ja-chat@30 (ja) · cpu-slow · sentence", "TTFT", "TTFA", "silence", "best that cuts at clauses allow"),
        *("written", "asked", "ready", "heard", "ended", "gap", "それは大変でしたね。", "sentence: full stop", "█"),
    ):
        assert words in done.stdout


def test_replay_as_json_is_the_whole_account_of_each_trace_and_the_same_every_time(tmp_path: Path) -> None:
    command = ("lab", "replay", JA, EN, "--json", "--seed", "7")
    done = voicebot(tmp_path, *command)
    runs = [from_dict(run) for run in json_lines(done.stdout)]
    assert [(run.trace, run.seed) for run in runs] == [("tr-ja-chat@30", 7), ("tr-en-chat@30", 7)]
    assert runs[0] == replay(read_trace(JA), Config(), parse_engine("cpu-fast"), setting="adaptive", seed=7)
    assert voicebot(tmp_path, *command).stdout == done.stdout


def test_a_line_of_config_toml_changes_what_is_heard(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[chunking]\nstrategy = "newline"\n')
    default, mine = (
        from_dict(json_lines(voicebot(tmp_path, "lab", "replay", EN, "--json", *more).stdout)[0])
        for more in ((), ("--config", "mine.toml"))
    )
    assert len(mine.utterances) < len(default.utterances)
    assert mine.ttfa > default.ttfa


def test_every_line_of_the_timeline_fits_the_terminal() -> None:
    for name in (JA, EN):
        text = timeline(replay(read_trace(name), Config(), parse_engine("gpu")), width=80)
        assert max(cell_len(line) for line in text.splitlines()[5:]) <= 80


# ---------------------------------------------------------------- what cannot be used


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", "no.jsonl"), "there is no file no.jsonl"),
        (("replay", "broken.jsonl"), "broken.jsonl:2: not valid JSON"),
        (("replay", "empty"), "empty: no trace in this folder"),
        (("replay", JA, "--tts", "gpuu"), "unknown engine cost model 'gpuu'"),
        (("compare", "mine.toml", "mine.toml", JA, "--tts", "gpu,"), "unknown engine cost model ''"),
        (("explain", "no.txt"), "no.txt: "),
        (("explain", "broken.jsonl"), "broken.jsonl:2: not valid JSON"),
        (("record", "-o", "mine.toml", "Hello"), "mine.toml is there already"),
        (("record", "-o", "out.jsonl", " "), "the question is empty"),
    ],
)
def test_what_cannot_be_used_is_told_with_exit_code_2(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "broken.jsonl").write_text('{"t_ms": 1, "token": "a"}\n{"t_ms": 2,\n')
    (tmp_path / "mine.toml").write_text("")
    (tmp_path / "empty").mkdir()
    done = voicebot(tmp_path, "lab", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", JA, "--set", "chunking.strategy=no"), "chunking.strategy"),
        (("replay", JA, "--config", "no.toml"), "there is no file no.toml"),
        (("compare", "no.toml", "no.toml", JA), "there is no file no.toml"),
        (("explain", "-", "--strategy", "no"), "--strategy"),
    ],
)
def test_a_wrong_configuration_is_told_with_exit_code_3(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = voicebot(tmp_path, "lab", *arguments)
    assert (done.returncode, done.stdout) == (3, "")
    assert words in done.stderr


def test_without_the_extra_lab_it_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "trio.py").write_text("raise ImportError('as if it were not installed')")
    done = voicebot(tmp_path, "lab", "replay", JA, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.returncode == 2
    assert extra_command("lab") in done.stderr


# ---------------------------------------------------------------- record


def test_a_recorded_reply_can_be_replayed(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "lab", "record", "-o", "out.jsonl", "--chat", "demo", "こんにちは")
    assert done.returncode == 0
    assert "wrote out.jsonl" in done.stderr
    trace = read_trace(tmp_path / "out.jsonl")
    assert trace.text == done.stdout.rstrip("\n")
    assert len(trace.deltas) > 5
    assert trace.deltas[-1][0] > trace.deltas[0][0] > 0
    again = voicebot(tmp_path, "lab", "replay", "out.jsonl", "--json")
    assert json_lines(again.stdout)[0]["reply"] == trace.text


def test_force_overwrites_a_recording(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("old")
    done = voicebot(tmp_path, "lab", "record", "-o", "out.jsonl", "--force", "--chat", "demo", "Hello")
    assert done.returncode == 0
    assert read_trace(tmp_path / "out.jsonl").text == done.stdout.rstrip("\n")


def test_ctrl_c_leaves_what_came_so_far(tmp_path: Path) -> None:
    process = start(
        tmp_path, "lab", "record", "-o", "out.jsonl", "--chat", "demo", "--set", "chat.deltas_per_second=5", "Hello"
    )
    assert process.stdout
    heard = os.read(process.stdout.fileno(), 1000)  # the reply is shown while it comes
    assert heard
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "wrote out.jsonl" in err.decode()
    assert read_trace(tmp_path / "out.jsonl").text == (heard + out).decode().rstrip("\n")


def test_a_recording_that_cannot_be_begun_holds_nothing(tmp_path: Path) -> None:
    """The error stood behind the reply, in its line, and said that what came before was in the file."""
    (tmp_path / "t.jsonl").symlink_to("t.jsonl")
    done = voicebot(tmp_path, "lab", "record", "-o", "t.jsonl", "--force", "Hello", "--chat", "demo")
    assert (done.returncode, done.stdout[-1:]) == (2, "\n")
    assert done.stderr == "voicebot: cannot write t.jsonl: Too many levels of symbolic links\n"


def test_a_chat_model_that_does_not_answer_leaves_no_file(tmp_path: Path) -> None:
    done = voicebot(tmp_path, "lab", "record", "-o", "out.jsonl", "--base-url", "http://127.0.0.1:9/v1", "Hello")
    assert done.returncode == 4
    assert not (tmp_path / "out.jsonl").exists()


# ---------------------------------------------------------------- compare


def test_compare_shows_what_changes_run_by_run_and_on_average(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[chunking]\nstrategy = "newline"\n')
    (tmp_path / "b.toml").write_text('[chunking]\nstrategy = "sentence"\n')
    arguments = ("lab", "compare", "a.toml", "b.toml", JA, EN, "--tts", "cpu-slow,gpu")
    done = voicebot(tmp_path, *arguments)
    assert done.returncode == 0
    assert "A a.toml → B b.toml" in done.stdout
    assert "でしたね。|一週間" in done.stdout  # a cut that only B makes
    assert "4 runs, B against A on average:" in done.stdout
    compared = json_lines(voicebot(tmp_path, *arguments, "--json").stdout)
    assert [(c["trace"], c["engine"]) for c in compared] == [
        (trace, engine) for trace in ("tr-ja-chat@30", "tr-en-chat@30") for engine in ("cpu-slow", "gpu")
    ]
    assert all(c["b"]["ttfa"] < c["a"]["ttfa"] and c["only_b"] for c in compared)
    assert {key for c in compared for key in [*c, *c["a"], *c["b"]] if not key.isidentifier()} == set()


def test_a_configuration_changes_nothing_against_itself(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("")
    done = voicebot(tmp_path, "lab", "compare", "a.toml", "a.toml", JA)
    assert "only" not in done.stdout
    assert "1 run, B against A on average:\n  TTFA  +0.00 s  (0 better, 0 worse, 1 the same)" in done.stdout


# ---------------------------------------------------------------- explain


@pytest.mark.parametrize("strategy", ["newline", "punctuation", "sentence", "adaptive"])
def test_explain_prints_each_cut_with_its_rule(tmp_path: Path, strategy: str) -> None:
    done = voicebot(tmp_path, "lab", "explain", "-", "--strategy", strategy, "--json", input=TEXT)
    cuts = [decision for decision in json_lines(done.stdout) if decision["verdict"] == "cut"]
    assert "".join(cut["text"] for cut in cuts) == TEXT
    assert all(TEXT[cut["start"] : cut["end"]] == cut["text"] and cut["rule"] and cut["boundary"] for cut in cuts)
    assert (len(cuts) == 1) == (strategy == "newline")


def test_explain_tells_what_was_held_and_what_was_joined(tmp_path: Path) -> None:
    text = "Dr. Lee paid $2,499. 「行こう。」と言った。It rained. We left. We ran. They stayed at home all day. Really."
    decisions = json_lines(voicebot(tmp_path, "lab", "explain", "-", "--json", input=text).stdout)
    assert {"abbreviation", "within a quotation", "a particle goes on"} & {
        decision["rule"] for decision in decisions if decision["verdict"] == "held"
    } >= {"abbreviation"}
    joined = [decision for decision in decisions if decision["verdict"] == "joined"]
    assert joined
    assert all("sentences" in decision["rule"] for decision in joined)
    assert [decision["end"] for decision in decisions] == sorted(decision["end"] for decision in decisions)


def test_explain_reads_texts_traces_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    from_file, from_input = voicebot(tmp_path, "lab", "explain", "text.txt"), voicebot(
        tmp_path, "lab", "explain", "-", input=TEXT
    )  # fmt: skip
    assert from_file.stdout == from_input.stdout
    assert re.search(r"full stop +「はい。」と言った。", from_file.stdout)
    assert "それは大変でしたね。" in voicebot(tmp_path, "lab", "explain", JA).stdout
    assert voicebot(tmp_path, "lab", "explain", "-", input=b"\xff\xfe").returncode == 0

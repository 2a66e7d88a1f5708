"""Sweeps: every run once, nothing lost when stopped, the same answer whatever the number of processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.lab.samples import write_traces
from voicebot.cli.lab import lab_app
from voicebot.errors import LabError
from voicebot.lab.experiment import Experiment
from voicebot.lab.experiment_file import read_experiment
from voicebot.lab.runs import Run, as_dict
from voicebot.lab.sweep import RESULTS, plan, sweep

SETTINGS = '[settings."一文ごと"]\nchunking.strategy = "sentence"\n[settings.lines]\nchunking.strategy = "newline"\n'


def write(folder: Path, settings: str = SETTINGS, more: str = "") -> Path:
    write_traces(folder)
    path = folder / "experiment.toml"
    path.write_text(f'traces = ["."]\nengines = ["gpu", "cpu-slow"]\n{more}{settings}', encoding="utf-8")
    return path


def experiment(folder: Path, settings: str = SETTINGS, more: str = "") -> Experiment:
    return read_experiment(write(folder, settings, more))


class Progress:
    """Keeps what it is told; interrupts when `interrupt_at` runs are done."""

    def __init__(self, interrupt_at: int = -1) -> None:
        self.told: list[tuple[int, int]] = []
        self._interrupt_at = interrupt_at

    def __call__(self, done: int, of: int) -> None:
        self.told.append((done, of))
        if done == self._interrupt_at:
            raise KeyboardInterrupt

    @property
    def already_there(self) -> int:
        return self.told[0][0]


def run_all(chosen: Experiment, folder: Path, progress: Progress | None = None, processes: int = 1) -> list[Run]:
    jobs = plan(chosen, chosen.all_settings())
    return sweep(jobs, folder, processes=processes, progress=progress or Progress())


def test_every_setting_meets_every_trace_engine_and_seed(tmp_path: Path) -> None:
    runs = run_all(experiment(tmp_path, more="seeds = [0, 1]\n"), tmp_path / "out")
    assert [(run.engine, run.setting, run.trace, run.seed) for run in runs] == [
        (engine, setting, trace, seed)
        for engine in ("gpu", "cpu-slow")
        for setting in ("一文ごと", "lines")
        for trace in ("hello", "おはよう")
        for seed in (0, 1)
    ]


def test_results_hold_every_run_in_order(tmp_path: Path) -> None:
    runs = run_all(experiment(tmp_path), tmp_path / "out")
    lines = (tmp_path / "out" / RESULTS).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["run"] for line in lines] == [json.loads(json.dumps(as_dict(run))) for run in runs]


def test_nothing_is_run_twice(tmp_path: Path) -> None:
    first = run_all(experiment(tmp_path), tmp_path / "out")
    progress = Progress()
    assert run_all(experiment(tmp_path), tmp_path / "out", progress) == first
    assert progress.told == [(8, 8)]


def test_a_sweep_that_was_stopped_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    run_all(experiment(tmp_path), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run_all(experiment(tmp_path), tmp_path / "stopped", Progress(interrupt_at=3))
    progress = Progress()
    run_all(experiment(tmp_path), tmp_path / "stopped", progress)
    assert progress.already_there == 3
    assert (tmp_path / "stopped" / RESULTS).read_bytes() == (tmp_path / "whole" / RESULTS).read_bytes()


def test_half_a_line_at_the_end_is_run_again(tmp_path: Path) -> None:
    chosen = experiment(tmp_path)
    run_all(chosen, tmp_path / "out")
    results = tmp_path / "out" / RESULTS
    whole = results.read_bytes()
    results.write_bytes(whole[:-20])
    progress = Progress()
    run_all(chosen, tmp_path / "out", progress)
    assert progress.already_there == 7
    assert results.read_bytes() == whole


def test_a_line_that_is_not_a_run_is_left_out(tmp_path: Path) -> None:
    chosen = experiment(tmp_path)
    run_all(chosen, tmp_path / "out")
    results = tmp_path / "out" / RESULTS
    whole = results.read_text(encoding="utf-8")
    results.write_text('not JSON\n[]\n{"key": "x", "run": {}}\n' + whole, encoding="utf-8")
    run_all(chosen, tmp_path / "out")
    assert results.read_text(encoding="utf-8") == whole


def test_what_has_changed_is_run_again_and_nothing_else(tmp_path: Path) -> None:
    run_all(experiment(tmp_path), tmp_path / "out")
    progress = Progress()
    run_all(experiment(tmp_path, SETTINGS + "chunking.max_characters = 20\n"), tmp_path / "out", progress)
    assert progress.already_there == 4, "the other setting stays"
    chosen = experiment(tmp_path)
    run_all(chosen, tmp_path / "out")
    trace = tmp_path / "hello.jsonl"
    trace.write_text(trace.read_text(encoding="utf-8") + '{"t_ms": 9000, "token": " Bye."}\n', encoding="utf-8")
    progress = Progress()
    run_all(read_experiment(tmp_path / "experiment.toml"), tmp_path / "out", progress)
    assert progress.already_there == 4, "the other trace stays"


def test_several_processes_give_the_same_results(tmp_path: Path) -> None:
    more = f"seeds = {list(range(12))}\n"
    alone = run_all(experiment(tmp_path, more=more), tmp_path / "alone")
    together = run_all(experiment(tmp_path, more=more), tmp_path / "together", processes=2)
    assert together == alone
    assert (tmp_path / "together" / RESULTS).read_bytes() == (tmp_path / "alone" / RESULTS).read_bytes()


def test_a_folder_that_cannot_be_written_to_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LabError, match="file"):
        run_all(experiment(tmp_path), tmp_path / "file")


# ---------------------------------------------------------------- the command


def test_the_command_prints_the_means_and_writes_a_report(tmp_path: Path) -> None:
    done = CliRunner().invoke(lab_app, ["sweep", str(write(tmp_path)), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    means, _, differences = done.stdout.partition("\n\n")
    head, *rows = means.splitlines()
    assert head.split() == [
        *("engine", "setting", "TTFA", "gaps", "silence", "median", "p95", "over", "bound", "utterances"),
    ]
    assert [row.split()[:2] for row in rows] == [
        [engine, setting] for engine in ("gpu", "cpu-slow") for setting in ("一文ごと", "lines")
    ]
    title, _, *rows = differences.splitlines()
    assert title == "Against 一文ごと, reply by reply, with 95 % intervals:"
    assert [row.split()[:2] for row in rows] == [["gpu", "lines"], ["cpu-slow", "lines"]]
    assert "一文ごと" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_the_report_holds_two_settings_to_listen_to_and_what_they_say(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["sweep", str(write(tmp_path)), "-o", str(out), "--tone", "--listen", "一文ごと", "--listen", "lines"]
    assert CliRunner().invoke(lab_app, arguments).exit_code == 0
    page = (out / "report.html").read_text(encoding="utf-8")
    assert page.count("data:audio/wav;base64,") == 2
    assert "strategy = &quot;sentence&quot;" in page
    assert "Python" in page
    done = CliRunner().invoke(lab_app, [*arguments[:-1], "nobody"])
    assert done.exit_code == 2
    assert "there is no setting 'nobody' to listen to" in done.stderr


def test_the_command_prints_json_for_programs(tmp_path: Path) -> None:
    done = CliRunner().invoke(lab_app, ["sweep", str(write(tmp_path)), "-o", str(tmp_path / "out"), "--json"])
    answer = json.loads(done.stdout)
    assert (answer["experiment"], answer["runs"]) == ("experiment", 8)
    assert [mean["setting"] for mean in answer["means"]] == ["一文ごと", "lines"] * 2
    assert [(one["setting"], one["against"], one["ttfa"]["replies"]) for one in answer["differences"]] == [
        ("lines", "一文ごと", 2)
    ] * 2
    rows = [*answer["means"], *answer["differences"], *(one["ttfa"] for one in answer["differences"])]
    assert {key for row in [answer, *rows] for key in row if not key.isidentifier()} == set()
    assert Path(answer["report"]).is_file()
    assert Path(answer["results"]).is_file()


def test_a_wrong_experiment_is_a_usage_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(lab_app, ["sweep", str(write(tmp_path, '[settings.a]\nchunking.strategi = "x"\n'))])
    assert done.exit_code == 2
    assert "experiment.toml:4: settings.a.chunking.strategi: unknown key; did you mean strategy?" in done.stderr


def test_processes_take_no_module_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder from elsewhere its `multiprocessing.py` ran in the place of the standard library's."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    for name in ("multiprocessing", "random", "signal", "tempfile"):
        (folder / f"{name}.py").write_text(f"open({str(tmp_path / 'pwned')!r}, 'w')\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    run_all(experiment(tmp_path, more=f"seeds = {list(range(12))}\n"), tmp_path / "out", processes=2)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("name", [RESULTS, "report.html", f"{RESULTS}.new"])
def test_nothing_is_written_through_a_link_in_the_folder_of_the_results(tmp_path: Path, name: str) -> None:
    """In a folder from elsewhere `lab-results/x/report.html` could be a link to any file of the person's."""
    (tmp_path / "diary").write_text("Dear diary,\nno end of line", encoding="utf-8")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).symlink_to(tmp_path / "diary")
    with pytest.raises(LabError, match=f"{name} is a link"):
        run_all(experiment(tmp_path), tmp_path / "out")
    assert (tmp_path / "diary").read_text(encoding="utf-8") == "Dear diary,\nno end of line"

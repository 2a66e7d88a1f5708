"""Makes the runs of an experiment in several processes, keeps those that are done, and goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path

import voicebot
from voicebot.config.models import Config
from voicebot.errors import LabError
from voicebot.lab.engines import SynthesisCost
from voicebot.lab.experiment import Experiment, Setting
from voicebot.lab.own_strategy import own_strategy_of, source_digest
from voicebot.lab.runs import Run, as_dict, from_dict
from voicebot.lab.traces import Trace
from voicebot.translation import about, system_reason, tr

RESULTS = "results.jsonl"
_RUNS_A_PROCESS = 40
"""Starting a process takes about as long as this many runs."""


@dataclass(frozen=True, slots=True)
class Job:
    """One run to make."""

    setting: str
    config: Config
    trace: Trace
    engine: SynthesisCost
    seed: int

    def key(self, code: str) -> str:
        """Changes with everything that could change the run: setting, trace, engine, seed, and voicebot's `code`."""
        inputs = [
            code,
            self.setting,
            self.config.model_dump(mode="json"),
            astuple(self.trace),
            astuple(self.engine),
            self.seed,
        ]
        return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:32]


def _code_digest() -> str:
    """Of voicebot's version and its code: an experiment with the chunker changes the code and not the version."""
    digest = hashlib.sha256(voicebot.__version__.encode())
    package = Path(voicebot.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if path.relative_to(package).parts[0] != "cli":
            digest.update(path.read_bytes())
    return digest.hexdigest()


def plan(experiment: Experiment, settings: Iterable[Setting]) -> list[Job]:
    """Every run of the experiment, in the order of the report."""
    return [
        Job(setting.name, setting.config, trace, engine, seed)
        for engine in experiment.engines
        for setting in settings
        for trace in experiment.traces
        for seed in experiment.seeds
    ]


def sweep(
    jobs: Sequence[Job], folder: Path, *, processes: int = 1, progress: Callable[[int, int], None] = lambda *_: None
) -> list[Run]:
    """Make the runs that `folder` does not hold yet; return all of them in the order of `jobs`.

    Each run is added to results.jsonl when it is done, so that an interruption loses nothing; at the end the file holds
    the runs of `jobs` in their order and nothing else. `progress` takes the number of finished runs and of all runs.
    Raises LabError when the folder cannot be written to, and VoicebotError when a turn fails.
    """
    path = folder / RESULTS
    code = _code_digest()
    sources = {own: source_digest(own) for own in {own_strategy_of(job.config) for job in jobs} if own}
    keys = [job.key(code + sources.get(own_strategy_of(job.config), "")) for job in jobs]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_links(folder)
        done = _read_results(path)
        missing = [(key, job) for key, job in zip(keys, jobs, strict=True) if key not in done]
        finished = len(jobs) - len(missing)
        progress(finished, len(jobs))
        names = {id(job): key for key, job in missing}
        with path.open("a", encoding="utf-8") as file, open_workers(processes, len(missing)) as run_all:
            for job, run in run_all([job for _, job in missing]):
                key = names[id(job)]
                done[key] = run
                file.write(_result_line(key, run))
                file.flush()
                finished += 1
                progress(finished, len(jobs))
        _write_results(path, [(key, done[key]) for key in keys])
    except OSError as error:
        raise LabError(
            about(error.filename or path, system_reason(error)),
            hint=tr("name another folder with -o"),
        ) from error
    return [done[key] for key in keys]


def _refuse_links(folder: Path) -> None:
    """Raise LabError where a file of the results would be written somewhere else: the folder may be somebody else's."""
    for path in folder.iterdir():
        if path.is_symlink():
            raise LabError(
                tr("{path} is a link: the results would be written elsewhere", path=path),
                hint=tr("remove it, or name another folder with -o"),
            )


# ---------------------------------------------------------------- results.jsonl


def _read_results(path: Path) -> dict[str, Run]:
    """The runs in results.jsonl by key; an unfinished last line is cut off."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)
    done: dict[str, Run] = {}
    for line in data[:whole].splitlines():
        try:
            entry = json.loads(line)
            done[entry["key"]] = from_dict(entry["run"])
        except (ValueError, KeyError, TypeError):
            continue  # not a run that this version can read: it is made again
    return done


def _write_results(path: Path, results: Iterable[tuple[str, Run]]) -> None:
    new = path.with_suffix(".jsonl.new")
    with new.open("w", encoding="utf-8") as file:
        file.writelines(_result_line(key, run) for key, run in results)
    new.replace(path)


def _result_line(key: str, run: Run) -> str:
    # ASCII only: a reply may hold half of a surrogate pair, which UTF-8 cannot encode.
    return json.dumps({"key": key, "run": as_dict(run)}) + "\n"


# ---------------------------------------------------------------- processes


@contextmanager
def _without_current_folder() -> Iterator[None]:
    """Let Python processes that are started find no module in the current folder, until they have our path.

    It would come before the standard library, and the folder may be somebody else's.
    """
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


RunAll = Callable[[Sequence[Job]], Iterator[tuple[Job, Run]]]
"""Makes the runs, in any order, and yields each when it is done."""


@contextmanager
def open_workers(processes: int, jobs: int) -> Iterator[RunAll]:
    """A function that makes runs in up to `processes` processes, or in this one if there are few jobs."""
    processes = min(processes, jobs // _RUNS_A_PROCESS)
    if processes <= 1:
        yield lambda jobs: ((job, _run(job)) for job in jobs)
        return
    with _without_current_folder():
        # spawn: a forked child would inherit the locks of our threads in whatever state they are
        pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_start_worker)

        def run_all(jobs: Sequence[Job]) -> Iterator[tuple[Job, Run]]:
            futures = {pool.submit(_run, job): job for job in jobs}
            try:
                for future in as_completed(futures):
                    yield futures[future], future.result()
            except BrokenProcessPool as error:
                raise LabError(tr("a worker process died"), hint=tr("run it again with --jobs 1 to see why")) from error

        try:
            yield run_all
        finally:
            pool.shutdown(cancel_futures=True)


def _run(job: Job) -> Run:
    from voicebot.lab.replay import replay

    return replay(job.trace, job.config, job.engine, setting=job.setting, seed=job.seed)


def _start_worker() -> None:
    """Leave Ctrl-C to the parent, and end when it ends, however that happens."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

"""Fixtures for all tests."""

from __future__ import annotations

import gc
import math
import os
import signal
from collections.abc import Generator, Iterator
from functools import cache
from tempfile import TemporaryDirectory
from zlib import crc32

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

from tests import null_sink as sinks
from tests.cli.command import SHARED_FOLDER
from tests.machine import DENIED
from tests.self_contained import NEEDED, left_out, module_of, place_in, register_profiles

os.environ["LC_ALL"] = "C.UTF-8"  # the tests read English, whatever their person does

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job, and so would be what the tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)

register_profiles()
settings.load_profile("busy machine")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """Run each test marked anyio on both event loops."""
    backend: str = request.param
    return backend


@pytest.fixture
def null_sink() -> Iterator[sinks.NullSink]:
    """A loudspeaker nobody hears, and its recording."""
    if sinks.MISSING:
        pytest.skip(sinks.MISSING)
    with sinks.null_sink() as sink:
        yield sink


LISTENING = {
    "audio/test_device",
    "audio/test_portaudio_library",
    "cli/test_loudspeaker",
    "daemon/test_device",
    "server/page/test_in_browser",
    "server/page/test_silence",
}
"""Modules whose tests listen to a loudspeaker, one after the other: two processors are not enough for two of them."""

TOGETHER = {
    "audio/test_conformance",
    "daemon/test_control",
    "library/test_installed",
    "server/test_attacks",
    "test_import_rules",
    "test_samples",
}
"""Folders and modules whose tests share what is dear to make, or somebody's state: one after the other."""

BROKERS = 2
"""This many workers start a RabbitMQ for the tests of distributed/, which share it module by module."""

PUNCTUAL = {*LISTENING, "audio/test_conformance", "library/test_installed"}
"""Modules whose tests come out differently where something has to wait long for its processor."""

WAITING = (
    "audio/test_conformance",
    "audio/test_wav_stream",
    "chat/test_discovery",
    "chat/wire/test_misbehaving_servers",
    "cli/test_doctor",
    "cli/test_hanging_sound",
    "cli/test_line_editor",
    "cli/test_service",
    "cli/test_terminal",
    "daemon",
    "library",
    "server/test_live",
    "service",
    "test_samples",
    "tools/test_mcp_servers",
    "tools/test_rude_mcp_servers",
    "tts/test_pyttsx3",
)
"""Folders and modules whose tests mostly wait, as for sound or other processes: the rest can be done meanwhile."""


def group_of(nodeid: str) -> str:
    """Tests of the same group are run by the same worker, one after the other.

    So are the cases of one that does not wait: to deal each of them takes a third of a millisecond.
    """
    module = module_of(nodeid)
    if module in LISTENING:
        return "loudspeaker"
    if place_in(module, ["distributed"]):
        return f"broker {crc32(module.encode()) % BROKERS}"
    by_itself = nodeid if place_in(module, WAITING) else nodeid.partition("[")[0]
    return place_in(module, TOGETHER) or by_itself


PATIENT = 4
"""This many workers of the quick run take what waits, beside those that take what works: no processor waits then."""
WORKING = 4
"""At least this many take what works: many of these tests work in a process of its own, and wait for it to start."""


class Groups(LoadScopeScheduling):  # type: ignore[misc] # it comes without types
    """Deals the groups to the workers, in the quick run from both ends.

    In the full one, more workers would be too many for those who listen. The marks of pytest-xdist 3.8 do nothing under
    pytest 9.2.
    """

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        self._patient = PATIENT if config.getoption("self_contained") else math.inf

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Give the patient workers the first group, and the others the last one."""
        if int(node.gateway.id.removeprefix("gw")) >= self._patient:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        """Forget a group that is done: after each test, all that the worker was ever given would be counted."""
        super().mark_test_complete(node, item_index, duration)
        given = self.assigned_work[node]
        group = self._split_scope(self.registered_collections[node][item_index])
        if all(given[group].values()):
            del given[group]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Groups:
    """Take our groups."""
    config.option.loadscopereorder = False  # by their numbers of tests
    return Groups(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One for each processor, four at least; in the quick run the patient ones beside them."""
    return max(os.cpu_count() or 1, WORKING) + (PATIENT if config.getoption("self_contained") else 0)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector rest while nearly nothing of what is made is garbage: it took a quarter of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what every module has imported, half a second each time it looked at that."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The tests of `make test`; `make test-all` and `make check` run every one."""
    parser.addoption("--self-contained", action="store_true", help="leave out what tests/self_contained.py names")


def pytest_configure(config: pytest.Config) -> None:
    """Take fewer examples where the whole run is a quick one; give the workers a folder in common."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        folder = TemporaryDirectory(prefix="voicebot-tests-")
        config.add_cleanup(folder.cleanup)
        os.environ[SHARED_FOLDER] = folder.name
    if config.getoption("self_contained"):
        settings.load_profile("self-contained")


def leave_out_what_needs_more(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that are made of this process, its files and its children alone, and are soon done."""
    needing_more = left_out(items)
    config.hook.pytest_deselected(items=needing_more)
    gone = {*needing_more}
    items[:] = [item for item in items if item not in gone]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell that there are more."""
    if config.getoption("self_contained"):
        terminalreporter.write_line(
            f"left out: what needs {', '.join([*NEEDED, 'minutes'])}; make test-all runs that too"
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let come first who listens, then what cannot be dealt out, then what waits; at the end of the quick run, where
    workers begin as well, what works and cannot be dealt out.
    """
    quick = config.getoption("self_contained")

    def place(item: pytest.Item) -> int:
        module = module_of(item.nodeid)
        if module in LISTENING:
            return 0
        together = place_in(module, [*TOGETHER, "distributed"])
        waiting = place_in(module, [*WAITING, "distributed"])
        if together:
            return 1 if waiting or not quick else 4
        return 2 if waiting else 3

    if quick:
        leave_out_what_needs_more(config, items)
    items.sort(key=place)


_AHEAD = 15
"""Of niceness: a punctual test takes all of a processor as soon as it needs it."""


@cache
def usual_niceness() -> int | None:
    """Ours; None where we could not have less of it for a while."""
    try:
        os.nice(-_AHEAD)
        return os.nice(_AHEAD)
    except PermissionError:
        return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let those that have to be punctual go first in the workers of pytest-xdist."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    niceness, first = usual_niceness(), module_of(item.nodeid) in PUNCTUAL
    if niceness is not None:
        os.nice(niceness - (_AHEAD if first else 0) - os.nice(0))
    elif not first and os.nice(0) < _AHEAD:
        os.nice(_AHEAD)  # for good: the punctual ones come first in each worker


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where VOICEBOT_TESTS_MAY_NOT_SKIP is set, a test that misses a system part fails.

    Not one that misses a right: nobody can install that.
    """
    report = yield
    missing = report.skipped and not hasattr(report, "wasxfail") and DENIED not in str(report.longrepr)
    if missing and os.environ.get("VOICEBOT_TESTS_MAY_NOT_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report

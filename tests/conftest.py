"""Fixtures for all tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests import null_sink as sinks

os.environ["LC_ALL"] = "C.UTF-8"  # the tests read English, whatever their person does

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job, and so would be what the tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("busy machine", deadline=None)  # a timed assertion is a flaky test
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


SOUND = {
    "sound": ["audio/test_device"],
    "more sound": [
        "cli/test_loudspeaker",
        "cli/test_hanging_sound",
        "audio/test_conformance",
        "audio/test_portaudio_library",
        "daemon/test_device",
    ],
}
"""Modules whose tests listen: a group is one worker's, whose tests run one after the other."""

AT_LENGTH = [
    "daemon",
    "service",
    "library/test_installed",
    "cli/test_commands",
    "cli/test_doctor",
    "cli/test_terminal",
    "cli/test_service",
    "tts/test_pyttsx3",
    "chat/wire/test_misbehaving_servers",
]
"""Folders and modules whose tests mostly wait for other processes: those of a module run one after the other."""

HEARS = {"sink", "null_sink", "loudspeaker"}
"""What a test of any other module takes that listens, too."""


def pytest_xdist_auto_num_workers() -> int:
    """Three for each processor where these are few: most tests wait."""
    processors = os.cpu_count() or 1
    return max(processors, min(3 * processors, 8))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group what must not disturb each other where pytest-xdist has several workers, and let it come first."""
    places = {item: _group_of(item) for item in items}
    for item, (_, group) in places.items():
        if group:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: places[item][0])


def _group_of(item: pytest.Item) -> tuple[int, str]:
    """Which place a test has among all the groups, and the name of its group, if any."""
    module = item.path.relative_to(Path(__file__).parent).with_suffix("").as_posix()
    for place, (group, modules) in enumerate(SOUND.items()):
        if module in modules:
            return place, group
    if isinstance(item, pytest.Function) and not HEARS.isdisjoint(item.fixturenames):
        return len(SOUND) - 1, group
    for place, beginning in enumerate(AT_LENGTH, len(SOUND)):
        if f"{module}/".startswith(f"{beginning}/"):
            return place, module
    return len(SOUND) + len(AT_LENGTH), ""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let sound go first in the workers of pytest-xdist: all others have a lower priority as soon as they need it."""
    if "PYTEST_XDIST_WORKER" in os.environ and _group_of(item)[1] not in SOUND and not os.nice(0):
        os.nice(5)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where VOICEBOT_TESTS_MAY_NOT_SKIP is set, a test that misses a system part fails."""
    report = yield
    if os.environ.get("VOICEBOT_TESTS_MAY_NOT_SKIP") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report

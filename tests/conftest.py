"""Fixtures for all tests."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import settings

from tests import null_sink as sinks

os.environ["LC_ALL"] = "C.UTF-8"  # the tests read English, whatever their person does

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


IN_REAL_TIME = {
    "audio",
    "test_loudspeaker",
    "test_terminal",
    "daemon",
    "service",
    "test_commands",
    "test_doctor",
    "test_service",
    "test_pyttsx3",
    "test_misbehaving_servers",
}
"""Folders and modules whose tests listen, type or wait for a process: they would disturb each other."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what happens in real time run in one worker, one after the other, where pytest-xdist has several."""
    for item in items:
        if not IN_REAL_TIME.isdisjoint({item.path.stem, *item.path.relative_to(item.config.rootpath).parts}):
            item.add_marker(pytest.mark.xdist_group("real time"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where VOICEBOT_TESTS_MAY_NOT_SKIP is set, a test that misses a system part fails."""
    report = yield
    if os.environ.get("VOICEBOT_TESTS_MAY_NOT_SKIP") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report

"""The broker of the tests. They run on asyncio alone: aio-pika knows no other event loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.distributed import broker as brokers

BROKERS = {"broker", "own_broker", "stopped_broker"}
SECONDS = 180
"""A broker takes 4 s to start on an idle machine, and 25 s on a busy one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests with a broker more time than others."""
    for item in items:
        if not isinstance(item, pytest.Function) or item.path.parent != Path(__file__).parent:
            continue
        if BROKERS & {*item.fixturenames}:
            item.add_marker(pytest.mark.timeout(SECONDS))


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of aio-pika."""
    return "asyncio"


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.Broker]:
    """A broker for all tests that leave it as it is, each with queues of its own names."""
    with _stopped_broker(tmp_path_factory) as broker:
        broker.start()
        yield broker


@pytest.fixture
def stopped_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.Broker]:
    """A broker for one test, which starts it."""
    with _stopped_broker(tmp_path_factory) as broker:
        yield broker


@pytest.fixture
def own_broker(stopped_broker: brokers.Broker) -> brokers.Broker:
    """A broker for one test, which may kill it; 3 to 4.5 s to start."""
    stopped_broker.start()
    return stopped_broker


@pytest.fixture
def voice_class() -> str:
    """A queue for one test."""
    return f"test-{uuid4().hex[:8]}"


@contextmanager
def _stopped_broker(folders: pytest.TempPathFactory) -> Iterator[brokers.Broker]:
    if brokers.MISSING:
        pytest.skip(brokers.MISSING)
    broker = brokers.Broker(folders.mktemp("broker"))
    try:
        yield broker
    finally:
        broker.stop()

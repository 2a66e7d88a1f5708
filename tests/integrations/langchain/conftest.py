"""What the tests of LangChain share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integrations.langchain.model_server import ModelServer, serve_model


@pytest.fixture
def anyio_backend() -> str:
    """LangChain runs on asyncio only."""
    return "asyncio"


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A chat server that answers as a model would."""
    with serve_model() as server:
        yield server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what test_standard_suites.py lists in NOT_FOR_US."""
    from tests.integrations.langchain.test_standard_suites import NOT_FOR_US

    ours = [item for item in items if "integrations" in item.path.parts]
    left_out = [item for item in ours if item.name.split("[")[0] in NOT_FOR_US]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

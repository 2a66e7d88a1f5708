"""The server runs on asyncio alone: uvicorn knows no other event loop."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The event loop of uvicorn."""
    return "asyncio"

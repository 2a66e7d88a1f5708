"""The server runs on asyncio alone: uvicorn knows no other event loop."""

from tests.server.conftest import anyio_backend

__all__ = ["anyio_backend"]

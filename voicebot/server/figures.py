"""`/metrics`: what Prometheus reads. It needs the token, as everything does that tells of people."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from voicebot.server.context import ServerDep
from voicebot.server.metrics import CONTENT_TYPE

router = APIRouter()


@router.get("/metrics")
async def metrics(server: ServerDep) -> Response:
    """The figures of all turns so far."""
    return Response(server.metrics.text(), headers={"content-type": CONTENT_TYPE})

"""A reader of server-sent events, as simple as their definition."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Sent:
    """One event."""

    id: str
    type: str
    data: dict[str, Any] = field(default_factory=dict)  # Any: JSON


@asynccontextmanager
async def reading(
    client: httpx.AsyncClient, method: str, path: str, **request: Any
) -> AsyncIterator[AsyncIterator[Sent]]:
    """The events of an answer; `request` is as httpx takes it."""
    async with client.stream(method, path, **request) as answer:
        assert answer.status_code == 200, (await answer.aread()).decode()
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield events_of(answer.aiter_lines())


async def read_all(client: httpx.AsyncClient, method: str, path: str, **request: Any) -> list[Sent]:
    """All of them."""
    async with reading(client, method, path, **request) as events:
        return [sent async for sent in events]


async def read_until(events: AsyncIterator[Sent], type: str) -> list[Sent]:
    """The next ones, to the first of a type."""
    read = []
    async for sent in events:
        read.append(sent)
        if sent.type == type:
            return read
    raise AssertionError(f"no {type} after {[sent.type for sent in read]}")


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[Sent]:
    """The events that stand in the lines of an answer."""
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif "data" in fields:
            yield Sent(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
            fields = {}

"""Events of the Wyoming protocol on a stream, with limits: the package itself reads whatever length a line names."""

from __future__ import annotations

import json
from typing import Any

from anyio import DelimiterNotFound, EndOfStream, IncompleteRead
from anyio.abc import ByteReceiveStream
from anyio.streams.buffered import BufferedByteReceiveStream
from wyoming.event import Event
from wyoming.version import __version__ as protocol_version

MAX_LINE_BYTES = 65_536
"""Of the header, its end included."""
MAX_DATA_BYTES = MAX_PAYLOAD_BYTES = 1_048_576


class BadEvent(Exception):
    """Bytes that are not an event, or one that is too large: what follows cannot be understood either."""


class EventReader:
    """Reads what a peer sends."""

    def __init__(self, stream: ByteReceiveStream) -> None:
        self._bytes = BufferedByteReceiveStream(stream)

    async def receive(self) -> Event | None:
        """The next event; None when the peer has closed, in the middle of one too. Raises BadEvent."""
        try:
            header = _object(await self._bytes.receive_until(b"\n", MAX_LINE_BYTES - 1))
            kind, data = header.get("type"), header.get("data") or {}
            if not isinstance(kind, str) or not isinstance(data, dict):
                raise BadEvent("an event has a type, and its data are an object")
            if length := _length(header, "data_length", MAX_DATA_BYTES):
                data |= _object(await self._bytes.receive_exactly(length))
            length = _length(header, "payload_length", MAX_PAYLOAD_BYTES)
            payload = await self._bytes.receive_exactly(length) if length else None
        except (IncompleteRead, EndOfStream):
            return None
        except DelimiterNotFound:
            raise BadEvent(f"a line has at most {MAX_LINE_BYTES} bytes") from None
        return Event(kind, data, payload)


def _object(data: bytes) -> dict[str, Any]:  # Any: JSON
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise BadEvent("this is not JSON") from None
    if not isinstance(value, dict):
        raise BadEvent("this is not a JSON object")
    return value


def _length(header: dict[str, Any], name: str, limit: int) -> int:  # Any: JSON
    length = header.get(name)
    if length is None:
        return 0
    if not isinstance(length, int) or not 0 <= length <= limit:
        raise BadEvent(f"{name} is at most {limit}")
    return length


def encoded(event: Event) -> bytes:
    """The event as it goes over the wire; half characters, which have no form in UTF-8, as question marks."""
    payload = event.payload or b""
    data = json.dumps(event.data, ensure_ascii=False).encode(errors="replace") if event.data else b""
    header: dict[str, object] = {"type": event.type, "version": protocol_version}
    if data:
        header["data_length"] = len(data)
    if payload:
        header["payload_length"] = len(payload)
    return json.dumps(header).encode() + b"\n" + data + payload

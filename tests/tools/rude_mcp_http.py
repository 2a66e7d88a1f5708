"""An MCP server on loopback that misbehaves when its tool is called, written without any MCP library."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat

TOOL = {"name": "look", "description": "Look.", "inputSchema": {"type": "object"}}
JSON, EVENTS = "application/json", "text/event-stream"
CAT = {"content": [{"type": "text", "text": "a cat"}], "isError": False}
LETTERS = b"x" * 100_000


@dataclass
class RudeServer:
    """What tests choose, and what they can see of it."""

    url: str = ""
    how: str = ""
    """What is wrong with its answers; empty: nothing."""
    method: str = "tools/call"
    """To which requests it answers so."""
    bytes_sent: int = 0


@contextmanager
def rude_server(how: str, *, method: str = "tools/call") -> Iterator[RudeServer]:
    """Serve until the block ends."""
    rude = RudeServer(how=how, method=method)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if "id" not in request:
                self._send("202 Accepted", JSON, [])
                return
            body = json.dumps({"jsonrpc": "2.0", "id": request["id"], **_answer(request)}).encode()
            pieces, kind, headers = _rude(rude.how if request["method"] == rude.method else "", body)
            self._send("200 OK", kind, pieces, **headers)

        def do_GET(self) -> None:
            self._send("405 Method Not Allowed", JSON, [])

        do_DELETE = do_GET

        def _send(self, status: str, kind: str, pieces: Iterable[bytes], **headers: str) -> None:
            code, _, reason = status.partition(" ")
            self.send_response(int(code), reason)
            for name, value in {"content-type": kind, "transfer-encoding": "chunked", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            try:
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    rude.bytes_sent += len(piece)
                self.wfile.write(b"0\r\n\r\n")
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        rude.url = f"http://127.0.0.1:{server.server_address[1]}/mcp"
        yield rude
        server.shutdown()
        thread.join()


def _answer(request: dict[str, dict[str, str]]) -> dict[str, object]:
    match request["method"]:
        case "initialize":
            version = request["params"]["protocolVersion"]
            about = {"protocolVersion": version, "capabilities": {"tools": {}}}
            return {"result": about | {"serverInfo": {"name": "x", "version": "1"}}}
        case "tools/list":
            return {"result": {"tools": [TOOL]}}
        case "tools/call":
            return {"result": CAT}
        case _:
            return {"error": {"code": -32601, "message": "no such method"}}


def _rude(how: str, body: bytes) -> tuple[Iterable[bytes], str, dict[str, str]]:
    match how:
        case "":
            return [body], JSON, {}
        case "an endless body":
            return chain([b'"'], repeat(LETTERS)), JSON, {}
        case "an endless event":
            return chain([b"data: "], repeat(LETTERS)), EVENTS, {}
        case "endless comments":
            return repeat(b":" + LETTERS + b"\n"), EVENTS, {}
        case "a packed body":
            return [gzip.compress(LETTERS * 1000)], JSON, {"content_encoding": "gzip"}
        case "no JSON":
            return [b"<html>\n<b>\x1b[31mGateway</b>\n</html>"], JSON, {}
        case "no MCP":
            return [b'{"a":\n"b"}'], JSON, {}
        case "no kind":
            return [b"Hello"], "text/plain", {}
        case _:
            raise AssertionError(how)

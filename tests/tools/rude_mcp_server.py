"""An MCP server that misbehaves as its first argument says, written without any library."""

from __future__ import annotations

import json
import sys

HOW = sys.argv[1]
TOOL = {"name": "look", "description": "Look.", "inputSchema": {"type": "object"}}


def send(value: object) -> None:
    print(json.dumps(value), flush=True)


def garbage(lines: int) -> None:
    for _ in range(lines):
        sys.stdout.buffer.write(b'Loading \x1b[31m\xff\xfe {"jsonrpc": 2}\n')
    sys.stdout.flush()


if HOW == "garbage before":
    garbage(500)
if HOW == "only garbage":
    while True:
        garbage(100)
for line in sys.stdin:
    request = json.loads(line)
    match request.get("method"):
        case "initialize":
            version = request["params"]["protocolVersion"]
            about = {"protocolVersion": version, "capabilities": {"tools": {}}}
            send(
                {"jsonrpc": "2.0", "id": request["id"], "result": about | {"serverInfo": {"name": "x", "version": "1"}}}
            )
        case "tools/list":
            tools: object = [{"title": 3}] if HOW == "bad list" else [TOOL]
            send({"jsonrpc": "2.0", "id": request["id"], "result": {"tools": tools}})
        case "tools/call":
            if HOW == "long line":
                send({"jsonrpc": "2.0", "id": request["id"], "result": "x" * 60_000_000})
            elif HOW == "garbage at a call":
                while True:
                    garbage(100)
            garbage(3)
            content = [{"type": "text", "text": "a cat"}]
            send({"jsonrpc": "2.0", "id": request["id"], "result": {"content": content, "isError": False}})
        case str() if "id" in request:
            send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32601, "message": "no such method"}})

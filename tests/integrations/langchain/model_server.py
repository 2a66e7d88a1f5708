"""A chat server on loopback that answers as a model would, in both dialects: it echoes, calls tools, writes JSON.

There is no model: the reply follows from the request, so that suites written for real models run without one.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Json = dict[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answers."""

    text: str = ""
    calls: tuple[tuple[str, Json], ...] = ()
    """Name and arguments of each."""


@dataclass
class ModelServer:
    """Where it is, and what it was asked."""

    url: str
    requests: list[Json] = field(default_factory=list)
    script: list[Reply] = field(default_factory=list)
    """What it answers before its replies follow from the requests."""


@contextmanager
def serve_model(port: int = 0) -> Iterator[ModelServer]:
    """Serve on `port` of 127.0.0.1 (0: a free one), in threads of its own, for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            server.requests.append(request)
            reply = server.script.pop(0) if server.script else reply_to(request)
            ollama = self.path == "/api/chat"
            self.send_response(200)
            self.send_header("content-type", "application/x-ndjson" if ollama else "text/event-stream")
            self.end_headers()
            for event in ollama_events(reply) if ollama else openai_events(reply):
                line = json.dumps(event)
                self.wfile.write(f"{line}\n".encode() if ollama else f"data: {line}\n\n".encode())

        def log_message(self, format: str, *args: object) -> None:
            """Keep the output of the tests clean."""

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as http:
        server = ModelServer(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            http.shutdown()
            thread.join()


def reply_to(request: Json) -> Reply:
    """Call the first tool when a user asks and there is one; write what a schema describes; echo everything else."""
    last = request["messages"][-1]
    form = request.get("response_format") or request.get("format")
    if tools := request.get("tools"):
        if last["role"] == "user":
            function = tools[0]["function"]
            return Reply(calls=((function["name"], instance_of(function["parameters"], last["content"])),))
    elif form:
        schema = form.get("json_schema", {}).get("schema") or form if isinstance(form, dict) else {}
        if "properties" not in schema:
            schema = {"properties": {"setup": {"type": "string"}, "punchline": {"type": "string"}}}
        return Reply(json.dumps(instance_of(schema, last["content"]), ensure_ascii=False))
    text = f"{request['model']} heard: {last['content']}"
    stop = request.get("stop") or request.get("options", {}).get("stop") or []
    return Reply(re.split("|".join(map(re.escape, stop)), text)[0] if stop else text)


def instance_of(schema: Mapping[str, Any], text: str) -> Json:
    """An object that `schema` describes, with what it can find in `text`."""
    numbers = re.findall(r"\d+", text)
    quoted = re.search(r"'(.+?)'", text)
    return {
        name: int(numbers[0]) if numbers and kind.get("type") == "integer" else quoted[1] if quoted else "a pirate"
        for name, kind in schema.get("properties", {}).items()
    }


def openai_events(reply: Reply) -> Iterator[Json]:
    """The events of /v1/chat/completions, with its usage."""
    for piece in re.findall(r"\S+\s*|\s+", reply.text):
        yield {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}], "usage": None}
    for index, (name, arguments) in enumerate(reply.calls):
        written = json.dumps(arguments)
        head = {"index": index, "id": f"call_{index}", "type": "function"}
        function = {"name": name, "arguments": written[:3]}
        yield {"choices": [{"index": 0, "delta": {"tool_calls": [{**head, "function": function}]}}]}
        rest = {"index": index, "function": {"arguments": written[3:]}}
        yield {"choices": [{"index": 0, "delta": {"tool_calls": [rest]}}]}
    finish = "tool_calls" if reply.calls else "stop"
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}], "usage": None}
    yield {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}


def ollama_events(reply: Reply) -> Iterator[Json]:
    """The lines of /api/chat."""
    for piece in re.findall(r"\S+\s*|\s+", reply.text):
        yield {"message": {"role": "assistant", "content": piece}, "done": False}
    if reply.calls:
        calls = [
            {"id": f"call_{i}", "function": {"index": i, "name": name, "arguments": arguments}}
            for i, (name, arguments) in enumerate(reply.calls)
        ]
        yield {"message": {"role": "assistant", "content": "", "tool_calls": calls}, "done": False}
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 7}
    yield {"message": {"role": "assistant", "content": ""}, **end}

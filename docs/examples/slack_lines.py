"""Writes the reply of a voicebot server into a Slack thread, line by line, while it is being written.

    export VOICEBOT_SERVER__TOKEN=…  SLACK_BOT_TOKEN=xoxb-…
    python docs/examples/slack_lines.py C0123456789 1700000001.123456 "What shall we cook?"

Slack allows about a hundred appends a minute: lines that come faster go together in one.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import AsyncIterator

import anyio
import httpx
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

SECONDS_BETWEEN_APPENDS = 0.7
TRIES = 5


class SlackError(Exception):
    """Slack did not take it."""


class SlackThread:
    """One streamed message in a thread."""

    def __init__(self, slack: httpx.AsyncClient, channel: str, thread: str) -> None:
        self._slack = slack
        self._channel = channel
        self._thread = thread
        self._message = ""

    async def append(self, text: str) -> None:
        """Begin the message, or add to it."""
        text = _without_mentions(text)
        if self._message:
            await self._call("chat.appendStream", ts=self._message, markdown_text=text)
        else:
            begun = await self._call("chat.startStream", thread_ts=self._thread, markdown_text=text)
            self._message = str(begun["ts"])

    async def stop(self) -> None:
        """Say that the message is whole."""
        if self._message:
            await self._call("chat.stopStream", ts=self._message)

    async def _call(self, method: str, **arguments: str) -> dict[str, object]:
        for _ in range(TRIES):
            answer = await self._slack.post(f"/api/{method}", json={"channel": self._channel, **arguments})
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            await anyio.sleep(float(answer.headers.get("retry-after", "1")))
        answer.raise_for_status()
        content: dict[str, object] = answer.json()
        if not content.get("ok"):
            raise SlackError(f"{method}: {content.get('error', 'unknown')}")
        return content


async def reply_lines(voicebot: httpx.AsyncClient, conversation: str, text: str) -> AsyncIterator[str]:
    """The lines of the reply, each as soon as it is whole."""
    body = {"text": text, "unit": "line"}
    async with voicebot.stream("POST", f"/api/conversations/{conversation}/turns", json=body) as answer:
        if answer.is_error:
            await answer.aread()
            raise SystemExit(answer.json()["error"]["message"])
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                if event["type"] == "delta":
                    yield event["text"]
                elif event["type"] == "turn_ended" and event["outcome"] == "failed":
                    raise SystemExit(event["error"])


async def write(lines: AsyncIterator[str], thread: SlackThread, *, seconds_between: float) -> None:
    """Append what has come since the last append, and not too often."""

    async def read(send: MemoryObjectSendStream[str]) -> None:
        with send:
            async for line in lines:
                await send.send(line)

    async def append(receive: MemoryObjectReceiveStream[str]) -> None:
        async for line in receive:
            more = [receive.receive_nowait() for _ in range(receive.statistics().current_buffer_used)]
            await thread.append("".join([line, *more]))
            await anyio.sleep(seconds_between)

    send, receive = anyio.create_memory_object_stream[str](math.inf)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read, send)
        with receive:
            await append(receive)
    await thread.stop()


def _without_mentions(text: str) -> str:
    """Slack's own signs as plain text: a model that writes <!channel> calls nobody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def main(channel: str, thread: str, question: str) -> None:
    """Ask voicebot, and let Slack read along."""
    server = os.environ.get("VOICEBOT_URL", "http://127.0.0.1:8765")
    bearer = {"Authorization": f"Bearer {os.environ['VOICEBOT_SERVER__TOKEN']}"}
    slack_bearer = {"Authorization": f"Bearer {os.environ['SLACK_BOT_TOKEN']}"}
    slack_url = os.environ.get("SLACK_URL", "https://slack.com")
    async with (
        httpx.AsyncClient(base_url=server, headers=bearer, timeout=None) as voicebot,
        httpx.AsyncClient(base_url=slack_url, headers=slack_bearer) as slack,
    ):
        created = await voicebot.post("/api/conversations", json={"title": f"Slack {thread}"})
        conversation = created.raise_for_status().json()["id"]
        lines = reply_lines(voicebot, conversation, question)
        await write(lines, SlackThread(slack, channel, thread), seconds_between=SECONDS_BETWEEN_APPENDS)


if __name__ == "__main__":
    channel, thread, question = sys.argv[1:]
    anyio.run(main, channel, thread, question)

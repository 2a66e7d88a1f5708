"""Asks the servers of rpc_server.py, as often as wanted at the same time, and says how long it took.

    export AMQP_URL=amqp://user:password@127.0.0.1:5672/
    python docs/examples/rpc_client.py 5 8 --calls 2

One reply queue and one consumer for the whole process, whatever it asks: a queue for each call costs the broker more
than the call itself, and a consumer that nobody cancels stays for good.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika
import anyio
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

QUEUE = "voicebot.rpc"


class RpcClient:
    """Calls that wait for their answers, each under a correlation id of its own."""

    def __init__(self, channel: AbstractChannel, replies: AbstractQueue) -> None:
        self.replies = replies
        self._channel = channel
        self._waiting: dict[str, asyncio.Future[bytes]] = {}

    async def call(self, *, timeout: float = 30.0, **request: object) -> dict[str, object]:
        """Ask any server. Raises TimeoutError, and ConnectionError where the broker has gone."""
        correlation_id = uuid4().hex
        answered = self._waiting[correlation_id] = asyncio.get_running_loop().create_future()
        message = aio_pika.Message(
            json.dumps(request).encode(),
            content_type="application/json",
            correlation_id=correlation_id,
            reply_to=self.replies.name,
            expiration=timeout,  # nobody works on what nobody waits for
        )
        try:
            with anyio.fail_after(timeout):
                await self._channel.default_exchange.publish(message, QUEUE)
                reply: dict[str, object] = json.loads(await answered)
                return reply
        finally:
            del self._waiting[correlation_id]

    async def take(self, reply: AbstractIncomingMessage) -> None:
        """Wake the call that waits for this; too late, or never asked for, it is dropped."""
        waiting = self._waiting.get(reply.correlation_id or "")
        if waiting and not waiting.done():
            waiting.set_result(reply.body)

    def lose(self, *_: object) -> None:
        """Fail what waits: a new connection has a new reply queue."""
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the broker has gone"))


@asynccontextmanager
async def open_rpc_client(url: str) -> AsyncIterator[RpcClient]:
    """A client for as long as the block lasts; its reply queue goes with it."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        client = RpcClient(channel, await channel.declare_queue(exclusive=True, auto_delete=True))
        connection.close_callbacks.add(client.lose)
        await client.replies.consume(client.take, no_ack=True)
        yield client


async def main(a: int, b: int, calls: int) -> None:
    """Ask at the same time, and print each answer when it comes."""
    began = time.monotonic()

    async def ask() -> None:
        reply = await client.call(a=a, b=b)
        print(f"{json.dumps(reply)} after {time.monotonic() - began:.2f} s", flush=True)

    async with open_rpc_client(os.environ["AMQP_URL"]) as client, anyio.create_task_group() as tasks:
        for _ in range(calls):
            tasks.start_soon(ask)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Asks the servers of rpc_server.py.")
    parser.add_argument("a", type=int)
    parser.add_argument("b", type=int)
    parser.add_argument("--calls", type=int, default=1, help="this many at the same time (default: 1)")
    options = parser.parse_args()
    anyio.run(main, options.a, options.b, options.calls)

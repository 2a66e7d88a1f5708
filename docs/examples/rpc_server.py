"""Adds two numbers for whoever asks over RabbitMQ, and takes three seconds for it: start as many as you need.

    export AMQP_URL=amqp://user:password@127.0.0.1:5672/
    python docs/examples/rpc_server.py

A request is {"a": 5, "b": 8} in the queue voicebot.rpc, its answer {"result": 13} in the queue that the request names.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
from contextlib import suppress

import aio_pika
import anyio
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import PublishError

QUEUE = "voicebot.rpc"
_log = logging.getLogger("rpc_server")


async def serve(connection: AbstractConnection, *, seconds: float) -> None:
    """Answer one call after the other, until the connection is lost."""
    channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
    await channel.set_qos(prefetch_count=1)  # what waits here, no other server can take
    queue = await channel.declare_queue(QUEUE, durable=True)
    async with queue.iterator() as calls:
        _log.info("ready")
        async for call in calls:
            async with call.process(requeue=True):  # unfinished, it goes to another server
                await answer(channel, call, seconds=seconds)


async def answer(channel: AbstractChannel, call: AbstractIncomingMessage, *, seconds: float) -> None:
    """Work, and send the result to the queue that the call names."""
    if not call.reply_to:
        _log.warning("a call without reply_to: nobody waits for its answer")
        return
    _log.info("call begins")
    body = json.dumps(await result(call.body, seconds=seconds)).encode()
    reply = aio_pika.Message(body, content_type="application/json", correlation_id=call.correlation_id)
    try:
        await channel.default_exchange.publish(reply, call.reply_to)
    except PublishError:
        _log.warning("the caller has gone")
    _log.info("call ends")


async def result(request: bytes, *, seconds: float) -> dict[str, object]:
    """What takes its time; a request that cannot be understood is answered too."""
    try:
        numbers = json.loads(request)
        a, b = int(numbers["a"]), int(numbers["b"])
    except (KeyError, TypeError, ValueError):
        return {"error": 'a request is {"a": number, "b": number}'}
    await anyio.sleep(seconds)
    return {"result": a + b}


async def main(seconds: float, workers: int) -> None:
    """Serve with this many workers."""
    async with (
        await aio_pika.connect(os.environ["AMQP_URL"]) as connection,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(workers):
            tasks.start_soon(lambda: serve(connection, seconds=seconds))
    raise SystemExit("the broker has gone")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Adds two numbers for whoever asks over RabbitMQ.")
    parser.add_argument("--seconds", type=float, default=3.0, help="what a call takes (default: 3)")
    parser.add_argument("--workers", type=int, default=1, help="this many calls at the same time (default: 1)")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    with suppress(KeyboardInterrupt):
        anyio.run(main, options.seconds, options.workers)

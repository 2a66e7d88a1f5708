"""One connection after the other to the broker, for as long as it is wanted.

aio-pika's own robust connection brings channels and queues back by itself and is known to leave consumers dead. Here
nothing is brought back: what was declared and consumed on a lost connection is made anew on the next one, by the same
code that made it first.
"""

from __future__ import annotations

import errno
import logging
import os
import random
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aio_pika
import anyio
from aio_pika.abc import AbstractConnection, ConnectionParameter
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, InvalidFrameError, ProbableAuthenticationError
from yarl import URL

from voicebot.errors import VoiceUnavailable, without_groups
from voicebot.text.safe_display import safe_line
from voicebot.translation import system_reason, tr

_CONNECT_SECONDS = 5.0
_HEARTBEAT_SECONDS = 5
"""A connection over which nothing comes for twice this long is lost."""
_READ_AHEAD_BYTES = 1024 * 1024
"""What is read before it is asked for; with its own 64 kB, asyncio stops and begins again in each large frame."""
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 2.0

for _chatty in ("aio_pika", "aiormq"):
    # we report what goes wrong ourselves; the library's log adds nothing
    logging.getLogger(_chatty).addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is, and how it is to be trusted."""

    url: str = field(repr=False)
    """amqp:// or amqps://, with user and password."""
    ca_file: str = ""
    """Who vouches for the broker's certificate, in the form PEM; empty: whom this machine trusts."""

    @property
    def shown(self) -> str:
        """The address without user and password."""
        url = URL(self.url)
        return f"{url.scheme}://{url.host}:{url.port or (5671 if url.scheme == 'amqps' else 5672)}{url.raw_path}"


class BrokerUnavailable(VoiceUnavailable):
    """The broker does not answer, or does not let us in."""


class _Connection(aio_pika.Connection):
    """A connection with a read-ahead that can be set."""

    PARAMETERS = (*aio_pika.Connection.PARAMETERS, ConnectionParameter(name="limit", parser=int, is_kwarg=True))


async def takes_messages(connection: AbstractConnection) -> bool:
    """Whether the broker takes messages, as far as we know: it says otherwise only to somebody who publishes."""
    transport = connection.transport
    with anyio.move_on_after(0):
        if transport is not None:
            await transport.ready()  # at once where nothing is wrong
        return True
    return False


def alarm() -> BrokerUnavailable:
    """The broker takes no messages."""
    return BrokerUnavailable(
        tr("RabbitMQ takes no messages: it has raised its alarm for too little memory or disk"),
        hint=tr("see `rabbitmq-diagnostics alarms` on its machine"),
    )


@asynccontextmanager
async def open_connection(address: BrokerAddress, *, name: str) -> AsyncIterator[AbstractConnection]:
    """A connection to the broker, which calls it `name`. Raises BrokerUnavailable."""
    connection = await _connected(address, name)
    try:
        yield connection
    finally:
        with anyio.move_on_after(1, shield=True), suppress(AMQPError, OSError):
            await connection.close()


async def _connected(address: BrokerAddress, name: str) -> AbstractConnection:
    try:
        with anyio.fail_after(_CONNECT_SECONDS):
            return await aio_pika.connect(
                URL(address.url).update_query(heartbeat=_HEARTBEAT_SECONDS, limit=_READ_AHEAD_BYTES),
                connection_class=_Connection,
                ssl_context=_ssl_context(address),
                client_properties={"connection_name": name},
            )
    except ProbableAuthenticationError as error:
        raise BrokerUnavailable(
            tr("the broker at {address} knows no such user or password", address=address.shown),
            hint=tr("check the user and the password in the AMQP URL"),
        ) from error
    except InvalidFrameError as error:  # a refusal where the library expects nothing but consent
        raise BrokerUnavailable(
            tr("the broker at {address} has no such virtual host, or not for this user", address=address.shown),
            hint=tr("check what stands behind the port in the AMQP URL"),
        ) from error
    except (AMQPError, OSError, TimeoutError, ssl.SSLError) as error:
        raise BrokerUnavailable(
            tr("no broker answers at {address}: {reason}", address=address.shown, reason=_reason(error)),
            hint=tr("start RabbitMQ, or check the AMQP URL"),
        ) from error


def _reason(error: Exception) -> str:
    """Why there is no connection; asyncio's own message for a refusal is not translated."""
    if isinstance(error, OSError) and error.errno == errno.ECONNREFUSED:
        return system_reason(OSError(error.errno, os.strerror(error.errno)))
    return system_reason(error) if isinstance(error, OSError) else safe_line(str(error)) or type(error).__name__


def _ssl_context(address: BrokerAddress) -> ssl.SSLContext | None:
    if not address.url.startswith("amqps:"):
        return None
    return ssl.create_default_context(cafile=str(Path(address.ca_file).expanduser()) if address.ca_file else None)


async def serve_connections(
    address: BrokerAddress,
    serve: Callable[[AbstractConnection], Awaitable[None]],
    *,
    name: str,
    lost: Callable[[BrokerUnavailable], None],
) -> None:
    """Run `serve` on a connection, and again on the next one when that was lost; return when `serve` returns.

    `lost` is called with the reason each time a connection is lost. Other errors of `serve` pass through.
    """
    pause = _FIRST_PAUSE_SECONDS
    while True:
        began = anyio.current_time()
        try:
            async with open_connection(address, name=name) as connection:
                if await _served(connection, serve, address):
                    return
        except BrokerUnavailable as error:
            lost(error)
        lasted = anyio.current_time() - began > _CONNECT_SECONDS
        pause = _FIRST_PAUSE_SECONDS if lasted else min(2 * pause, _LONGEST_PAUSE_SECONDS)
        await anyio.sleep(pause * random.uniform(0.5, 1))  # not all who lost the same broker at the same moment


async def _served(
    connection: AbstractConnection, serve: Callable[[AbstractConnection], Awaitable[None]], address: BrokerAddress
) -> bool:
    """Whether `serve` returned. Raises BrokerUnavailable when the connection was lost before."""
    closed = anyio.Event()
    done = False
    reason = tr("the connection is lost")

    def note(_: object, error: object) -> None:
        nonlocal reason
        reason = safe_line(str(error or "")) or reason
        closed.set()

    connection.close_callbacks.add(note)
    try:
        with without_groups():
            async with anyio.create_task_group() as tasks:

                async def watch() -> None:
                    await closed.wait()
                    tasks.cancel_scope.cancel()

                tasks.start_soon(watch)
                await serve(connection)
                done = True
                tasks.cancel_scope.cancel()
    except (AMQPError, ChannelInvalidStateError, ConnectionError) as error:
        reason = safe_line(str(error)) or type(error).__name__
    if done:
        return True
    raise BrokerUnavailable(
        tr("the broker at {address} has gone: {reason}", address=address.shown, reason=reason),
        hint=tr("voicebot connects again by itself"),
    )

"""`voicebot workers`: the speech workers at the broker, and what waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.options import ConfigOptions, JsonListOption
from voicebot.cli.output import Row, status, write_json, write_json_list, write_out, write_table
from voicebot.cli.runner import OK, Body
from voicebot.cli.worker import AmqpUrlOption, VoiceClassOption, broker_settings
from voicebot.distributed.packages import require_packages
from voicebot.errors import ConfigError
from voicebot.translation import tr

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aio_pika.abc import AbstractConnection

    from voicebot.config.models import WorkerConfig
    from voicebot.distributed.connection import BrokerAddress, BrokerUnavailable
    from voicebot.distributed.messages import WorkerStatus
    from voicebot.distributed.overview import ClassOverview

_WATCH_SECONDS = 2.0


def workers(
    *,
    config: ConfigOptions,
    amqp_url: AmqpUrlOption = None,
    voice_class: VoiceClassOption = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every two seconds, until Ctrl-C.")] = False,
    json: JsonListOption = False,
) -> Body:
    """List the speech workers, and how many texts wait for them.

    Rates are those since the workers were started, with --watch those of the last two seconds.

    Examples:
      voicebot workers
      voicebot workers --watch
    """
    settings = config.load(broker_settings(amqp_url, voice_class)).config.worker
    return lambda _: _list_workers(settings, watch=watch, as_json=json)


async def _list_workers(config: WorkerConfig, *, watch: bool, as_json: bool) -> int:
    require_packages(ConfigError)
    from voicebot.config.broker import amqp_url
    from voicebot.distributed.connection import BrokerAddress, open_connection
    from voicebot.distributed.overview import voice_classes

    address = BrokerAddress(amqp_url(config), config.amqp_ca_file)
    classes: list[ClassOverview] = []

    async def look(connection: AbstractConnection) -> None:
        nonlocal classes
        classes = await voice_classes(connection, config.voice_class, classes)
        _show(classes, watch=watch, as_json=as_json)

    async with open_connection(address, name="voicebot workers") as connection:
        await look(connection)
    if watch:
        await _watch(address, look)
    return OK


async def _watch(address: BrokerAddress, look: Callable[[AbstractConnection], Awaitable[None]]) -> None:
    """Look again and again, whatever becomes of the broker meanwhile."""
    import anyio

    from voicebot.distributed.connection import serve_connections

    told = ""

    async def look_on(connection: AbstractConnection) -> None:
        nonlocal told
        while True:
            await anyio.sleep(_WATCH_SECONDS)
            await look(connection)
            told = ""

    def lost(error: BrokerUnavailable) -> None:
        nonlocal told
        if told != error.in_one_line:  # not at each attempt
            told = error.in_one_line
            status(told)

    await serve_connections(address, look_on, name="voicebot workers", lost=lost)


def _show(classes: list[ClassOverview], *, watch: bool, as_json: bool) -> None:
    """Print one round; with --watch, JSON has a line for each."""
    if as_json:
        rows = [_class_row(one) | {"workers": [_worker_row(worker) for worker in one.workers]} for one in classes]
        write_json([{"voice_classes": rows}]) if watch else write_json_list(rows)
        return
    if not any(one.workers for one in classes):
        status(tr("no worker answers → start one: voicebot worker"))
    if classes:
        write_table([_class_row(one) for one in classes])
        write_out("\n")
        rows = [{"voice_class": one.name} | _worker_row(worker) for one in classes for worker in one.workers]
        write_table([{key: _shown(value) for key, value in row.items()} for row in rows])


def _shown(value: object) -> object:
    """A value as people read it."""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    return "" if value is None else value


def _class_row(one: ClassOverview) -> Row:
    return {
        "voice_class": one.name,
        "queue": one.queue,
        "consumers": one.consumers,
        "backlog": one.backlog,
        "jobs_per_second": round(one.jobs_per_second, 2),
        "audio_per_second": round(one.audio_per_second, 2),
    }


def _worker_row(worker: WorkerStatus) -> Row:
    return {
        "host": worker.host,
        "pid": worker.pid,
        "voice": worker.voice.name,
        "busy": worker.busy,
        "concurrency": worker.concurrency,
        "done": worker.done,
        "failed": worker.failed,
        "cancelled": worker.cancelled,
        "rtf": round(worker.synthesis_seconds / worker.audio_seconds, 3) if worker.audio_seconds else None,
        "up_seconds": round(worker.up_seconds),
        "takes_jobs": not worker.draining,
    }

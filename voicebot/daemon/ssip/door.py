"""Speech-dispatcher's protocol, SSIP, on a socket of our own: spd-say, python-speechd and their clients speak here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import SocketListener

from voicebot.daemon.address import Address, AddressError
from voicebot.daemon.caller import cancel_after
from voicebot.daemon.dispatcher import Dispatcher
from voicebot.daemon.place import listening_ourselves
from voicebot.translation import tr

log = logging.getLogger(__name__)


async def serve_ssip(
    dispatcher: Dispatcher,
    closing: anyio.Event,
    *,
    address: Address,
    voices: Callable[[], Awaitable[list[dict[str, object]]]],
) -> None:
    """Serve speech-dispatcher's clients beside the control socket at `address` until `closing`.

    Where there can be no such socket the log says so, once. The protocol is loaded for the first client: most daemons
    have none, and the first sound would wait for it.
    """
    path = address.beside("speechd.sock")
    try:
        with listening_ourselves(Address(path)) as bound:
            log.info("%s", tr("speech-dispatcher's clients find it by SPEECHD_ADDRESS=unix_socket:{path}", path=path))
            async with anyio.create_task_group() as waiting:
                waiting.start_soon(cancel_after, closing, waiting.cancel_scope)
                await anyio.wait_readable(bound)
                waiting.cancel_scope.cancel()
            if closing.is_set():
                return
            from voicebot.daemon.ssip.clients import serve_clients

            async with await SocketListener.from_socket(bound) as listener:
                await serve_clients(listener, dispatcher, closing, voices=voices)
    except AddressError as error:
        log.error("no socket for speech-dispatcher's clients: %s → %s", error.message, error.hint)

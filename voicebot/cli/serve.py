"""`voicebot serve`: replies and their sound for browsers and other programs."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from voicebot.cli.options import ChatOptions, ConfigOptions, Settings, VoiceOptions
from voicebot.cli.output import hide, status
from voicebot.cli.runner import OK, Body, CommandContext
from voicebot.errors import ConfigError
from voicebot.installation import extra_command
from voicebot.translation import tr

if TYPE_CHECKING:
    import socket

    from voicebot.config.models import Config


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where it listens."""

    heading: ClassVar[str] = "Server options"
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Listen at this address; 127.0.0.1 is usual.")
    ] = None
    port: Annotated[int | None, typer.Option("--port", metavar="PORT", help="Listen at this port; 0: any.")] = None
    open: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False

    def settings(self) -> Settings:
        """The keys of config.toml that these options set."""
        return {"server.host": ("--host", self.host), "server.port": ("--port", self.port)}


def serve(*, config: ConfigOptions, chat: ChatOptions, voice: VoiceOptions, server: ServerOptions) -> Body:
    """Serve replies and their sound to browsers and other programs, each person in conversations of their own.

    Examples:
      voicebot serve --open
      voicebot serve --port 9000 --tts voicevox
    """
    loaded = config.load(chat.settings(), voice.settings(), server.settings(), rate=voice.rate).config

    async def body(context: CommandContext) -> int:
        return await _serve(context, loaded, open_page=server.open)

    return body


async def _serve(context: CommandContext, config: Config, *, open_page: bool) -> int:
    try:
        from voicebot.server.process import bound_socket, run_server
    except ImportError as error:
        raise ConfigError(
            tr("the server needs more packages: {name} is missing", name=error.name), hint=extra_command("server")
        ) from error
    import anyio

    from voicebot.server.application import new_token, open_server
    from voicebot.server.keys import Keys

    token = config.server.token.get_secret_value()
    made = "" if token else new_token()
    keys = Keys(token or made)
    hide([token or made])
    stop = anyio.Event()

    def told_to_stop() -> bool:
        first = not stop.is_set()
        stop.set()
        return first

    with bound_socket(config.server) as listening, _kept_token(made, listening) as path:
        async with open_server(config, keys) as server:
            context.interrupt = told_to_stop
            context.obey = lambda _: told_to_stop()

            def ready() -> None:
                address = _address(listening)
                status(tr("listening at {address}", address=address))
                status(
                    tr(
                        "open this once, within ten minutes: {address}",
                        address=f"{address}/#{keys.new_launch_token()}",
                    )
                )
                if path:
                    status(tr("the token for programs is in {path}", path=path))
                if open_page:
                    webbrowser.open(f"{address}/#{keys.new_launch_token()}")

            await run_server(server, listening, stop=stop, ready=ready)
    return OK


@contextmanager
def _kept_token(token: str, listening: socket.socket) -> Iterator[str]:
    """A file that only this person can read, for programs of theirs, as long as the server runs; none for no token."""
    if not token:
        yield ""
        return
    from voicebot.daemon.address import AddressError, find_address, make_folder

    try:
        address = find_address()
        make_folder(address.folder)
        path = address.beside(f"server-{listening.getsockname()[1]}.token")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except (AddressError, OSError) as error:
        raise ConfigError(
            tr("cannot keep the token of the server: {error}", error=error), hint=tr("set server.token")
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(token + "\n")
    try:
        yield path
    finally:
        os.unlink(path)


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

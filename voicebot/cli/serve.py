"""`voicebot serve`: replies and their sound for browsers and other programs."""

from __future__ import annotations

import sys
import webbrowser
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from voicebot.cli.options import ChatOptions, ConfigOptions, Settings, VoiceOptions
from voicebot.cli.output import draw, hide, log_line, status
from voicebot.cli.runner import OK, Busy, CommandContext
from voicebot.errors import ConfigError, without_groups
from voicebot.installation import extra_command
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where it listens."""

    heading: ClassVar[str] = "Server options"
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Listen at this address; 127.0.0.1 is usual.")
    ] = None
    port: Annotated[int | None, typer.Option("--port", metavar="PORT", help="Listen at this port; 0: any.")] = None
    tls_cert: Annotated[
        str | None, typer.Option("--tls-cert", metavar="FILE", help="Speak TLS, with this certificate (PEM).")
    ] = None
    tls_key: Annotated[
        str | None, typer.Option("--tls-key", metavar="FILE", help="The key of the certificate, if it is not in it.")
    ] = None
    tls_self_signed: Annotated[
        bool, typer.Option("--tls-self-signed", help="Speak TLS, with a certificate that the server makes for itself.")
    ] = False
    open: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False

    def settings(self) -> Settings:
        """The keys of config.toml that these options set."""
        return {
            "server.host": ("--host", self.host),
            "server.port": ("--port", self.port),
            "server.tls_cert": ("--tls-cert", self.tls_cert),
            "server.tls_key": ("--tls-key", self.tls_key),
            "server.tls_self_signed": ("--tls-self-signed", self.tls_self_signed or None),
        }


def serve(*, config: ConfigOptions, chat: ChatOptions, voice: VoiceOptions, server: ServerOptions) -> Busy:
    """Serve replies and their sound to browsers and other programs, each person in conversations of their own.

    Examples:
      voicebot serve --open
      voicebot serve --port 9000 --tts voicevox
      voicebot serve --host 0.0.0.0 --tls-self-signed
    """
    loaded = config.load(chat.settings(), voice.settings(), server.settings(), rate=voice.rate).config

    async def body(context: CommandContext) -> int:
        return await _serve(context, loaded, open_page=server.open)

    return Busy(body)


async def _serve(context: CommandContext, config: Config, *, open_page: bool) -> int:
    try:
        from voicebot.server.process import bound_socket, run_server, seldom_collecting
    except ImportError as error:
        raise ConfigError(
            tr("the server needs more packages: {name} is missing", name=error.name), hint=extra_command("server")
        ) from error
    import anyio

    from voicebot.cli.foreign_prints import prints_logged
    from voicebot.daemon.logs import open_log
    from voicebot.server.application import new_token, open_server
    from voicebot.server.certificates import tls_files
    from voicebot.server.descriptors import take_descriptors
    from voicebot.server.keys import Keys
    from voicebot.server.reach import page_address, reached_hosts
    from voicebot.server.security import is_loopback
    from voicebot.server.token_file import kept_token

    settings = config.server
    token = settings.token.get_secret_value()
    made = "" if token else new_token()
    keys = Keys(token or made)
    hide([token or made])
    stop = anyio.Event()

    with open_log(log_line), bound_socket(settings) as listening, prints_logged():
        take_descriptors(settings.max_connections)
        host, port = listening.getsockname()[:2]
        hosts = reached_hosts(host)
        tls = tls_files(settings, [*hosts, *settings.hosts])
        with kept_token(made, port, host) if made else nullcontext() as path:
            async with open_server(config, keys) as server:
                context.finish_by(stop)

                def ready() -> None:
                    address = page_address(settings, hosts[0], port)
                    status(tr("listening at {address}", address=address))
                    if tls and tls.fingerprint:
                        status(
                            tr(
                                "browsers ask whether to trust the certificate {fingerprint}",
                                fingerprint=tls.fingerprint,
                            )
                        )
                    if sys.stderr.isatty():  # anyone with one of these is let in, and a log is kept
                        launch = f"{address}/#{keys.new_launch_token()}"
                        status(tr("open this once, within ten minutes: {address}", address=launch))
                        if not is_loopback(host):
                            draw(qr_code(f"{address}/#{keys.new_launch_token()}"))
                    if path:
                        status(tr("the token for programs is in {path}", path=path))
                    if open_page:
                        page = f"{page_address(settings, hosts[-1], port)}/#{keys.new_launch_token()}"
                        tasks.start_soon(_open_page, page)

                with seldom_collecting(), without_groups():
                    async with anyio.create_task_group() as tasks:  # some browsers return when they are closed
                        await run_server(server, listening, stop=stop, ready=ready, tls=tls)
                        tasks.cancel_scope.cancel()
    return OK


async def _open_page(address: str) -> None:
    from anyio import to_thread

    if not await to_thread.run_sync(webbrowser.open, address, abandon_on_cancel=True):
        status(tr("no browser could be opened here; at a terminal, what to open in one is shown above"))


def qr_code(text: str) -> list[str]:
    """The lines of a picture that a telephone reads: two rows of it on each line, what is light as blocks."""
    import segno

    rows = [bytes(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    rows += [bytes([0] * len(rows[0]))] * (len(rows) % 2)
    blocks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return [
        "".join(blocks[pair] for pair in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]

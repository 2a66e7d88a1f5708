"""`voicebot wyoming`: voice and conversation agent for Home Assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.options import ChatOptions, ConfigOptions, VoiceOptions
from voicebot.cli.output import status
from voicebot.cli.runner import OK, Body, UsageError
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config


def wyoming(
    *,
    uri: Annotated[
        str | None,
        typer.Option("--uri", metavar="URI", help="Where to listen: tcp://HOST:PORT or unix:///PATH."),
    ] = None,
    chat: ChatOptions,
    voice: VoiceOptions,
    config: ConfigOptions,
) -> Body:
    """Be a voice and a conversation agent for Home Assistant (Wyoming protocol), until Ctrl-C.

    The sound goes to whoever asks for it. It listens at tcp://127.0.0.1:10200 unless --uri or daemon.wyoming says
    otherwise.

    Examples:
      voicebot wyoming
      voicebot wyoming --uri tcp://0.0.0.0:10200
    """
    settings = config.load(chat.settings(), voice.settings(), rate=voice.rate).config
    return lambda _: _serve(uri, settings)


async def _serve(uri: str | None, config: Config) -> int:
    try:
        import wyoming as _package  # noqa: F401 - only whether it is installed
    except ImportError as error:
        from voicebot.installation import extra_command

        raise UsageError(tr("the package wyoming is not installed"), hint=extra_command("wyoming")) from error
    from voicebot.cli.foreign_prints import prints_told
    from voicebot.daemon.wyoming.door import run_wyoming
    from voicebot.daemon.wyoming.place import DEFAULT_URI

    with prints_told():
        await run_wyoming(uri or config.daemon.wyoming or DEFAULT_URI, config, status)
    return OK

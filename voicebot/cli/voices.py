"""`voicebot voices`: the voices of the configured engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.options import ConfigOptions, JsonListOption, TtsOption
from voicebot.cli.output import status, write_json_list, write_table
from voicebot.cli.runner import OK, Body
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config


def voices(
    *,
    config: ConfigOptions,
    tts: TtsOption = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Address of the VOICEVOX engine.")
    ] = None,
    json: JsonListOption = False,
) -> Body:
    """List the voices of the configured engine.

    Examples:
      voicebot voices
      voicebot voices --tts voicevox --json
    """
    settings = config.load({"tts.kind": ("--tts", tts), "tts.base_url": ("--base-url", base_url)}).config
    return lambda _: _list_voices(settings, as_json=json)


async def _list_voices(config: Config, *, as_json: bool) -> int:
    """Print the voices of an engine; return the exit code."""
    from voicebot.cli.foreign_prints import foreign_prints_told
    from voicebot.tts import list_voices

    with foreign_prints_told(config):
        rows = await list_voices(config.tts)
    if as_json:
        write_json_list(rows)
    else:
        write_table(rows)
        status(tr("choose one with --voice, or as tts.voice in config.toml"))
    return OK

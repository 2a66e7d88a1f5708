"""`voicebot voices`: the voices of the configured engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, assert_never

import typer

from voicebot.cli.options import ConfigOptions, JsonListOption, TtsOption
from voicebot.cli.output import Row, status, write_json_list, write_table
from voicebot.cli.runner import OK, Body

if TYPE_CHECKING:
    from voicebot.config.models import TtsConfig


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
    return lambda _: _list_voices(settings.tts, as_json=json)


async def _list_voices(config: TtsConfig, *, as_json: bool) -> int:
    """Print the voices of an engine; return the exit code."""
    from voicebot.config.models import TtsPyttsx3, TtsTone, TtsVoicevox

    rows: list[Row]
    match config:
        case TtsPyttsx3():
            from voicebot.tts.pyttsx3_local import open_pyttsx3

            async with open_pyttsx3(config.model_copy(update={"voice": ""})) as local:
                rows = [{"voice": v.id, "name": v.name, "languages": list(v.languages)} for v in await local.voices()]
        case TtsVoicevox():
            from voicebot.tts.voicevox import list_voices as list_styles

            rows = [{"voice": f"{v.character}/{v.style}", "style_id": v.style_id} for v in await list_styles(config)]
        case TtsTone():
            rows = [{"voice": "tone"}]
        case _:
            assert_never(config)
    if as_json:
        write_json_list(rows)
    else:
        write_table(rows)
        status("choose one with --voice, or as tts.voice in config.toml")
    return OK

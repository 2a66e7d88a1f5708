"""`voicebot devices`: the sound devices."""

from __future__ import annotations

from voicebot.cli.options import JsonLinesOption
from voicebot.cli.output import status, write_json, write_table
from voicebot.cli.runner import OK, Body


def devices(*, json: JsonLinesOption = False) -> Body:
    """List the sound devices."""
    return lambda _: _list_devices(as_json=json)


async def _list_devices(*, as_json: bool) -> int:
    """Print the sound devices; return the exit code."""
    from anyio import to_thread

    from voicebot.audio.portaudio import list_devices

    rows = await to_thread.run_sync(list_devices, abandon_on_cancel=True)
    if as_json:
        write_json(rows)
    else:
        write_table({**row, "default": "default" if row["default"] else ""} for row in rows)
        status(
            "choose one with --set audio.kind=device --set audio.device=NAME" if rows else "there is no output device"
        )
    return OK

"""`voicebot devices`: the sound devices."""

from __future__ import annotations

from voicebot.cli.options import JsonListOption
from voicebot.cli.output import status, write_json_list, write_table
from voicebot.cli.runner import OK, Body
from voicebot.translation import tr


def devices(*, json: JsonListOption = False) -> Body:
    """List the sound devices.

    Example: voicebot devices --json
    """
    return lambda _: _list_devices(as_json=json)


async def _list_devices(*, as_json: bool) -> int:
    """Print the sound devices; return the exit code."""
    from anyio import to_thread

    from voicebot.audio.portaudio import list_devices

    listed = await to_thread.run_sync(list_devices, abandon_on_cancel=True)
    rows = [{"device": row["name"], **{key: row[key] for key in row if key != "name"}} for row in listed]
    if as_json:
        write_json_list(rows)
    else:
        write_table({**row, "default": tr("default") if row["default"] else ""} for row in rows)
        if rows:
            status(tr("choose one with --set audio.kind=device --set audio.device=NAME"))
        else:
            status(tr("there is no output device"))
            status(tr("  → is a sound server running (PipeWire, PulseAudio)? without one: -o speech.wav writes a file"))
    return OK

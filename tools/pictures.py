"""Draws the terminal for the READMEs, from what commands really print: `python -m tools.pictures`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
COMMANDS = {
    "terminal.svg": [
        'voicebot ask --chat demo "Tell me a joke"',
        "echo 'Dr. Lee said \"Hi. Sleep well!\" to you. See you at 7.30!' | voicebot chunk",
    ],
    "terminal.ja.svg": [
        'voicebot ask --chat demo "冗談を言って"',
        "echo 'はい、わかりました。明日の朝7時30分に、起こしますね。' | voicebot chunk",
    ],
}


def printed(command: str, language: str) -> str:
    """What a command prints, with the system's voice and in the time that a loudspeaker takes, the second time."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "HOME": home,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "LANG": language,
            "PYTHONUTF8": "1",
            "VOICEBOT_AUDIO__KIND": "silent",
            "VOICEBOT_AUDIO__REALTIME": "true",
        }
        shell = ["sh", "-c", f"exec 2>&1; {command}"]
        for _ in range(2):
            made = subprocess.run(shell, cwd=home, env=environment, capture_output=True, check=True, timeout=60)
    return made.stdout.decode("utf-8")


def picture(commands: list[str], language: str) -> str:
    """A terminal in which the commands have been run, as SVG that asks no other host for a font."""
    console = Console(record=True, width=86, file=StringIO(), force_terminal=True)
    for command in commands:
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        for line in printed(command, language).splitlines():
            dim = re.match(r"ready|準備|first audio|最初の音", line)
            console.print(Text(line, style="dim" if dim else ""))
    svg = console.export_svg(title="voicebot")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r' textLength="[^"]*"(?=[^>]*>[^<]*[^\x00-\x7f])', "", svg)  # it takes kanji for as narrow as letters
    return svg.replace("Fira Code, monospace", "monospace").replace("font-family: Fira Code", "font-family: monospace")


def main() -> None:
    """Draw both pictures."""
    for name, commands in COMMANDS.items():
        language = "ja_JP.UTF-8" if ".ja." in name else "C.UTF-8"
        (PICTURES / name).write_text(picture(commands, language), encoding="utf-8")


if __name__ == "__main__":
    main()

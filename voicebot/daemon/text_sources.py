"""The texts that a person points at instead of typing them: a file, the clipboard, what is selected; the standard
library only. A text is never an argument of a program, where every user of the machine could read it."""

from __future__ import annotations

import os
import sys

from voicebot.translation import system_reason, tr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SECONDS = 5.0
"""A program that does not give the text by then hangs: the one that owns the selection may."""
_MAX_BYTES = 4_000_000
_NO_TEXT = ("\0", "\N{REPLACEMENT CHARACTER}")
_MOST_NO_TEXT = 0.1
"""More of those characters are in a picture, or in Japanese of another encoding."""


class NoText(Exception):
    """There is nothing to read; says why, and in `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def file_text(path: str) -> str:
    """What is in a text file. Raises NoText."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise NoText(tr("cannot read {path}: {reason}", path=path, reason=system_reason(error))) from error
    if len(data) > _MAX_BYTES:
        raise NoText(
            tr(
                "{path} is larger than {count} bytes",
                path=path,
                count=_MAX_BYTES,
            ),
            tr(
                "pipe it in: voicebot say - < FILE",
            ),
        )
    text = data.decode("utf-8-sig", "replace")
    if sum(map(text.count, _NO_TEXT)) > _MOST_NO_TEXT * len(text):
        raise NoText(tr("{path} is not a text in UTF-8", path=path), tr("save it as UTF-8"))
    return text


def piped_text() -> Iterator[str]:
    """The pieces of standard input, as they come."""
    import codecs

    encoding = (sys.stdin.encoding or "utf-8").lower()
    decoder = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf-8" else encoding)("replace")
    while data := os.read(0, 4096):
        if text := decoder.decode(data):
            yield text
    if rest := decoder.decode(b"", True):
        yield rest


def selected_text(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """What is selected in whatever window. Raises NoText."""
    return _first_of(_selection_commands(environment, platform), tr("nothing is selected"))


def clipboard_text(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """What was copied last. Raises NoText."""
    return _first_of(_clipboard_commands(environment, platform), tr("the clipboard holds no text"))


_COPY_SELECTION = (
    'tell application "System Events" to keystroke "c" using command down\ndelay 0.1\nthe clipboard as text'
)
_WINDOWS_CLIPBOARD = "[Console]::OutputEncoding = [Text.Encoding]::UTF8; Get-Clipboard -Raw"
_WINDOWS_SELECTION = (
    "Add-Type -AssemblyName System.Windows.Forms; [Windows.Forms.SendKeys]::SendWait('^c'); "
    f"Start-Sleep -Milliseconds 100; {_WINDOWS_CLIPBOARD}"
)
_POWERSHELL = ("powershell", "-NoProfile", "-NonInteractive", "-Command")


def _selection_commands(environment: Mapping[str, str], platform: str) -> list[tuple[str, ...]]:
    """The programs that know it, the best first. macOS and Windows have none but what is copied."""
    if platform == "darwin":
        return [("osascript", "-e", _COPY_SELECTION)]
    if platform == "win32":
        return [(*_POWERSHELL, _WINDOWS_SELECTION)]
    if environment.get("WAYLAND_DISPLAY"):
        return [("wl-paste", "--primary", "--no-newline", "--type", "text")]
    return [("xclip", "-o", "-selection", "primary"), ("xsel", "-o", "-p")]


def _clipboard_commands(environment: Mapping[str, str], platform: str) -> list[tuple[str, ...]]:
    if platform == "darwin":
        return [("pbpaste",)]
    if platform == "win32":
        return [(*_POWERSHELL, _WINDOWS_CLIPBOARD)]
    if environment.get("WAYLAND_DISPLAY"):
        return [("wl-paste", "--no-newline", "--type", "text")]
    return [("xclip", "-o", "-selection", "clipboard"), ("xsel", "-o", "-b")]


_PACKAGES = {"wl-paste": "wl-clipboard", "xclip": "xclip"}


def _first_of(commands: Sequence[tuple[str, ...]], nothing: str) -> str:
    """What the first of these programs that is installed prints. Raises NoText."""
    import subprocess

    for command in commands:
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS)
        except FileNotFoundError:
            continue
        except subprocess.TimeoutExpired as error:
            raise NoText(
                tr("{name} did not answer within {seconds:g} s", name=command[0], seconds=_SECONDS),
                tr("the program that owns the text may hang"),
            ) from error
        except OSError as error:
            raise NoText(
                tr(
                    "cannot run {command}: {reason}",
                    command=command[0],
                    reason=system_reason(error),
                )
            ) from error
        text = done.stdout.decode("utf-8", "replace")
        if done.returncode == 0 and text.strip():
            return text
        told = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise NoText(nothing, tr("{name} says: {told}", name=command[0], told=told) if told and done.returncode else "")
    name = commands[0][0]
    raise NoText(
        tr("{name} is not installed", name=name),
        tr("install it: apt install {package}, or your system's way", package=_PACKAGES.get(name, name)),
    )

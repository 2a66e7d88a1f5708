"""`voicebot chunk`: how a text is cut, as it arrives."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.options import ConfigOptions, JsonLinesOption, StrategyOption, text_of
from voicebot.cli.runner import Body, UsageError
from voicebot.translation import about, system_reason, tr

if TYPE_CHECKING:
    from voicebot.chat.piped import GivenText, PipedChat

_LIKE_A_FILE = re.compile(r"(?![^.]*://)[^\s。、！？]*(?:\.[A-Za-z][A-Za-z0-9]{0,7}|/[^\s。、！？]*)")


def chunk(
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE|TEXT|-", help="A text file, or a text; without it, or with -, standard input."),
    ] = None,
    *,
    config: ConfigOptions,
    strategy: StrategyOption = None,
    json: JsonLinesOption = False,
) -> Body:
    """Print how a text is cut, one segment per line, as it arrives.

    Examples:
      voicebot chunk "It is 3 p.m. already. Let us go!"
      voicebot chunk notes.txt
      some-program | voicebot chunk
    """
    settings = config.load({"chunking.strategy": ("--strategy", strategy)}).config
    from voicebot.cli.segments import print_segments

    source = _source(text or ["-"])
    return lambda context: print_segments(settings, context, source, as_json=json)


def _source(words: list[str]) -> GivenText | PipedChat:
    """The text to cut. Raises UsageError."""
    from voicebot.chat.piped import GivenText, PipedChat

    if words == ["-"]:
        if sys.stdin.isatty():
            raise UsageError(
                tr("nothing to cut"), hint=tr('voicebot chunk FILE, voicebot chunk "some text", or … | voicebot chunk')
            )
        return PipedChat()
    if len(words) > 1 and all(map(os.path.exists, words)):
        raise UsageError(tr("one file at a time"), hint=tr("cat {files} | voicebot chunk", files=shlex.join(words)))
    if len(words) > 1 or not _means_file(words[0]):
        return GivenText(text_of(words))
    try:
        return GivenText(Path(words[0]).read_text(encoding="utf-8-sig", errors="replace"))
    except OSError as error:
        raise UsageError(
            about(words[0], system_reason(error)),
            hint=tr(
                "name a text file, or put a text in quotation marks; one that looks like a file's name can be piped in"
            ),
        ) from error


def _means_file(word: str) -> bool:
    """Whether it names a file, be it one that is not there: a text rarely looks like `notes.txt` or `notes/today`."""
    return os.path.exists(word) or _LIKE_A_FILE.fullmatch(word) is not None

"""`voicebot chunk`: how a text is cut, as it arrives."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli.options import ConfigOptions, JsonLinesOption, StrategyOption
from voicebot.cli.runner import Body, UsageError
from voicebot.translation import system_reason, tr

if TYPE_CHECKING:
    from voicebot.chat.piped import GivenText, PipedChat


def chunk(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A text file, or - for standard input.")] = "-",
    *,
    config: ConfigOptions,
    strategy: StrategyOption = None,
    json: JsonLinesOption = False,
) -> Body:
    """Print how a text is cut, one segment per line, as it arrives.

    Example: some-program | voicebot chunk
    """
    settings = config.load({"chunking.strategy": ("--strategy", strategy)}).config
    from voicebot.chat.piped import GivenText, PipedChat
    from voicebot.cli.segments import print_segments

    source: GivenText | PipedChat
    if file != "-":
        try:
            source = GivenText(Path(file).read_text(encoding="utf-8-sig", errors="replace"))
        except OSError as error:
            raise UsageError(
                f"{file}: {system_reason(error)}", hint=tr("name a text file, or - for standard input")
            ) from error
    elif sys.stdin.isatty():
        raise UsageError(tr("nothing to cut"), hint=tr("voicebot chunk FILE, or some-program | voicebot chunk"))
    else:
        source = PipedChat()
    return lambda context: print_segments(settings, context, source, as_json=json)

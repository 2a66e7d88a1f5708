"""What is piped into a command: the text behind a question, or the question itself."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Sequence

from voicebot.cli.output import status
from voicebot.cli.runner import UsageError
from voicebot.translation import tr

_QUIET_SECONDS = 3.0
"""A pipe in which nothing comes for this long is not waited for, unless the person asks for it with `-`: a program that
starts us and never closes the other end would wait forever."""


def question_of(words: Sequence[str]) -> str:
    """The words of a question, and behind them the text that is piped in; `-` stands for that text.

    Raises UsageError where there is neither.
    """
    asked = " ".join(word for word in words if word != "-").strip()
    waits = not asked or "-" in words
    piped = _piped_text(waits=waits).strip() if waits or _is_piped() else ""
    if not (asked or piped):
        raise UsageError(
            tr("the question is empty"), hint=tr('voicebot ask "How are you?", or some-program | voicebot ask')
        )
    return "\n\n".join(filter(None, [asked, piped]))


def read_text() -> str:
    """All of standard input; what cannot be decoded becomes U+FFFD."""
    data = sys.stdin.buffer.read()
    encoding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else sys.stdin.encoding
    return data.decode(encoding, "replace")


def _is_piped() -> bool:
    """Whether standard input is a pipe or a file: a terminal, /dev/null and a closed one hold no text for us."""
    if sys.stdin is None:
        return False
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode)


def _piped_text(*, waits: bool) -> str:
    """What is piped in; without `waits` only if it begins soon."""
    if sys.stdin is None:
        return ""
    if not waits and sys.platform != "win32" and not select.select([sys.stdin], [], [], _QUIET_SECONDS)[0]:
        status(
            tr(
                "nothing came on standard input within {seconds:g} s: asking without it"
                " → add - to wait for it, or < /dev/null where there is nothing to come",
                seconds=_QUIET_SECONDS,
            )
        )
        return ""
    return read_text()

"""`--install-completion`: what typer writes for the shell, told in the person's language and ready at the first Tab."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import typer

from voicebot.cli.output import show_error, write_out
from voicebot.cli.runner import FAILED, USAGE, UsageError
from voicebot.translation import about, system_reason, tr

_AT_FIRST_TAB = """
if [ "$funcstack[1]" = "_voicebot" ]; then
  _voicebot_completion "$@"
fi
"""
"""zsh loads the file when Tab is pressed first; typer's then only says what is to be called at the next one."""


def install_completion(ctx: Any, _: Any, value: Any) -> Any:  # Any: typer brings its own click, or uses the installed
    """Install completion for the shell in which the command was typed, and leave."""
    if not value or ctx.resilient_parsing:
        return value
    from typer.completion import install  # type: ignore[attr-defined] # it has no public name

    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # it says that a shell is unknown
            shell, path = install()
            if shell == "zsh":
                _complete_at_first_tab(path)
    except typer.Exit:
        show_error(UsageError(tr("there is completion for bash, zsh, fish and PowerShell; this is another shell")))
        raise typer.Exit(USAGE) from None
    except OSError as error:
        show_error(UsageError(about(error.filename, system_reason(error))))
        raise typer.Exit(FAILED) from error
    write_out(tr("completion for {shell} is in {path} now", shell=shell, path=path) + "\n")
    write_out(tr("it works in each terminal that is opened from now on") + "\n")
    raise typer.Exit


def _complete_at_first_tab(path: Path) -> None:
    script = path.read_text()
    if _AT_FIRST_TAB not in script:
        path.write_text(script + _AT_FIRST_TAB)

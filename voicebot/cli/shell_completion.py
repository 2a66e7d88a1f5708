"""`--install-completion`: what typer writes for the shell, told in the person's language and ready at the first Tab."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import typer

from voicebot.cli.completion import QUOTES
from voicebot.cli.output import show_error, write_out, write_prose
from voicebot.cli.runner import FAILED, USAGE, UsageError
from voicebot.translation import about, system_reason, tr

_SCRIPTS = {
    "bash": r"""
_voicebot_completion() {
    local IFS=$'\n' typed=${COMP_LINE:0:COMP_POINT} word before="" line
    word=${typed##*[[:space:]]}
    # for readline a word begins behind a colon, as in names of models
    [[ $COMP_WORDBREAKS == *:* && $word == *:* ]] && before=${word%%"${word##*:}"}
    COMPREPLY=()
    while read -r line; do
        line=${line%%%%$'\t'*}
        line=${line#"$before"}
        if [[ $line == *[^[:alnum:]_./:=@%%+,-]* ]]; then
            [[ $word == *[\"\']* ]] && continue  # in quotes other characters have to be quoted
            printf -v line %%q "$line"
        fi
        [[ -n $line ]] && COMPREPLY+=("$line")
    done < <(env _TYPER_COMPLETE_ARGS="$typed" %(asking)s "$1" 2>/dev/null)
    return 0
}

complete -o default -F _voicebot_completion voicebot
""",
    "zsh": r"""
#compdef voicebot

_voicebot_completion() {
  local line described=
  local -a values shown
  [[ ${words[CURRENT]} == --*=* ]] && compset -P '*='
  for line in "${(@f)$(env _TYPER_COMPLETE_ARGS="${words[1,$CURRENT]}" %(asking)s voicebot 2>/dev/null)}"; do
    [[ -n $line ]] || continue
    values+=("${line%%%%$'\t'*}")
    shown+=("${line/$'\t'/  -- }")
    [[ $line == *$'\t'* ]] && described=1
  done
  if (( ! $#values )); then
    _files
  elif [[ -n $described ]]; then
    compadd -l -d shown -a values
  else
    compadd -d shown -a values
  fi
}

# zsh loads this file when Tab is pressed first
if [ "$funcstack[1]" = "_voicebot" ]; then
  _voicebot_completion "$@"
else
  compdef _voicebot_completion voicebot
fi
""",
    "fish": r"""
function __voicebot_completion
    set -l offered (env _TYPER_COMPLETE_ARGS=(commandline -cp | string collect) %(asking)s voicebot 2>/dev/null)
    set -l word (commandline -ct)
    set -l before (string match -r -- '^--[^=]+=' $word; or echo)
    if set -q offered[1]
        string replace -r -- '^' $before $offered
    else
        __fish_complete_path $word
    end
end

complete --command voicebot --no-files --arguments '(__voicebot_completion)'
""",
}
"""Ours instead of typer's: bash would insert names unquoted, and zsh evaluate them; names are written by others. fish
quotes, but would ask twice at each Tab."""
_ASKING = f"{QUOTES}=1 _VOICEBOT_COMPLETE=complete_fish _TYPER_COMPLETE_FISH_ACTION=get-args"
"""How a script asks for a value and its help, with a tab between them, in each line."""


def install_completion(ctx: Any, _: Any, value: Any) -> Any:  # Any: typer brings its own click, or uses the installed
    """Install completion for the shell in which the command was typed, and leave."""
    if not value or ctx.resilient_parsing:
        return value
    from typer.completion import install  # type: ignore[attr-defined] # it has no public name

    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):  # it says that a shell is unknown
            shell, path = install()
            if shell in _SCRIPTS:
                path.write_text(_script(shell))
    except typer.Exit:
        raise _another_shell() from None
    except OSError as error:
        show_error(UsageError(about(error.filename, system_reason(error))))
        raise typer.Exit(FAILED) from error
    write_prose(tr("completion for {shell} is in {path} now", shell=shell, path=path) + "\n")
    write_prose(tr("it works in each terminal that is opened from now on") + "\n")
    raise typer.Exit


def show_completion(ctx: Any, _: Any, value: Any) -> Any:  # Any: as above
    """Print what completion needs in the shell in which the command was typed, and leave."""
    if not value or ctx.resilient_parsing:
        return value
    from shellingham import ShellDetectionFailure, detect_shell  # type: ignore[import-untyped]  # it has no types
    from typer.completion import get_completion_script  # type: ignore[attr-defined] # it has no public name

    try:
        shell, _path = detect_shell()
    except ShellDetectionFailure:
        shell = ""
    if shell in _SCRIPTS:
        write_out(_script(shell))
        raise typer.Exit
    try:
        with redirect_stderr(io.StringIO()):
            script = get_completion_script(prog_name="voicebot", complete_var="_VOICEBOT_COMPLETE", shell=shell)
    except typer.Exit:
        raise _another_shell() from None
    write_out(f"{script}\n")
    raise typer.Exit


def _another_shell() -> typer.Exit:
    """How to leave when it is told that there is no completion for this shell."""
    show_error(UsageError(tr("there is completion for bash, zsh, fish and PowerShell; this is another shell")))
    return typer.Exit(USAGE)


def _script(shell: str) -> str:
    return (_SCRIPTS[shell] % {"asking": _ASKING}).lstrip()

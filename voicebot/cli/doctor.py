"""`voicebot doctor`: looks at everything that has to work before somebody is heard."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli import terminal
from voicebot.cli.options import ConfigOptions, JsonListOption
from voicebot.cli.output import confirm, hide, status, terminal_width, write_json_list, write_labelled
from voicebot.cli.paths import kept_folders
from voicebot.cli.runner import OK, Body
from voicebot.text.redaction import without_passwords
from voicebot.translation import marked, tr

if TYPE_CHECKING:
    from voicebot.doctor.checkup import Finding
    from voicebot.doctor.examination import Patient

WARNED, FAILED = 1, 2
"""Exit codes: the worst that was found."""
_PRIVATE = ("data",)
"""Where the conversations are."""
_LABELS = {
    "ok": (marked("ok"), "green"),
    "warning": (marked("warning"), "yellow"),
    "failed": (marked("failed"), "red"),
}
_NAMES = {
    "config": marked("configuration"),
    "paths": marked("folders"),
    "chat": marked("chat model"),
    "voice": marked("voice"),
    "phonemes": marked("pronunciation"),
    "audio": marked("sound"),
    "history": marked("history"),
    "daemon": marked("daemon"),
    "turn": marked("whole turn"),
    "tones": marked("two tones"),
}
_LABEL_COLUMNS, _NAME_COLUMNS = 8, 15


def doctor(
    *,
    config: ConfigOptions,
    no_questions: Annotated[
        bool, typer.Option("--no-questions", "-q", help="Play no tones at a terminal, and ask nothing.")
    ] = False,
    json: JsonListOption = False,
) -> Body:
    """Check everything that has to work before you hear anybody, and say what to run where it does not.

    The exit code is 0 where all is well, 1 after warnings, 2 where something does not work.

    Examples:
      voicebot doctor
      voicebot doctor --no-questions --json
    """
    ask = not no_questions and not json and sys.stdin.isatty() and sys.stdout.isatty()
    return lambda _: _examine(config, ask=ask, as_json=json)


async def _examine(options: ConfigOptions, *, ask: bool, as_json: bool) -> int:
    """Print what is found; return the exit code."""
    from voicebot.cli.foreign_prints import foreign_prints_told
    from voicebot.doctor.examination import NAMES, examine

    patient = _patient(options)
    findings: dict[str, Finding] = {}
    progress = _Progress()
    progress.show(NAMES)
    shown = 0

    def found(name: str, finding: Finding) -> None:
        nonlocal shown
        findings[name] = replace(finding, text=without_passwords(finding.text))
        progress.show(())
        while not as_json and shown < len(NAMES) and NAMES[shown] in findings:
            _show(NAMES[shown], findings[NAMES[shown]])
            shown += 1
        progress.show([one for one in NAMES if one not in findings])

    with foreign_prints_told(patient.config):
        await examine(patient, found)
    findings = {name: findings[name] for name in NAMES}
    if ask and (heard := await _heard(patient, findings["audio"])) is not None:
        findings["tones"] = heard
        _show("tones", heard)
    if as_json:
        rows = [
            {"name": name, "state": one.state.value, "text": one.text, "command": one.command}
            for name, one in findings.items()
        ]
        write_json_list(rows)
    return _exit_code(findings)


def _exit_code(findings: dict[str, Finding]) -> int:
    states = {finding.state.value for finding in findings.values()}
    return FAILED if "failed" in states else WARNED if "warning" in states else OK


def _patient(options: ConfigOptions) -> Patient:
    """What is looked at; a configuration that cannot be used is a finding, not an error."""
    from voicebot.config.loading import Loaded, load_config
    from voicebot.doctor.examination import Patient
    from voicebot.errors import ConfigError
    from voicebot.held_secrets import held_secrets

    loaded: Loaded | ConfigError
    try:
        loaded = load_config(options.config, assignments=options.set_ or ())
        hide(held_secrets(loaded.config))
    except ConfigError as error:
        loaded = error
    folders = {name: Path(path) for name, path, _ in kept_folders()}
    return Patient(loaded, folders, _PRIVATE)


def _show(name: str, finding: Finding) -> None:
    """One line."""
    from wcwidth import width

    def padded(text: str, columns: int) -> str:
        return text + " " * max(1, columns - width(text))

    label, color = _LABELS[finding.state.value]
    command = tr(" → run: {command}", command=finding.command) if finding.command else ""
    text = padded(tr(_NAMES[name]), _NAME_COLUMNS) + " ".join(finding.text.split()) + command
    write_labelled(padded(tr(label), _LABEL_COLUMNS), text, color=color)


async def _heard(patient: Patient, audio: Finding) -> Finding | None:
    """Play two tones where there is a loudspeaker, and ask whether they were heard; None without one."""
    import anyio

    from voicebot.config.models import AudioAuto, AudioDevice
    from voicebot.doctor.checkup import State, fails, fine
    from voicebot.doctor.sound import not_heard, play_two_tones
    from voicebot.errors import AudioError

    config = patient.config.audio
    if audio.state is State.FAILED or not isinstance(config, AudioAuto | AudioDevice):
        return None
    try:
        with anyio.fail_after(5):
            await play_two_tones(config)
    except (AudioError, TimeoutError) as error:
        return fails(str(error) or tr("the tones do not end"), "voicebot devices")
    yes = await anyio.to_thread.run_sync(confirm, tr("did you hear two tones?"), abandon_on_cancel=True)
    return fine(tr("heard")) if yes else not_heard()


class _Progress:
    """A line that says what is still being looked at, on a terminal that can take it back."""

    def __init__(self) -> None:
        self._draws = sys.stderr.isatty() and terminal.draws()
        if self._draws:  # a way of its own: the sound check leads standard error elsewhere for a while
            self._terminal = os.dup(sys.stderr.fileno())
        if sys.stderr.isatty() and not self._draws:
            status(tr("this takes up to ten seconds …"))

    def show(self, names: Sequence[str]) -> None:
        """Say which checks are left, if any."""
        if not self._draws:
            return
        from wcwidth import width

        text = tr("checking: {names} …", names=tr(", ").join(tr(_NAMES[name]) for name in names)) if names else ""
        while text and width(text) >= terminal_width():
            text = text[:-2] + "…" if len(text) > 1 else ""
        os.write(self._terminal, f"\r\x1b[K{text}".encode(sys.stderr.encoding, "replace"))

"""The code that an experiment names: run only for those who trust the file that names it."""

from __future__ import annotations

from voicebot.config.files import ConfigFile
from voicebot.config.trust import is_trusted, trust
from voicebot.errors import LabError
from voicebot.lab.experiment import Experiment
from voicebot.lab.own_strategy import names_own
from voicebot.translation import system_reason, tr


def refuse_untrusted_code(experiment: Experiment, *, trusted_now: bool) -> None:
    """Raise LabError where the file, or its config.toml, names strategies of the user's and is not trusted as it is.

    With `trusted_now` the person trusts it, and that is remembered. Raises ConfigError where it cannot be.
    """
    based_on = experiment.configure({}).chunking.strategy
    for path, own in (
        (experiment.path, experiment.own_strategies()),
        (experiment.base, [based_on] if names_own(based_on) else []),
    ):
        if not own:
            continue
        try:
            file = ConfigFile(path, path.read_bytes())
        except OSError as error:
            raise LabError(f"{path}: {system_reason(error)}") from error
        if trusted_now:
            trust(file)
        elif not is_trusted(file):
            raise LabError(
                tr("{path}: it runs code: {strategies}", path=path, strategies=", ".join(own)),
                hint=tr("read it, and if you trust it as it is now, add --trust"),
            )

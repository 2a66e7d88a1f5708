"""The code that an experiment names: run only for those who trust the file that names it."""

from __future__ import annotations

import itertools

from voicebot.config.files import ConfigFile
from voicebot.config.trust import is_trusted, trust
from voicebot.errors import ConfigError, LabError
from voicebot.lab.experiment import STRATEGY, Experiment
from voicebot.lab.own_strategy import OwnChunker, names_own, own_strategy_of
from voicebot.translation import about, system_reason, tr


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
            raise LabError(about(path, system_reason(error))) from error
        if trusted_now:
            trust(file)
        elif not is_trusted(file):
            raise LabError(
                tr("{path}: it runs code: {strategies}", path=path, strategies=tr(", ").join(own)),
                hint=tr("read it, and if you trust it as it is now, add --trust"),
            )


def try_own_strategies(experiment: Experiment) -> None:
    """Make each of the user's strategies once, with its options, before the work instead of in the middle of it.

    Raises LabError where one fails.
    """
    first = {key: (knob if isinstance(knob, tuple) else knob.ends)[0] for key, knob in experiment.matrix.items()}
    strategies = experiment.matrix.get(STRATEGY)
    tries = [{STRATEGY: path} for path in strategies] if isinstance(strategies, tuple) else [{}]
    for overrides, tried in itertools.product(experiment.settings.values(), tries):
        try:
            config = experiment.configure({**overrides, **first, **tried})
        except ConfigError:  # two values that do not go together
            continue
        if path := own_strategy_of(config):
            OwnChunker(path, config.chunking.options)

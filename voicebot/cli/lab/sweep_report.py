"""What the report of a sweep says besides its runs: the settings, the versions, the command, and what to listen to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from voicebot.text.redaction import without_passwords
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.lab.experiment import Experiment, Setting
    from voicebot.lab.report_parts import About, Recording


def about_sweep(chosen: Experiment, settings: Sequence[Setting], recordings: Sequence[Recording]) -> About:
    """The head and the foot of the report."""
    import platform
    import shlex
    from datetime import datetime
    from importlib.metadata import version

    import voicebot
    from voicebot.lab.report_parts import About
    from voicebot.lab.tuned_config import config_lines

    return About(
        title=chosen.name,
        made=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        version=voicebot.__version__,
        settings={
            setting.name: ", ".join(f"{key} = {value!r}" for key, value in setting.overrides.items())
            for setting in settings
        },
        engines={
            engine.name: tr("{fixed:g} s + {rtf:g} × audio", fixed=engine.fixed_seconds, rtf=engine.rtf)
            for engine in chosen.engines
        },
        contents={setting.name: without_passwords("\n".join(config_lines(setting.config))) for setting in settings},
        versions={
            "voicebot": voicebot.__version__,
            "Python": f"{platform.python_version()} ({platform.python_implementation()})",
            tr("platform"): platform.platform(),
            "trio": version("trio"),
            "matplotlib": version("matplotlib"),
        },
        command=without_passwords(shlex.join(["voicebot", *sys.argv[1:]])),
        recordings=recordings,
    )


def recorded(chosen: Experiment, settings: Sequence[Setting], names: Sequence[str], *, tone: bool) -> list[Recording]:
    """The shortest reply as it is heard with each named setting and the first engine. Raises VoicebotError."""
    from voicebot.config.models import TtsTone
    from voicebot.errors import LabError
    from voicebot.lab.listening import listen, open_lent_voice
    from voicebot.lab.report_parts import Recording

    known = {setting.name: setting for setting in settings}
    if unknown := [name for name in names if name not in known]:
        raise LabError(
            tr("there is no setting {name!r} to listen to", name=unknown[0]),
            hint=tr("one of {names}", names=tr(", ").join(known)),
        )
    trace = min(chosen.traces, key=lambda trace: (len(trace.text), trace.name))
    engine = chosen.engines[0]
    made = []
    for name in dict.fromkeys(names):
        config = known[name].config
        with open_lent_voice(TtsTone(kind="tone") if tone else config.tts, engine) as voice:
            wav = listen(trace, config, engine, voice)
            made.append(Recording(name, trace.name, engine.name, voice.credit or voice.name, wav))
    return made

"""`voicebot lab`: experiments with chunking and pacing; one file a command."""

from __future__ import annotations

from voicebot.cli.command import add_command
from voicebot.cli.help import command_group
from voicebot.cli.lab.compare import compare
from voicebot.cli.lab.explain import explain
from voicebot.cli.lab.record import record
from voicebot.cli.lab.replay import replay
from voicebot.cli.lab.score import score
from voicebot.cli.lab.sweep import sweep
from voicebot.cli.lab.tune import tune

lab_app = command_group("Experiments with chunking and pacing: the real pipeline, in virtual time.")

add_command(lab_app, replay)
add_command(lab_app, record)
add_command(lab_app, compare)
add_command(lab_app, explain)
add_command(lab_app, score)
add_command(lab_app, sweep)
add_command(lab_app, tune)

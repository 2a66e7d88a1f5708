"""Whether the client of RabbitMQ is installed: not everybody has the extra."""

from __future__ import annotations

from importlib.util import find_spec

from voicebot.errors import VoicebotError
from voicebot.installation import extra_command
from voicebot.translation import tr

_PACKAGES = {"aio_pika": "aio-pika", "prometheus_client": "prometheus-client"}
"""Modules, and the packages that they come with."""


def require_packages(error: type[VoicebotError]) -> None:
    """Raise `error`, with the command that helps, where a package is missing."""
    for module, package in _PACKAGES.items():
        if find_spec(module) is None:
            raise error(
                tr("speech workers need more packages: {name} is missing", name=package), hint=extra_command("rabbitmq")
            )

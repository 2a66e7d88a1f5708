"""`voicebot worker`: speech for other machines."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from voicebot.cli.options import ConfigOptions, Settings, VoiceOptions
from voicebot.cli.output import log_line
from voicebot.cli.runner import OK, Busy, CommandContext
from voicebot.distributed.packages import require_packages
from voicebot.errors import ConfigError
from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.config.models import Config

AmqpUrlOption = Annotated[
    str | None,
    typer.Option(
        "--amqp-url",
        metavar="URL",
        help="Where RabbitMQ is. Others see a password in it: better VOICEBOT_WORKER__AMQP_URL or amqp_url_file.",
    ),
]
VoiceClassOption = Annotated[
    str | None,
    typer.Option("--voice-class", metavar="NAME", help="The group of voices, which is in the name of its queue."),
]


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Whose jobs it does, and how many."""

    heading: ClassVar[str] = "Worker options"
    amqp_url: AmqpUrlOption = None
    voice_class: VoiceClassOption = None
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", metavar="N", help="Say this many texts at once; 1 is usual.")
    ] = None
    priority: Annotated[
        int | None,
        typer.Option("--priority", metavar="N", help="Workers with a higher one get jobs first; 0 is usual."),
    ] = None
    metrics_port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port", metavar="PORT", help="Show figures for Prometheus at this port of worker.metrics_host."
        ),
    ] = None

    def settings(self) -> Settings:
        """The keys of config.toml that these options set."""
        return broker_settings(self.amqp_url, self.voice_class) | {
            "worker.concurrency": ("--concurrency", self.concurrency),
            "worker.priority": ("--priority", self.priority),
            "worker.metrics_port": ("--metrics-port", self.metrics_port),
        }


def broker_settings(amqp_url: str | None, voice_class: str | None) -> dict[str, tuple[str, object]]:
    """The keys of config.toml that say where the broker is; a URL that is given counts for more than a file."""
    return {
        "worker.amqp_url": ("--amqp-url", amqp_url),
        "worker.amqp_url_file": ("--amqp-url", None if amqp_url is None else ""),
        "worker.voice_class": ("--voice-class", voice_class),
    }


def worker(*, config: ConfigOptions, voice: VoiceOptions, options: WorkerOptions) -> Busy:
    """Say what other machines ask for: take texts from RabbitMQ, and send their sound back, until Ctrl-C.

    What was begun is finished first; a second Ctrl-C ends at once.

    Examples:
      voicebot worker
      voicebot worker --tts voicevox --voice-class zundamon --priority 10
    """
    loaded = config.load(voice.settings(), options.settings(), rate=voice.rate).config
    if loaded.tts.kind == "rabbitmq":
        raise ConfigError(
            tr("a worker needs a voice of its own: tts.kind is rabbitmq, which asks workers"),
            hint=tr("choose one, for example: voicebot worker --tts pyttsx3"),
        )

    async def body(context: CommandContext) -> int:
        return await _work(context, loaded)

    return Busy(body)


async def _work(context: CommandContext, config: Config) -> int:
    require_packages(ConfigError)
    import anyio

    from voicebot.cli.foreign_prints import prints_logged
    from voicebot.config.broker import amqp_url
    from voicebot.daemon.logs import open_log
    from voicebot.distributed.connection import BrokerAddress
    from voicebot.distributed.figures import Figures
    from voicebot.distributed.metrics import open_metrics
    from voicebot.distributed.worker import run_worker
    from voicebot.tts import open_synthesizer

    settings, figures, stop = config.worker, Figures(), anyio.Event()
    address = BrokerAddress(amqp_url(settings), settings.amqp_ca_file)

    host, port = settings.metrics_host, settings.metrics_port
    shown = open_metrics(figures, host, port) if port else nullcontext()
    with open_log(log_line), shown, prints_logged():
        async with open_synthesizer(config.tts) as synthesizer:
            context.finish_by(stop)
            await run_worker(
                synthesizer,
                settings,
                address,
                stop=stop,
                figures=figures,
                deterministic=config.tts.kind in ("tone", "pyttsx3"),
            )
    return OK

"""Where RabbitMQ is and who we are there, which may stand in a file that nobody else can read."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from voicebot.config.files import OthersCanRead, UnsuitableFile, read_small_file
from voicebot.config.models import AMQP_SCHEME, Broker
from voicebot.errors import ConfigError
from voicebot.translation import marked, system_reason, tr

_HERE = "amqp://guest:guest@127.0.0.1:5672/"
"""RabbitMQ as it is installed; nobody else than this machine is let in so."""
_MOST_BYTES = 10_000
_HINT = marked("put the AMQP URL, and nothing else, there")
_EVERYBODY_KNOWS = {"", "guest"}
"""RabbitMQ's own user and password, which only work on the machine itself; they are everyday words, too."""


def amqp_url(broker: Broker) -> str:
    """The address of the broker, with user and password: that of the file, if one is named. Raises ConfigError."""
    if not broker.amqp_url_file:
        return broker.amqp_url.get_secret_value() or _HERE
    path = Path(broker.amqp_url_file).expanduser()
    try:
        content = read_small_file(path, max_bytes=_MOST_BYTES, private=True)
    except OthersCanRead as error:
        raise ConfigError(
            tr("others can read the AMQP URL in {path}", path=path), hint=tr("run `chmod 600 {path}`", path=path)
        ) from error
    except (UnsuitableFile, OSError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(
            tr("amqp_url_file: cannot read {path}: {reason}", path=path, reason=reason), hint=tr(_HINT)
        ) from error
    url = content.decode("utf-8-sig", "replace").strip()
    if not AMQP_SCHEME.fullmatch(url):
        raise ConfigError(tr("amqp_url_file: there is no AMQP URL in {path}", path=path), hint=tr(_HINT))
    return url


def secrets_of_url(url: str) -> list[str]:
    """What nobody may see of the address of a broker; nothing where user and password are RabbitMQ's own."""
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return [url]
    if unquote(password) in _EVERYBODY_KNOWS:
        return []
    return [url, password, unquote(password)]

"""Where RabbitMQ is and who we are there, which may stand in a file that nobody else can read."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from voicebot.config.files import SecretFile, read_secret
from voicebot.config.models import AMQP_SCHEME, Broker
from voicebot.translation import marked

_HERE = "amqp://guest:guest@127.0.0.1:5672/"
"""RabbitMQ as it is installed; nobody else than this machine is let in so."""
_FILE = SecretFile(
    form=AMQP_SCHEME,
    exposed=marked("others can read the AMQP URL in {path}"),
    unreadable=marked("amqp_url_file: cannot read {path}: {reason}"),
    wrong=marked("amqp_url_file: there is no AMQP URL in {path}"),
    hint=marked("put the AMQP URL, and nothing else, there"),
)
_EVERYBODY_KNOWS = {"", "guest"}
"""RabbitMQ's own user and password, which only work on the machine itself; they are everyday words, too."""


def amqp_url(broker: Broker) -> str:
    """The address of the broker, with user and password: that of the file, if one is named. Raises ConfigError."""
    if not broker.amqp_url_file:
        return broker.amqp_url.get_secret_value() or _HERE
    return read_secret(broker.amqp_url_file, _FILE)


def secrets_of_url(url: str) -> list[str]:
    """What nobody may see of the address of a broker; nothing where user and password are RabbitMQ's own."""
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        return [url]
    if unquote(password) in _EVERYBODY_KNOWS:
        return []
    return [url, password, unquote(password)]

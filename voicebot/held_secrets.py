"""The secrets that a process holds, and what keeps them out of everything that it prints and keeps."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

from voicebot.chat.wire.api_keys import key_in_file, secrets_in_query, sent_secrets
from voicebot.config.broker import amqp_url, secrets_of_url
from voicebot.config.models import Broker, ChatOpenAI, ChatServer, Config
from voicebot.errors import ConfigError
from voicebot.text.redaction import StreamRedactor, redact, spellings


def redactor(config: Config) -> Callable[[str], str]:
    """What takes the secrets that go with `config` out of a text."""
    return partial(redact, spelled=spellings(held_secrets(config)))


def stream_redactor(config: Config) -> Callable[[], StreamRedactor]:
    """The same for texts that come in deltas: a new one for each."""
    return partial(StreamRedactor, spellings(held_secrets(config)))


def held_secrets(config: Config) -> list[str]:
    """Every key, token and password in `config`, in its addresses, and in the file and the variable beside it."""
    secrets = [*_secrets(config), os.environ.get("OPENAI_API_KEY", "")]
    if isinstance(config.chat, ChatOpenAI) and config.chat.api_key_file:
        with suppress(ConfigError):  # whoever opens the chat says so
            secrets.append(key_in_file(config.chat.api_key_file))
    return secrets


def _secrets(value: object) -> Iterator[str]:
    match value:
        case SecretStr():
            yield value.get_secret_value()
        case str() if "://" in value:
            yield from _of_address(value)
        case BaseModel():
            names = set(type(value).model_fields)
            if isinstance(value, ChatServer):
                yield from sent_secrets(value)
                names -= {"headers", "query"}  # not all of them are secrets
            if isinstance(value, Broker):
                names.remove("amqp_url")  # which may have the password that everybody knows
                yield from secrets_of_url(value.amqp_url.get_secret_value())
                with suppress(ConfigError):  # whoever connects to it says so
                    yield from secrets_of_url(amqp_url(value))
            for name in names:
                yield from _secrets(getattr(value, name))
        case dict():
            for inner in value.values():
                yield from _secrets(inner)
        case list() | tuple():
            for inner in value:
                yield from _secrets(inner)
        case _:
            pass


def _of_address(address: str) -> Iterator[str]:
    yield from secrets_in_query(address)
    try:
        user, password = urlsplit(address).username, urlsplit(address).password
    except ValueError:
        return
    if password is not None:
        yield from (password, unquote(password), unquote(f"{user or ''}:{password}"))  # the last as Basic sends it

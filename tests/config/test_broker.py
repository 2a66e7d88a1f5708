"""Where RabbitMQ is: from the configuration or from a private file, and never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from voicebot.config.broker import amqp_url
from voicebot.config.models import Broker, Config, WorkerConfig
from voicebot.errors import ConfigError
from voicebot.held_secrets import redactor

URL = "amqps://voice:p%40ssw0rd-long@broker.example/speech"


def private_file(folder: Path, text: str) -> str:
    path = folder / "url"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def test_the_url_of_a_private_file_is_used_instead(tmp_path: Path) -> None:
    assert amqp_url(Broker()) == "amqp://guest:guest@127.0.0.1:5672/"
    assert amqp_url(Broker(amqp_url_file=private_file(tmp_path, f"{URL}\n"))) == URL


@pytest.mark.skipif(os.name != "posix", reason="others are another thing there")
def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = private_file(tmp_path, URL)
    Path(path).chmod(0o640)
    with pytest.raises(ConfigError, match="others can read") as told:
        amqp_url(Broker(amqp_url_file=path))
    assert "chmod 600" in told.value.hint


@pytest.mark.parametrize("text", ["", "http://broker.example/", f"{URL}\n{URL}", "my password"])
def test_what_is_not_a_url_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="no AMQP URL") as told:
        amqp_url(Broker(amqp_url_file=private_file(tmp_path, text)))
    assert "password" not in told.value.in_one_line
    with pytest.raises(ConfigError, match="cannot read"):
        amqp_url(Broker(amqp_url_file=str(tmp_path / "missing")))


@pytest.mark.parametrize("in_file", [False, True])
def test_user_and_password_are_taken_out_of_every_text(tmp_path: Path, in_file: bool) -> None:
    where = {"amqp_url_file": private_file(tmp_path, URL)} if in_file else {"amqp_url": URL}
    redact = redactor(Config(worker=WorkerConfig.model_validate(where)))
    assert "ssw0rd" not in redact(f"connecting to {URL}, with p@ssw0rd-long or p%40ssw0rd-long")


def test_the_password_that_everybody_knows_is_an_everyday_word() -> None:
    """Every "guest" and the whole default address would be cut out of replies about RabbitMQ."""
    said = "amqp://guest:guest@127.0.0.1:5672/ is for guest:guest only"
    assert redactor(Config())(said) == said
    others = WorkerConfig(amqp_url=SecretStr("amqp://guest:guest@127.0.0.1:5673/"))
    assert redactor(Config(worker=others))(said) == said

"""Addresses as people write them down."""

from __future__ import annotations

import pytest

from voicebot.chat.wire.addresses import ollama_address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:1234", "http://127.0.0.1:1234"),
        (":1234", "http://127.0.0.1:1234"),
        ("[::]:1234", "http://[::1]:1234"),
        ("box", "http://box:11434"),
        ("box:80", "http://box:80"),
        (' "box:80" ', "http://box:80"),
        ("http://box", "http://box:80"),
        ("https://box/ollama/", "https://box:443/ollama"),
        ("https://box:1", "https://box:1"),
        ("ftp://box", "http://127.0.0.1:11434"),
        ("box:port", "http://127.0.0.1:11434"),
        ("[::1", "http://127.0.0.1:11434"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(host: str, address: str) -> None:
    assert ollama_address(host) == address

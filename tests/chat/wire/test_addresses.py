"""Addresses as people write them down."""

from __future__ import annotations

import pytest

from voicebot.chat.wire.addresses import ollama_address, openai_address, openai_roots


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


@pytest.mark.parametrize(
    ("given", "address", "roots"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", ["/v1", ""]),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", ["/v1", ""]),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1", [""]),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080/v1", [""]),
        ("http://127.0.0.1:8080/v1/chat/completions", "http://127.0.0.1:8080/v1", [""]),
        ("http://127.0.0.1:8080/chat/completions/", "http://127.0.0.1:8080", ["/v1", ""]),
        ("https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1", [""]),
        ("https://openrouter.ai/api", "https://openrouter.ai/api", ["", "/v1"]),
        ("https://me.openai.azure.com/openai/v1", "https://me.openai.azure.com/openai/v1", [""]),
        (
            "https://me.openai.azure.com/openai/deployments/mini/chat/completions?api-version=2024-10-21",
            "https://me.openai.azure.com/openai/deployments/mini?api-version=2024-10-21",
            ["", "/v1"],
        ),
        ("https://g.example/v1beta/openai/", "https://g.example/v1beta/openai", [""]),
        ("http://[::1", "http://[::1", [""]),
    ],
)
def test_the_api_is_looked_for_where_it_may_be(given: str, address: str, roots: list[str]) -> None:
    assert openai_address(given) == address
    assert openai_roots(address) == roots

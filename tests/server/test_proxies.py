"""The lines of docs/server.md for a proxy, in a real nginx."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest
from websockets.asyncio.client import unix_connect

from tests.fakes import GatedChat
from tests.markdown import blocks, read
from tests.server.running import NO_AUTHORITIES, TOKEN, bearer, running_server, until

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not shutil.which("nginx"), reason="needs nginx: apt install nginx-light"),
]
NAME = "voice.example.org"


@asynccontextmanager
async def nginx(lines: str, server_port: int, folder: Path) -> AsyncIterator[Path]:
    """The socket at which nginx listens, with the lines of the document but for its TLS."""
    listening = folder / "nginx.sock"
    lines = re.sub(r"^ *ssl_.*\n", "", lines, flags=re.MULTILINE)
    lines = lines.replace("listen 443 ssl;", f"listen unix:{listening};")
    lines = lines.replace("127.0.0.1:8765", f"127.0.0.1:{server_port}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder / kind};\n" for kind in kinds)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder / 'pid'}; error_log stderr;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{folders}{lines}}}\n"
    )
    async with await anyio.open_process(["nginx", "-c", str(config)], stdout=None, stderr=None) as process:
        await until(listening.exists)
        yield listening
        process.terminate()


@pytest.mark.parametrize("page", ["docs/server.md", "docs/server.ja.md"])
async def test_behind_the_proxy_of_the_page_people_log_in_and_replies_stream(page: str, tmp_path: Path) -> None:
    """nginx's own Host let no page in, and the documents of one server had no lines for a proxy."""
    [settings], [lines] = blocks(read(page), "toml"), blocks(read(page), "nginx")
    chat = GatedChat("One", " and two.")
    async with (
        running_server(chat, **tomllib.loads(settings)["server"]) as running,
        nginx(lines, running.port, tmp_path) as listening,
        httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=str(listening), verify=NO_AUTHORITIES),
            base_url=f"http://{NAME}",
            timeout=20,
        ) as client,
    ):
        origin = {"origin": f"https://{NAME}"}
        login = await client.post("/api/login", json={"token": TOKEN}, headers=origin)
        assert login.status_code == 204
        assert "; Secure" in login.headers["set-cookie"]

        read_so_far = ""
        asked = client.stream("POST", "/chat", json={"text": "Hello."}, headers=bearer())
        async with asked as answer:
            async for part in answer.aiter_text():
                read_so_far += part
                chat.gate.set()
        assert read_so_far == "One and two."

        id = (await client.post("/api/conversations", json={}, headers=bearer())).json()["id"]
        uri = f"ws://{NAME}/api/conversations/{id}/live"
        async with unix_connect(str(listening), uri, additional_headers=bearer(), subprotocols=["voicebot.v1"]) as live:
            await live.send(json.dumps({"type": "ping"}))
            told = [json.loads(await live.recv())["type"] for _ in range(2)]
        assert sorted(told) == ["pong", "snapshot"]


@pytest.mark.parametrize("page", ["docs/server.md", "docs/server.ja.md", "docs/scaling.md", "docs/scaling.ja.md"])
def test_a_proxy_passes_on_the_name_with_its_port(page: str) -> None:
    """nginx's `$host` has no port: at any but the usual one every page was of another origin."""
    [lines] = blocks(read(page), "nginx")
    assert "proxy_set_header Host $http_host;" in lines

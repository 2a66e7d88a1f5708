"""Clients: loopback stays on the machine, nothing is followed, nothing queues."""

from __future__ import annotations

import subprocess
import sys

import anyio
import httpx
import pytest

from tests.fault_server import Close, Reset, head, serve, whole
from voicebot import __version__
from voicebot.http.client import is_loopback, open_client
from voicebot.http.streaming import get_json


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_this_machine_is_known_by_all_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["example.com", "192.168.0.1", "0.0.0.0", "localhost.example.com", "", "::"])
def test_other_machines_are_not_taken_for_this_one(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.anyio
async def test_a_proxy_gets_no_loopback_traffic(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve() as server, serve() as proxy:
        server.answer("/x", whole("{}"))
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        async with open_client(server.url, connect_timeout_seconds=5) as client:
            assert (await client.get("/x")).status_code == 200
        assert proxy.connections == 0
        async with open_client("http://voicebot.invalid", connect_timeout_seconds=5) as client:
            await client.get("/x")
        assert proxy.connections == 1


@pytest.mark.anyio
async def test_redirects_are_not_followed_and_the_user_agent_names_us() -> None:
    async with serve() as server, open_client(server.url, connect_timeout_seconds=5) as client:
        server.answer("/old", [head("302 Found", location=f"{server.url}/new", content_length="0")])
        assert (await client.get("/old")).status_code == 302
        assert [request.path for request in server.requests] == ["/old"]
        assert server.requests[0].headers["user-agent"] == f"voicebot/{__version__}"


@pytest.mark.anyio
async def test_a_connection_is_used_again() -> None:
    async with serve() as server, open_client(server.url, connect_timeout_seconds=5) as client:
        server.answer("/x", whole('{"a": 1}'))
        for _ in range(5):
            assert (await get_json(client, "/x", seconds=5)).value == {"a": 1}
        assert server.connections == 1


@pytest.mark.anyio
@pytest.mark.parametrize("end", [Close(), Reset()], ids=["FIN", "RST"])
async def test_a_connection_that_the_server_closed_meanwhile_costs_nothing(end: Close | Reset) -> None:
    """One sentence of thirty was lost to a server that had just closed the connection that was kept for it."""
    async with serve() as server, open_client(server.url, connect_timeout_seconds=5) as client:
        server.answer("/x", whole('{"a": 1}'), [end], whole('{"a": 2}'))
        assert [(await get_json(client, "/x", seconds=5)).value for _ in range(2)] == [{"a": 1}, {"a": 2}]
        assert (server.connections, len(server.requests)) == (2, 3)


@pytest.mark.anyio
async def test_a_server_that_hangs_up_on_a_new_connection_is_not_asked_again() -> None:
    async with serve() as server, open_client(server.url, connect_timeout_seconds=5) as client:
        server.answer("/x", [Close()])
        with pytest.raises(httpx.RemoteProtocolError):
            await get_json(client, "/x", seconds=5)
        assert len(server.requests) == 1


@pytest.mark.anyio
async def test_a_request_that_was_answered_in_part_is_not_sent_again() -> None:
    async with serve() as server, open_client(server.url, connect_timeout_seconds=5) as client:
        server.answer("/x", whole("{}"), [head(content_length="10"), Close()], whole("{}"))
        await get_json(client, "/x", seconds=5)
        with pytest.raises(httpx.RemoteProtocolError):
            await get_json(client, "/x", seconds=5)
        assert len(server.requests) == 2


@pytest.mark.anyio
async def test_an_answer_that_is_not_json_has_no_value() -> None:
    async with serve() as server, open_client(server.url, connect_timeout_seconds=5) as client:
        server.answer("/x", [head(connection="close"), Close()])
        assert (await get_json(client, "/x", seconds=5)).value is None


@pytest.mark.anyio
async def test_many_requests_at_once_do_not_queue() -> None:
    async with serve() as server, open_client(server.url, connect_timeout_seconds=5) as client:
        server.answer("/x", whole("{}"))
        async with anyio.create_task_group() as tasks:
            for _ in range(150):
                tasks.start_soon(client.get, "/x")
        assert len(server.requests) == 150


def test_the_chat_family_alone_does_not_import_httpx() -> None:
    code = "import sys, voicebot.chat, voicebot.http; sys.exit('httpx' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)

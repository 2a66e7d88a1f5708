"""A page gets its cookie for a launch token or the token, and is then who the cookie was made for."""

from __future__ import annotations

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.machine import PATIENCE_SECONDS
from tests.server.listener import connected, new_conversation
from tests.server.running import NO_AUTHORITIES, TOKEN, RunningServer, running_server
from voicebot.server.wrong_tokens import WrongTokens

pytestmark = pytest.mark.anyio


async def person_of(client: httpx.AsyncClient) -> str:
    answer = await client.get("/api/me")
    assert answer.status_code == 200
    person: str = answer.json()["person"]
    return person


def browser(running: RunningServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=running.url, headers={"origin": running.url}, timeout=PATIENCE_SECONDS, verify=NO_AUTHORITIES
    )


async def test_the_launch_token_makes_the_browser_the_owners() -> None:
    async with running_server() as running, browser(running) as page:
        assert (await page.get("/api/me")).status_code == 401
        launch = running.server.keys.new_launch_token()
        answer = await page.post("/api/login", json={"launch": launch})
        assert (answer.status_code, answer.content) == (204, b"")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"voicebot-{running.port}=owner.")
        for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=2592000"):
            assert word in cookie
        assert "Secure" not in cookie
        assert await person_of(page) == "owner"


async def test_a_launch_token_is_worth_nothing_the_second_time() -> None:
    async with running_server() as running, browser(running) as page, browser(running) as other:
        launch = running.server.keys.new_launch_token()
        assert (await page.post("/api/login", json={"launch": launch})).status_code == 204
        assert (await other.post("/api/login", json={"launch": launch})).status_code == 401
        assert (await other.get("/api/me")).status_code == 401


async def test_with_the_token_each_browser_is_somebody_new_and_stays_that() -> None:
    async with running_server() as running, browser(running) as one, browser(running) as other:
        for page in (one, other):
            assert (await page.post("/api/login", json={"token": TOKEN})).status_code == 204
        first = await person_of(one)
        assert first not in (await person_of(other), "owner")
        await one.post("/api/login", json={"launch": running.server.keys.new_launch_token()})
        assert await person_of(one) == first


async def test_who_has_the_token_may_say_who_they_are() -> None:
    async with running_server() as running, browser(running) as page:
        assert (await page.post("/api/login", json={"token": TOKEN, "person": "alice"})).status_code == 204
        assert await person_of(page) == "alice"
        assert (await page.post("/api/login", json={"token": TOKEN, "person": "../bob"})).status_code == 422


async def test_the_cookie_opens_a_live_connection_to_our_page_only() -> None:
    async with running_server() as running, browser(running) as page:
        await page.post("/api/login", json={"launch": running.server.keys.new_launch_token()})
        path = await new_conversation(running)
        name, value = next(iter(page.cookies.items()))
        cookie = {"cookie": f"{name}={value}"}
        async with connected(running, path, additional_headers=cookie, origin=running.url) as live:
            assert '"snapshot"' in str(await live.recv())
        for origin, status in (
            (None, 401),
            ("http://evil.example", 403),
            (f"http://127.0.0.1:{running.port + 1}", 403),
        ):
            with pytest.raises(InvalidStatus) as refused:
                async with connected(running, path, additional_headers=cookie, origin=origin):
                    pass
            assert refused.value.response.status_code == status


async def test_behind_a_proxy_that_has_tls_the_cookie_is_for_tls_only() -> None:
    async with running_server(hosts=("voice.example",)) as running, running.stranger() as page:
        headers = {"host": "voice.example", "origin": "https://voice.example"}
        answer = await page.post("/api/login", json={"token": TOKEN}, headers=headers)
        assert "Secure" in answer.headers["set-cookie"]


async def test_logging_out_takes_the_cookie_back() -> None:
    async with running_server() as running, browser(running) as page:
        await page.post("/api/login", json={"token": TOKEN})
        assert (await page.post("/api/logout", json={})).status_code == 204
        assert not page.cookies
        assert (await page.get("/api/me")).status_code == 401


@pytest.mark.parametrize("shown", [{"token": TOKEN[:-1]}, {"token": "\u3042"}, {"launch": TOKEN}])
async def test_a_client_without_a_valid_token_stays_out(shown: dict[str, str]) -> None:
    async with running_server() as running, browser(running) as page:
        answer = await page.post("/api/login", json=shown)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("shown", [{}, {"token": ""}, {"launch": ""}, {"token": 1}, {"token": "x" * 1001}])
async def test_what_shows_nothing_is_refused_in_words(shown: dict[str, object]) -> None:
    async with running_server() as running, browser(running) as page:
        answer = await page.post("/api/login", json=shown)
        assert (answer.status_code, answer.json()["error"]["param"]) == (422, "token")


async def test_a_client_that_tries_one_token_after_another_is_told_to_stop() -> None:
    async with running_server() as running, browser(running) as page:
        for shown in ("token", "launch"):
            tries = [await page.post("/api/login", json={shown: f"guess {i}"}) for i in range(12)]
            statuses = [answer.status_code for answer in tries]
            assert statuses == ([401] * 10 + [429] * 2 if shown == "token" else [429] * 12)
            assert tries[-1].headers["retry-after"] == "60"


async def test_who_guesses_locks_nobody_else_out() -> None:
    """Behind a proxy, which is one address, ten wrong tokens in a minute shut the right one out for everybody."""
    async with running_server() as running, browser(running) as guesser, browser(running) as page:
        for _ in range(3):
            assert {(await guesser.post("/api/login", json={"token": "x"})).status_code for _ in range(11)} >= {429}
            launch = running.server.keys.new_launch_token()
            for right in ({"token": TOKEN}, {"launch": launch}):
                page.cookies.clear()
                assert (await page.post("/api/login", json=right)).status_code == 204
                assert (await page.get("/api/me")).status_code == 200
        assert (await running.client.get("/api/me")).status_code == 200


async def test_who_gets_in_has_used_up_nothing() -> None:
    async with running_server() as running, browser(running) as page:
        for _ in range(12):
            assert (await page.post("/api/login", json={"token": TOKEN})).status_code == 204
        assert (await page.post("/api/login", json={"token": "x"})).status_code == 401


async def test_the_door_of_the_login_is_open_to_our_page_only() -> None:
    async with running_server() as running, running.stranger() as foreign:
        launch = running.server.keys.new_launch_token()
        for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = await foreign.post("/api/login", json={"launch": launch}, headers=headers)
            assert answer.status_code == 403
        answer = await foreign.post("/api/login", content=f'{{"launch": "{launch}"}}')
        assert answer.status_code == 415
        assert running.server.keys.use_launch_token(launch)


def test_wrong_tokens_from_everywhere_are_too_many_too() -> None:
    wrong = WrongTokens()
    for i in range(1000):
        wrong.add(f"10.0.{i // 256}.{i % 256}")
    with pytest.raises(Exception, match="too many wrong tokens"):
        wrong.add("10.9.9.9")

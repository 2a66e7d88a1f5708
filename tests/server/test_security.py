"""What is checked of every request, on every route: each check alone has a hole, and none lets pass what it refuses."""

from __future__ import annotations

import json

import pytest

from tests.server.raw import Client, Headers, Route, changed, every_route
from tests.server.running import running_server
from voicebot.server.security import cookie_name
from voicebot.testing import ScriptedChat

pytestmark = pytest.mark.anyio
ROUTES = every_route()
CHAT = Route("POST", "/chat")
QUESTION = b'{"text": "Hello."}'


async def refused(headers: list[tuple[str, tuple[str, ...]]], status: int, routes: list[Route] = ROUTES) -> None:
    """Every route answers `status` to a request that is right but for `headers`, and nobody is asked anything."""
    chat = ScriptedChat([])
    async with running_server(chat) as running, Client(running.port) as client:
        for route in routes:
            wrong = client.right(route)
            for name, values in headers:
                wrong = changed(wrong, name, *(value.replace("PORT", str(running.port)) for value in values))
            answer = await client.ask(route, wrong, body=QUESTION)
            assert (route, answer.status) == (route, status)
            assert route.method == "HEAD" or set(json.loads(answer.body)["error"]) >= {
                "message",
                "type",
                "param",
                "code",
            }
            assert answer.header("content-security-policy").startswith("default-src 'none'")
        assert chat.asked == []


def test_every_way_into_the_application_is_known_to_the_tests() -> None:
    assert {Route("GET", "/health"), Route("GET", "/chat"), Route("POST", "/chat")} <= set(ROUTES)


async def test_a_request_that_is_right_is_refused_for_no_reason_of_security() -> None:
    async with running_server() as running, Client(running.port) as client:
        for route in ROUTES:
            answer = await client.ask(route, client.right(route), body=b"{}")
            assert answer.status not in {0, 401, 403, 415, 421, 500}, route


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("",),
        ("evil.test",),
        ("evil.test:PORT",),
        ("127.0.0.1",),
        ("127.0.0.1:",),
        ("127.0.0.1:1",),
        ("127.0.0.1:0PORT",),
        ("127.0.0.1.:PORT",),
        ("localhost.:PORT",),
        ("127.0.0.1.evil.test:PORT",),
        ("evil.localhost:PORT",),
        ("localhost.evil.test:PORT",),
        ("printer.local:PORT",),
        ("db.internal:PORT",),
        ("192.168.1.1:PORT",),
        ("0.0.0.0:PORT",),
        ("127.1:PORT",),
        ("2130706433:PORT",),
        ("0x7f000001:PORT",),
        ("::1:PORT",),
        ("[::]:PORT",),
        ("[::ffff:127.0.0.1]:PORT",),
        ("user@127.0.0.1:PORT",),
        ("127.0.0.1:PORT, evil.test",),
        ("127.0.0.1:PORT/",),
        ("127.0.0.1:PORT", "127.0.0.1:PORT"),
        ("127.0.0.1:PORT", "evil.test"),
    ],
)
async def test_another_name_is_refused(hosts: tuple[str, ...]) -> None:
    """A page whose name was rebound to 127.0.0.1 is of the same origin as the server, as far as a browser knows."""
    await refused([("host", hosts)], 421, ROUTES if hosts in {(), ("evil.test:PORT",)} else [CHAT])


@pytest.mark.parametrize("host", ["127.0.0.1:PORT", "localhost:PORT", "LocalHost:PORT", "[::1]:PORT"])
async def test_the_names_of_this_machine_are_ours(host: str) -> None:
    async with running_server() as running, Client(running.port) as client:
        host = host.replace("PORT", str(running.port))
        for origin in ([], [f"http://{host}"], [f"http://{host.lower()}"]):
            headers = changed(changed(client.right(CHAT), "host", host), "origin", *origin)
            assert (await client.ask(CHAT, headers, body=QUESTION)).status == 200


async def test_a_name_of_a_proxy_is_ours_with_and_without_tls_and_no_other_one_is() -> None:
    hosts = ["Voice.example.org", "other.example.org:444"]
    async with running_server(hosts=hosts) as running, Client(running.port) as client:

        async def status(host: str, origin: str) -> int:
            headers = changed(changed(client.right(CHAT), "host", host), "origin", origin)
            return (await client.ask(CHAT, headers, body=QUESTION)).status

        assert await status("voice.example.org", "https://voice.example.org") == 200
        assert await status("voice.example.org", "http://voice.example.org") == 200
        assert await status("other.example.org:444", "https://other.example.org:444") == 200
        assert await status("voice.example.org", "https://other.example.org:444") == 403
        assert await status("voice.example.org", "https://evil.voice.example.org") == 403
        for host in ("evil.voice.example.org", "voice.example.org:444", "other.example.org", "example.org"):
            assert await status(host, f"https://{host}") == 421


async def test_who_sets_up_a_proxy_is_told_what_it_passed_on() -> None:
    """nginx as most know it sends Host as the address it passes on to; "another origin" did not say why."""
    async with running_server() as running, Client(running.port) as client:

        async def hint(*headers: tuple[str, str]) -> str:
            asked = client.right(CHAT)
            for name, value in headers:
                asked = changed(asked, name, value)
            error = json.loads((await client.ask(CHAT, asked, body=QUESTION)).body)["error"]
            return str(error["hint"])

        told = await hint(("origin", "https://voice.example.org"))
        assert "passes Host on unchanged" in told
        assert f"(Origin: https://voice.example.org, Host: 127.0.0.1:{running.port})" in told
        assert "server.hosts (Host: voice.example.org:8443)" in await hint(("host", "voice.example.org:8443"))
        assert "passes Host on unchanged" in await hint(("sec-fetch-site", "cross-site"))
        for odd in ("<script>", "\xff", "x" * 300):
            assert (await hint(("host", odd))).endswith("server.hosts")


async def test_what_a_proxy_says_of_a_request_changes_nothing() -> None:
    """Anybody can send these."""
    async with running_server() as running, Client(running.port) as client:
        forwarded: Headers = [
            ("x-forwarded-host", f"127.0.0.1:{running.port}"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-for", "127.0.0.1"),
            ("forwarded", f"for=127.0.0.1;host=127.0.0.1:{running.port};proto=http"),
            ("x-original-url", "/health"),
            ("x-rewrite-url", "/health"),
            ("x-http-method-override", "GET"),
        ]
        for route in ROUTES:
            wrong = [*changed(client.right(route), "host", f"evil.test:{running.port}"), *forwarded]
            assert (await client.ask(route, wrong)).status == 421
            stranger = [*changed(client.right(route), "authorization"), *forwarded]
            assert (await client.ask(route, stranger)).status == 401 or route.is_open


@pytest.mark.parametrize(
    "origins",
    [
        ("null",),
        ("",),
        ("http://evil.test",),
        ("http://127.0.0.1",),
        ("http://127.0.0.1:1",),
        ("http://127.0.0.1:PORT0",),
        ("https://127.0.0.1:PORT",),
        ("http://localhost:PORT",),
        ("http://evil.127.0.0.1:PORT",),
        ("http://127.0.0.1:PORT.evil.test",),
        ("http://127.0.0.1:PORT@evil.test",),
        ("http://evil.test/http://127.0.0.1:PORT",),
        ("http://127.0.0.1:PORT/",),
        ("http://127.0.0.1:PORT evil.test",),
        ("http://127.0.0.1:PORT", "http://127.0.0.1:PORT"),
        ("http://127.0.0.1:PORT", "http://evil.test"),
        ("ws://127.0.0.1:PORT",),
        ("file://",),
        ("chrome-extension://abcdefghijklmnop",),
        ("127.0.0.1:PORT",),
    ],
)
async def test_pages_of_another_origin_are_refused(origins: tuple[str, ...]) -> None:
    """A page on another port of this machine has a host like ours, and its requests carry our cookies."""
    await refused([("origin", origins)], 403, ROUTES if origins == ("http://evil.test",) else [CHAT])


@pytest.mark.parametrize("sites", [("cross-site",), ("same-site",), ("Cross-Site",), ("",), ("none", "cross-site")])
async def test_what_a_browser_says_comes_from_another_site_is_refused(sites: tuple[str, ...]) -> None:
    """An image or script of a foreign page sends no Origin."""
    await refused([("sec-fetch-site", sites)], 403, ROUTES)


@pytest.mark.parametrize(
    "shown",
    [
        (),
        ("",),
        ("Bearer",),
        ("Bearer ",),
        ("Bearer x",),
        ("Bearer the-token-of-the-tes",),
        ("Bearer the-token-of-the-testx",),
        ("Bearer THE-TOKEN-OF-THE-TEST",),
        ("Bearer the-token-of-the-test, x",),
        ("Basic the-token-of-the-test",),
        ("the-token-of-the-test",),
        ("Bearer \xff\xfe",),
        ("Bearer x", "Bearer the-token-of-the-test"),
        ("Bearer the-token-of-the-test", "Bearer x"),
    ],
)
async def test_without_the_token_every_route_is_closed_that_is_not_open_to_all(shown: tuple[str, ...]) -> None:
    await refused([("authorization", shown)], 401, [route for route in ROUTES if not route.is_open])


@pytest.mark.parametrize(
    "kinds",
    [
        (),
        ("",),
        ("text/plain",),
        ("application/x-www-form-urlencoded",),
        ("multipart/form-data; boundary=x",),
        ("text/plain; application/json",),
        ("text/json",),
        ("application/jsonx",),
        ("application/json, text/plain",),
        ("application/json", "text/plain"),
    ],
)
async def test_what_has_an_effect_takes_json_only(kinds: tuple[str, ...]) -> None:
    """A form, and whatever else a foreign page may send without asking first, is never JSON."""
    await refused([("content-type", kinds)], 415, [route for route in ROUTES if route.has_effect])


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PROPFIND", "CONNECT"])
async def test_a_method_that_a_path_does_not_know_does_nothing(method: str) -> None:
    """Nor does it tell a page of elsewhere that it might: there is no answer to a preflight."""
    chat = ScriptedChat([])
    async with running_server(chat) as running, Client(running.port) as client:
        for path in sorted({route.path for route in ROUTES}):
            route = Route(method, path)
            if route in ROUTES:
                continue
            answer = await client.ask(route, client.right(route), body=QUESTION)
            assert answer.status in (404, 405), route
            stranger = await client.ask(route, changed(client.right(route), "authorization"), body=QUESTION)
            assert stranger.status == (405 if route.is_open else 401), route
        assert chat.asked == []
        listed = (await running.client.get("/api/conversations")).json()["conversations"]
        assert listed == []


async def test_what_is_wrong_in_every_way_is_refused() -> None:
    wrong: list[tuple[str, tuple[str, ...]]] = [
        ("host", ("evil.test",)),
        ("origin", ("http://evil.test",)),
        ("sec-fetch-site", ("cross-site",)),
        ("authorization", ("Bearer x",)),
        ("content-type", ("text/plain",)),
    ]
    await refused(wrong, 421)
    await refused(wrong[1:], 403)


async def test_a_websocket_is_refused_before_it_is_accepted_and_with_the_same_status() -> None:
    """A page sees nothing of an answer, but once it is open it may send."""
    sockets = [Route("WEBSOCKET", "/api/conversations/x/live"), Route("WEBSOCKET", "/chat"), Route("WEBSOCKET", "/")]
    await refused([("host", ("evil.test",))], 421, sockets)
    await refused([("origin", ("http://evil.test",))], 403, sockets)
    await refused([("sec-fetch-site", ("same-site",))], 403, sockets)
    await refused([("authorization", ())], 401, sockets[:2])


async def test_the_token_says_for_whom_it_asks_once() -> None:
    async with running_server() as running, Client(running.port) as client:
        for people in (("a b",), ("",), ("-x",), ("x" * 65,), ("a/b",), ("a", "b"), ("\xe9",)):
            headers = changed(client.right(CHAT), "x-voicebot-person", *people)
            answer = await client.ask(CHAT, headers, body=QUESTION)
            assert answer.status == 400
            assert "ASCII letters" in json.loads(answer.body)["error"]["message"]  # é is a letter, too


async def test_a_cookie_lets_in_only_as_its_page_would_send_it() -> None:
    async with running_server() as running, Client(running.port) as client:
        mine, name = running.server.keys.new_cookie("alice"), cookie_name(running.port)
        origin = ("origin", f"http://127.0.0.1:{running.port}")
        page = [*changed(client.right(CHAT), "authorization"), origin]

        async def status(cookie: str, headers: Headers = page, route: Route = CHAT) -> int:
            return (await client.ask(route, [*headers, ("cookie", cookie)], body=QUESTION)).status

        assert await status(f"{name}={mine}") == 200
        assert await status(f"a=b; {name}={mine}; c=d") == 200
        assert await status(f"{name}={mine}", changed(page, "origin"), Route("GET", "/chat")) == 200
        assert await status(f"{name}={mine}", changed(page, "origin")) == 401, "no page sends this without its origin"
        assert await status(f"voicebot-{running.port + 1}={mine}") == 401, "it is that of another server"
        assert await status(f"{name.upper()}={mine}") == 401
        assert await status(f'{name}="{mine}"') == 401
        assert await status(f"{name}=") == 401
        assert await status(f"{name}={mine}x") == 401
        theirs = running.server.keys.new_cookie("mallory")
        assert await status(f"{name}={theirs}; {name}={mine}") == 401, "a page on another port may have set the first"


async def test_a_cookie_does_not_open_a_websocket_to_what_is_not_a_page() -> None:
    async with running_server() as running, Client(running.port) as client:
        route = Route("WEBSOCKET", "/api/conversations/x/live")
        cookie = ("cookie", f"{cookie_name(running.port)}={running.server.keys.new_cookie()}")
        stranger = [*changed(client.right(route), "authorization"), cookie]
        assert (await client.ask(route, stranger)).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/health/", "/health/x", "//health", "/health/../chat", "/./health", "/health%00", "/HEALTH", "/chat;/health",
        "/page", "/pages/x", "/page//x", "/page/../chat", "/page/%2e%2e/chat", "/page/..%2fchat", "/page/%5c..%5cchat",
    ],
)  # fmt: skip
async def test_no_spelling_of_a_path_opens_what_is_closed(path: str) -> None:
    async with running_server() as running, Client(running.port) as client:
        route = Route("POST", path)
        answer = await client.ask(route, changed(client.right(route), "authorization"), body=QUESTION)
        assert answer.status == 401


@pytest.mark.parametrize(
    ("host", "kept"),
    [("127.0.0.1", True), ("localhost", True), ("[::1]", True), ("proxy.test", True), ("192.0.2.7", False)],
)
async def test_a_plain_address_of_the_network_has_no_header_of_which_browsers_complain(host: str, kept: bool) -> None:
    """Each page of it had an error in the console."""
    policy = "cross-origin-opener-policy"
    async with running_server(hosts=["proxy.test"]) as running:
        answer = await running.client.get("/health", headers={"host": f"{host}:{running.port}"})
        assert answer.status_code == (200 if kept else 421)
        assert answer.headers.get(policy) == ("same-origin" if kept else None)


async def test_nothing_that_is_answered_may_be_framed_guessed_or_kept() -> None:
    async with running_server() as running, Client(running.port) as client:
        for route in [*ROUTES, Route("GET", "/unknown"), Route("POST", "/unknown"), Route("TRACE", "/chat")]:
            answer = await client.ask(route, client.right(route))
            if answer.status == 101:
                continue
            policy = answer.header("content-security-policy")
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy or route.path == "/overlay"
            assert answer.header("x-content-type-options") == "nosniff"
            assert answer.header("referrer-policy") == "no-referrer"
            assert answer.header("cross-origin-opener-policy") == "same-origin"
            assert answer.header("cross-origin-resource-policy") == "same-origin"
            assert answer.header("cache-control") or route.is_open
            for name, _ in answer.headers:
                assert not name.startswith("access-control-")
                assert name != "server"

"""Pages that mean harm, in a real browser whose person is logged in: none of them has an effect, or reads anything."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright

from tests.server.running import RunningServer, running_server, until
from voicebot.server.security import cookie_name
from voicebot.testing import ScriptedChat, typed

CHROMIUM = "/usr/bin/chromium"
pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not os.path.exists(CHROMIUM), reason=f"{CHROMIUM} is missing")]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP evil.test 127.0.0.1",
    "--disable-features=LocalNetworkAccessChecks",  # what some browsers do besides is not what protects us
]
ATTACK = """<!doctype html><title>attack</title><body><script>
async function attack(target, conversation) {
  const found = {};
  const within = (work) => Promise.race([work, new Promise((done) => setTimeout(() => done("late"), 1500))]);
  const attempt = async (name, work) => {
    try { found[name] = await within(work()); } catch (error) { found[name] = "refused"; }
  };
  const loaded = (element, attribute, address) => new Promise((done) => {
    element.onload = () => done("loaded");
    element.onerror = () => done("refused");
    element[attribute] = address;
    document.body.append(element);
  });
  const text = JSON.stringify({text: "Hello.", title: "stolen"});
  const turns = `/api/conversations/${conversation}/turns`;
  await attempt("img", () => loaded(new Image(), "src", target + "/chat?text=Hello."));
  await attempt("script", () => loaded(document.createElement("script"), "src", target + "/api/conversations"));
  for (const path of ["/chat", "/api/conversations", turns]) {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      const frame = document.createElement("iframe");
      frame.name = `frame ${path} ${type}`;
      const form = document.createElement("form");
      form.method = "post"; form.action = target + path; form.enctype = type; form.target = frame.name;
      const field = document.createElement("input");
      field.name = '{"text": "Hello.", "x": "'; field.value = '"}';
      form.append(field); document.body.append(frame, form); form.submit();
    }
    for (const mode of ["cors", "no-cors"]) {
      for (const type of ["application/json", "text/plain"]) {
        await attempt(`fetch ${path} ${mode} ${type}`, async () => {
          const answer = await fetch(target + path,
            {method: "POST", mode, credentials: "include", headers: {"content-type": type}, body: text});
          return answer.type === "opaque" ? "blind" : `read ${answer.status}`;
        });
      }
    }
    navigator.sendBeacon(target + path, new Blob([text], {type: "text/plain"}));
  }
  for (const path of ["/api/conversations", "/api/me", `/api/conversations/${conversation}/events`, "/health", "/"]) {
    await attempt(`read ${path}`, async () => {
      const answer = await fetch(target + path, {credentials: "include"});
      return `read ${answer.status}`;
    });
  }
  await attempt("delete", async () => {
    const answer = await fetch(`${target}/api/conversations/${conversation}`,
      {method: "DELETE", credentials: "include", headers: {"content-type": "application/json"}});
    return `read ${answer.status}`;
  });
  await attempt("websocket", () => new Promise((done) => {
    const socket = new WebSocket(target.replace("http", "ws") + `/api/conversations/${conversation}/live`,
      ["voicebot.v1"]);
    socket.onopen = () => { socket.send('{"type": "ask", "text": "Hello."}'); done("opened"); };
    socket.onerror = () => done("refused");
  }));
  await attempt("events", () => new Promise((done) => {
    const events = new EventSource(target + `/api/conversations/${conversation}/events`, {withCredentials: true});
    events.onopen = () => { events.close(); done("opened"); };
    events.onerror = () => { events.close(); done("refused"); };
  }));
  return found;
}
</script></body>"""


class Evil(BaseHTTPRequestHandler):
    """Serves the attack."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(ATTACK.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def evil_port() -> Iterator[int]:
    """A port of this machine where somebody else serves the attack."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Evil) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One event loop for all tests, since they share a browser."""
    return "asyncio"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser without a page."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@asynccontextmanager
async def logged_in(browser: Browser, running: RunningServer) -> AsyncIterator[tuple[Page, str]]:
    """A page of a browser that has the owner's cookie, and one of the owner's conversations."""
    conversation = (await running.server.conversations.create("owner", "mine")).id
    context = await browser.new_context()
    try:
        await remember(context, running)
        yield await context.new_page(), conversation
    finally:
        await context.close()


async def remember(context: BrowserContext, running: RunningServer) -> None:
    """Give the browser the cookie that a login would."""
    await context.add_cookies(
        [
            {
                "name": cookie_name(running.port),
                "value": running.server.keys.new_cookie("owner"),
                "domain": host,
                "path": "/",
                "httpOnly": True,
                "sameSite": "Strict",
            }
            for host in ("127.0.0.1", "evil.test")
        ]
    )


async def found_by(page: Page, target: str, conversation: str) -> dict[str, str]:
    """What the attack has brought, by the way it took."""
    found: dict[str, Any] = await page.evaluate("([target, id]) => attack(target, id)", [target, conversation])
    return found


async def nothing_happened(running: RunningServer, chat: ScriptedChat, found: dict[str, str]) -> None:
    """Nobody was asked, nothing changed, and nothing but refusals was read."""
    assert chat.asked == []
    listed = await running.server.conversations.listed("owner")
    assert [(one.title, one.turns) for one in listed] == [("mine", 0)]
    assert len(found) > 20
    wrong = {"img": "loaded", "script": "loaded", "websocket": "opened", "events": "opened"}
    assert [way for way, result in found.items() if result == wrong.get(way)] == []
    assert {result for result in found.values() if result.startswith("read")} <= {"read 421", "read 403"}


async def test_a_page_of_ours_would_have_succeeded(browser: Browser) -> None:
    """Else the others would prove nothing."""
    chat = ScriptedChat(typed("Yes.", first=0.0, rate=1000))
    async with running_server(chat) as running, logged_in(browser, running) as (page, conversation):

        async def serve_attack(route: Route) -> None:
            await route.fulfill(body=ATTACK, content_type="text/html")

        await page.route(f"{running.url}/attack", serve_attack)
        await page.goto(f"{running.url}/attack")
        found = await found_by(page, running.url, conversation)
        assert found["fetch /chat cors application/json"] == "read 200"
        assert found["fetch /chat cors text/plain"] == "read 415"
        assert found["read /api/conversations"] == "read 200"
        await until(lambda: bool(chat.asked))


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1", "localhost"])
@pytest.mark.parametrize("target", ["127.0.0.1", "localhost"])
async def test_a_page_of_another_site_or_of_another_port_has_no_effect(
    browser: Browser, host: str, target: str
) -> None:
    """That of another port of this machine is of the same site: the browser sends it our cookies, SameSite or not."""
    chat = ScriptedChat([])
    with evil_port() as port:
        async with running_server(chat) as running, logged_in(browser, running) as (page, conversation):
            await page.goto(f"http://{host}:{port}/")
            found = await found_by(page, f"http://{target}:{running.port}", conversation)
            await nothing_happened(running, chat, found)


async def test_a_page_whose_name_was_rebound_to_this_machine_has_no_effect(browser: Browser) -> None:
    """To the browser it is the page of the server itself: only the name tells."""
    chat = ScriptedChat([])
    async with running_server(chat) as running, logged_in(browser, running) as (page, conversation):
        address = f"http://evil.test:{running.port}"

        async def serve_attack(route: Route) -> None:
            await route.fulfill(body=ATTACK, content_type="text/html")

        await page.route(f"{address}/attack", serve_attack)
        await page.goto(f"{address}/attack")
        found = await found_by(page, address, conversation)
        assert found["fetch /chat cors application/json"] == "read 421"
        await nothing_happened(running, chat, found)


async def test_our_page_is_framed_by_nobody(browser: Browser) -> None:
    with evil_port() as port:
        async with running_server() as running, logged_in(browser, running) as (page, _):
            await page.goto(f"http://evil.test:{port}/")
            for path in ("/", "/overlay"):
                frame = json.dumps(f"http://127.0.0.1:{running.port}{path}")
                await page.evaluate(
                    f"new Promise((done) => {{ const frame = document.createElement('iframe');"
                    f" frame.onload = done; frame.src = {frame}; document.body.append(frame); }})"
                )
            for inner in page.frames[1:]:
                assert "voicebot" not in (await inner.title()).lower()
                assert await inner.evaluate("document.querySelector('script[src]')") is None

"""What is checked before any route sees a request: where it was sent, from which page, by whom, and in which form.

Each check alone has a hole that has been used against programs on localhost; together they have none that is known:

    Host              a page whose name was rebound to 127.0.0.1 (421)
    Sec-Fetch-Site    an <img> or <script> of a foreign page, which sends no Origin (403)
    Origin            any other request of a foreign page, a WebSocket, a page on another port (403)
    token or cookie   another program or person on this machine (401)
    JSON only         a form, which a foreign page may send without asking first (415)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voicebot.server.keys import OWNER, PERSON_FORM, Keys, is_person
from voicebot.server.refusals import Refusal, refuse

PERSON_HEADER = "x-voicebot-person"
"""For whom a program that has the token asks."""
_SAME_ORIGIN = "a page of your own goes behind the same proxy as this server, and the proxy passes Host on unchanged"
_SCHEMES = {"ws": "http", "wss": "https"}
_PORTS = {"http": 80, "https": 443}
_WITHOUT_EFFECT = {"GET", "HEAD"}
_RESPONSE_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "media-src 'self' blob:; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""Headers of every answer that does not set them itself."""
_TRUSTWORTHY_ONLY = "cross-origin-opener-policy"
"""Browsers ignore it at a plain HTTP address of the network, and complain of it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What is known of a request before it is let in."""

    method: str
    """`WEBSOCKET` for the request to open one."""
    path: str
    scheme: str
    """http or https, for WebSockets too."""
    server: tuple[str, int]
    """The address and port of ours that it reached."""
    headers: Headers

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return self.headers.getlist(name)


class Security:
    """Lets in requests that are allowed; every path needs the token unless it is among the `open_paths`."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: Keys,
        hosts: Collection[str] = (),
        open_paths: Collection[str] = (),
        open_folders: Collection[str] = (),
    ) -> None:
        """`hosts` are the names by which the server is known besides its address, with a port where it is not ours."""
        self._app = app
        self._keys = keys
        self._hosts = frozenset(host.lower() for host in hosts)
        self._open_paths = frozenset(open_paths)
        self._open_folders = tuple(open_folders)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused, pass on any other, with `person` in its state."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visit = Visit(
            scope.get("method", "WEBSOCKET"),
            scope["path"],
            _scheme(scope),
            _reached(scope),
            headers,
        )

        async def send_safely(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                answered = MutableHeaders(scope=message)
                for name, value in _RESPONSE_HEADERS.items():
                    if name != _TRUSTWORTHY_ONLY or self._may_be_trustworthy(visit):
                        answered.setdefault(name, value)
            await send(message)

        try:
            person = self.admit(visit)
        except Refusal as refusal:
            await refuse(refusal)(scope, receive, send_safely)
            return
        scope.setdefault("state", {})["person"] = person
        await self._app(scope, receive, send_safely)

    def admit(self, visit: Visit) -> str | None:
        """Who is asking; None for a stranger on an open path. Raises Refusal."""
        self._check_host(visit)
        _check_fetch_site(visit)
        has_origin = self._check_origin(visit)
        person = self._person(visit, has_origin=has_origin)
        if person is None and not self._is_open(visit.path):
            raise Refusal(
                401,
                "this needs the server's token",
                hint="send the header Authorization: Bearer TOKEN, or open the address that voicebot serve prints",
                code="invalid_api_key",
                headers={"www-authenticate": "Bearer"},
            )
        if visit.method not in {*_WITHOUT_EFFECT, "WEBSOCKET"} and not _is_json(visit):
            raise Refusal(415, "this takes JSON only", hint="send the header Content-Type: application/json")
        return person

    def _check_host(self, visit: Visit) -> None:
        match visit.all("host"):
            case [host] if self._is_ours(host.lower(), visit):
                return
        raise Refusal(
            421,
            "this server does not go by that name",
            hint="a name of your own, such as that of a proxy, belongs into server.hosts" + _shown(visit, "host"),
        )

    def _is_ours(self, host: str, visit: Visit) -> bool:
        address, port = visit.server
        names = {f"[{address}]" if ":" in address else address}
        if is_loopback(address):
            names |= {"localhost", "127.0.0.1", "[::1]"}
        names |= {name for name in self._hosts if not _has_port(name)}
        ours = {f"{name}:{port}" for name in names} | self._hosts
        if port == _PORTS.get(visit.scheme):
            ours |= names
        return host in ours

    def _may_be_trustworthy(self, visit: Visit) -> bool:
        """Whether a browser may take this for a page that nobody on the way has changed."""
        name = visit.headers.get("host", "").lower()
        if _has_port(name):
            name = name.rpartition(":")[0]
        if visit.scheme == "https" or name == "localhost" or is_loopback(name.strip("[]")):
            return True
        return any(name in (host, host.rpartition(":")[0]) for host in self._hosts)  # a proxy may have TLS

    def _check_origin(self, visit: Visit) -> bool:
        """Whether there is an Origin, which is then ours. Raises Refusal."""
        origins = visit.all("origin")
        if not origins:
            return False
        host = visit.headers["host"].lower()
        schemes = {visit.scheme} | ({"https"} if host in self._hosts else set())  # a proxy has taken TLS off
        if len(origins) == 1 and origins[0].lower() in {f"{scheme}://{host}" for scheme in schemes}:
            return True
        raise Refusal(
            403,
            "pages of another origin may not use this server",
            hint=_SAME_ORIGIN + _shown(visit, "origin", "host"),
        )

    def _person(self, visit: Visit, *, has_origin: bool) -> str | None:
        """Whose valid token or cookie the request has; None without one. Raises Refusal for an invalid name."""
        match visit.all("authorization"):
            case [shown] if self._is_bearer(shown):
                return _named_person(visit)
        # A wrong one is not counted in WrongTokens. The right one always gets in, so that would make no guess harder;
        # and a program with an old token would be answered 429, and try again, instead of hearing what is wrong.
        if visit.method not in _WITHOUT_EFFECT and not has_origin:
            return None  # not a page: browsers send an Origin with these; any other program must have the token
        match _cookies(visit, cookie_name(visit.server[1])):
            case [cookie]:
                return self._keys.person_of(cookie)
            case _:  # a page on another port may have set one of two cookies, to pass its own person off as this one
                return None

    def _is_bearer(self, authorization: str) -> bool:
        kind, _, shown = authorization.partition(" ")
        return kind.lower() == "bearer" and self._keys.is_token(shown.strip())

    def _is_open(self, path: str) -> bool:
        return path in self._open_paths or (path.startswith(self._open_folders) and _stays_below(path))


def cookie_name(port: int) -> str:
    """The name of the cookie of the server at `port`: browsers send a cookie to every port of its host."""
    return f"voicebot-{port}"


def frameable(headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` for a page that pages of ours may frame."""
    policy = _RESPONSE_HEADERS["content-security-policy"].replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    return {**headers, "content-security-policy": policy}


def _check_fetch_site(visit: Visit) -> None:
    if any(site.lower() not in ("same-origin", "none") for site in visit.all("sec-fetch-site")):
        raise Refusal(403, "other sites may not use this server", hint=_SAME_ORIGIN)


def _shown(visit: Visit, *names: str) -> str:
    """The values of these headers, for whoever sets up a proxy; empty unless each is a host name or an address."""
    values = [", ".join(visit.all(name)) for name in names]
    if not all(re.fullmatch(r"[\w.:/\[\]-]{1,200}", value, re.ASCII) for value in values):
        return ""
    return f" ({', '.join(f'{name.capitalize()}: {value}' for name, value in zip(names, values, strict=True))})"


def _is_json(visit: Visit) -> bool:
    kinds = [kind.partition(";")[0].strip().lower() for kind in visit.all("content-type")]
    return kinds == ["application/json"]


def _named_person(visit: Visit) -> str:
    """For whom a program that has the token asks. Raises Refusal."""
    match visit.all(PERSON_HEADER):
        case []:
            return OWNER
        case [person] if is_person(person):
            return person
    raise Refusal(400, f"{PERSON_HEADER}: {PERSON_FORM}", param=PERSON_HEADER)


def _cookies(visit: Visit, name: str) -> list[str]:
    """Every value of the cookie `name`; browsers send several where they were set for different paths."""
    pairs = [pair.partition("=") for header in visit.all("cookie") for pair in header.split(";")]
    return [value.strip() for found, _, value in pairs if found.strip() == name]


def _stays_below(path: str) -> bool:
    """Whether no part of a path leads out of its folder, however a file system reads it."""
    return "\\" not in path and "\0" not in path and {"", ".", ".."}.isdisjoint(path.split("/")[1:])


def _scheme(scope: Scope) -> str:
    scheme: str = scope["scheme"]
    return _SCHEMES.get(scheme, scheme)


def _reached(scope: Scope) -> tuple[str, int]:
    """The address and port of ours; a Unix socket has neither."""
    host, port = scope.get("server") or ("", 0)
    return (plain_address(host), port) if port else ("", 0)


def plain_address(address: str) -> str:
    """An address in its usual form: dual-stack sockets map IPv4 addresses into IPv6, and some have a zone."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def is_loopback(address: str) -> bool:
    """Whether only programs of this machine reach this address."""
    try:
        return ip_address(plain_address(address)).is_loopback
    except ValueError:
        return False  # a Unix socket


def _has_port(host: str) -> bool:
    return host.rpartition("]")[2].count(":") == 1

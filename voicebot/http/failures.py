"""What went wrong with a request, in words for the person at the keyboard."""

from __future__ import annotations

import json
import math
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from voicebot.errors import VoicebotError
from voicebot.http.lines import BadStream, shorten, without_lone_surrogates
from voicebot.text.redaction import without_passwords
from voicebot.translation import system_reason, tr

MAX_WORDS = 500
SECRET_CHARACTERS = 6
"""Shorter ones are not secrets, and occur inside many words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server as messages speak of it, and the errors of the family that uses it."""

    name: str
    """Such as `Ollama at http://127.0.0.1:11434`."""
    section: str
    """The section of config.toml that configures it, such as `chat`."""
    start_hint: str
    """What to do when nobody answers."""
    failure: type[VoicebotError]
    unavailable: type[VoicebotError]
    key_hint: str = ""
    """What to do when it asks who is there; empty: look at the API key in the environment."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What is sent and must not be shown, such as an API key, and what to call it: some servers repeat it."""

    def conceal(self, words: str) -> str:
        """Return `words` without what is sent and must not be shown, and without passwords in addresses."""
        for secret, name in self.secrets.items():
            if len(secret) >= SECRET_CHARACTERS:
                words = words.replace(secret, f"[{name}]")
        return without_passwords(words)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a server answered in place of what it was asked for."""

    status: int
    reason: str
    """The name of the status, such as `Not Found`."""
    words: str
    """The server's own; empty when it said nothing useful."""
    html: bool = False
    """The answer is a page for people."""
    location: str = ""
    """Where a redirect points."""
    retry_after_seconds: float | None = None
    """The pause that the server asks for; None when it asks for none."""
    final: bool = False
    """The server says that it is useless to ask again."""


def shown_address(base_url: str) -> str:
    """Return `base_url` as it may be printed: without user name, password, query and trailing slash."""
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        return without_passwords(base_url)
    return str(url.copy_with(username=None, password=None, query=None, fragment=None)).rstrip("/")


def words_of(value: object) -> str:
    """Return the message in an error body of any usual shape: under error, message or detail, or within them."""
    if isinstance(value, str):
        return shorten(without_lone_surrogates(value), MAX_WORDS)
    if isinstance(value, list):
        return shorten("; ".join(filter(None, map(words_of, value))), MAX_WORDS)
    if isinstance(value, dict):
        if "msg" in value:  # one entry of FastAPI's list of validation errors
            place = ".".join(map(str, value["loc"])) if isinstance(value.get("loc"), list) else ""
            return ": ".join(filter(None, (place, words_of(value["msg"]))))
        for key in ("error", "message", "detail", "text"):
            if words := words_of(value.get(key)):
                return words
    return ""


def media_type(response: httpx.Response) -> str:
    """Return the content type of `response` without its parameters, in lower case."""
    content_type: str = response.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower()


def is_html(response: httpx.Response) -> bool:
    """Tell whether `response` is a page for people."""
    return media_type(response) in ("text/html", "application/xhtml+xml")


def read_refusal(response: httpx.Response, body: bytes) -> Refusal:
    """Read the answer of a server that did not do what it was asked to."""
    text = body.decode(errors="replace")
    html = is_html(response) or text.lstrip()[:15].lower().startswith(("<!doctype html", "<html"))
    words = ""
    if not html:
        try:
            words = words_of(json.loads(text))
        except (ValueError, RecursionError):
            words = shorten(text, MAX_WORDS)
    return Refusal(
        status=response.status_code,
        reason=response.reason_phrase,
        words="" if words == response.reason_phrase else words,
        html=html,
        location=response.headers.get("location", ""),
        retry_after_seconds=_retry_after_seconds(response.headers),
        final=response.headers.get("x-should-retry", "").strip().lower() == "false",
    )


def refused(server: Server, refusal: Refusal, *, hint: str = "") -> VoicebotError:
    """Return the error that says what `server` answered; `hint` wins over the usual one for its status."""
    status = server.conceal(f"{refusal.status} {refusal.reason}".strip())
    if refusal.html:
        message = tr("{name} answered with an HTML page ({status})", name=server.name, status=status)
    elif 300 <= refusal.status < 400:
        message = tr(
            "{name} redirects to {place} ({status})",
            name=server.name,
            place=shown_address(refusal.location) or tr("nowhere"),
            status=status,
        )
    elif refusal.words:
        message = tr("{name} answered {status}: {words}", name=server.name, status=status, words=refusal.words)
    else:
        message = tr("{name} answered {status} without a reason", name=server.name, status=status)
    return server.failure(server.conceal(message), hint=hint or _usual_hint(server, refusal))


def broke_off(server: Server, *, hint: str = "") -> VoicebotError:
    """Return the error for an answer that ended in the middle."""
    return server.failure(
        tr("{name} broke off in the middle of its answer", name=server.name),
        hint=hint or tr("its log may say why; then ask again"),
    )


@contextmanager
def translated(server: Server) -> Iterator[None]:
    """Turn what httpx and the decoders raise into the errors of the server's family."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise server.unavailable(
            tr(
                "{section}.base_url is not a usable address: {reason}",
                section=server.section,
                reason=server.conceal(str(error)),
            ),
            hint=tr("set {section}.base_url to something like http://127.0.0.1:8000", section=server.section),
        ) from error
    except httpx.ConnectTimeout as error:
        raise server.unavailable(
            tr("{name} did not accept the connection in time", name=server.name), hint=server.start_hint
        ) from error
    except httpx.ConnectError as error:
        if name := unresolved_name(error):
            raise server.unavailable(
                tr(
                    "the host name {name} does not resolve ({reason}): {server}",
                    name=name,
                    reason=server.conceal(_cause(error)),
                    server=server.name,
                ),
                hint=tr(
                    "is {section}.base_url spelled right, and is this machine connected to a network?",
                    section=server.section,
                ),
            ) from error
        raise server.unavailable(
            tr("nobody answers: {name} ({reason})", name=server.name, reason=server.conceal(_cause(error))),
            hint=server.start_hint,
        ) from error
    except httpx.ProxyError as error:
        raise server.unavailable(
            tr(
                "the proxy does not let us through to {name}: {reason}",
                name=server.name,
                reason=server.conceal(str(error)),
            ),
            hint=tr("check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"),
        ) from error
    except (httpx.HTTPError, httpx.StreamError) as error:
        raise server.failure(
            tr("the connection to {name} broke: {reason}", name=server.name, reason=server.conceal(_cause(error))),
            hint=tr("its log may say why; then ask again"),
        ) from error
    except BadStream as error:
        raise server.failure(
            tr(
                "{name} sent something that cannot be read: {reason}",
                name=server.name,
                reason=server.conceal(str(error)),
            ),
            hint=tr("is {section}.base_url the address of the right kind of server?", section=server.section),
        ) from error


def unresolved_name(error: httpx.ConnectError) -> str:
    """Return the name that could not be resolved; empty when the connection failed for another reason."""
    if not any(isinstance(cause, socket.gaierror) for cause in _causes(error)):
        return ""
    try:
        return error.request.url.host
    except RuntimeError:  # it belongs to no request
        return ""


def _usual_hint(server: Server, refusal: Refusal) -> str:
    section = server.section
    key = f"VOICEBOT_{section.upper()}__API_KEY"
    after = refusal.retry_after_seconds
    again = tr("try again later") if after is None else tr("try again in {seconds} s", seconds=math.ceil(after))
    match refusal.status:
        case status if 300 <= status < 400:
            return tr("set {section}.base_url to the address it redirects to", section=section)
        case 401 | 403 if server.key_hint:
            return server.key_hint
        case 401:
            return tr("set {key} to a valid API key", key=key)
        case 403:
            return tr("is the API key ({key}) allowed to do this?", key=key)
        case 429:
            return tr("too many requests or no credit left: {again}", again=again)
        case 404 | 405:
            return tr("is {section}.base_url right?", section=section)
        case _ if refusal.html:
            return tr(
                "a proxy or another web server answered: is {section}.base_url right, and the server behind it up?",
                section=section,
            )
        case status if status >= 500:
            return tr("the server itself failed: its log may say why; {again}", again=again)
        case _:
            return tr(
                "the server does not accept this request: check the section [{section}] of the configuration",
                section=section,
            )


def _retry_after_seconds(headers: httpx.Headers) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text: str = headers.get(name, "").strip()
        try:
            seconds = float(text) * unit
        except ValueError:
            continue
        if math.isfinite(seconds):
            return max(0.0, seconds)
    try:  # the other form that HTTP allows
        moment = parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _cause(error: BaseException) -> str:
    """Return the words of the deepest system error: httpx says "All connection attempts failed" for all of them."""
    words = str(error)
    for cause in _causes(error):
        if isinstance(cause, ConnectionError) and cause.errno:  # asyncio has words of its own for these
            words = system_reason(OSError(cause.errno, os.strerror(cause.errno)))
        elif isinstance(cause, OSError) and cause.strerror:
            words = system_reason(cause)
    return shorten(words) or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield `error` and everything that led to it, the deepest last."""
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        cause = pending.pop()
        if cause is None or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            pending.extend(cause.exceptions)
        pending += [cause.__context__, cause.__cause__]

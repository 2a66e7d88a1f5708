"""What went wrong with a reply, in words for the person at the keyboard."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.errors import ChatError, ChatUnavailable, VoicebotError
from voicebot.http.failures import Refusal, Server, refused
from voicebot.translation import tr


def chat_server(name: str, *, start_hint: str, key_hint: str = "", secrets: Mapping[str, str] | None = None) -> Server:
    """Return a chat server as messages speak of it; `secrets` are sent to it, each with what to call it."""
    return Server(
        name=name,
        section="chat",
        start_hint=start_hint,
        failure=ChatError,
        unavailable=ChatUnavailable,
        key_hint=key_hint,
        secrets=secrets or {},
    )


def reply_refused(server: Server, refusal: Refusal, *, hint: str = "") -> VoicebotError:
    """Return the error that says why there is no reply; `hint` wins over the usual one."""
    return refused(server, refusal, hint=hint or _usual_hint(refusal))


def _usual_hint(refusal: Refusal) -> str:
    """Return what helps with a refusal that only chat servers know; empty for any other."""
    match refusal.status:
        case 401 | 403 | 429:
            return ""
        case status if 400 <= status < 500 and "context" in refusal.words:
            return tr("the conversation is longer than the model's context: try fewer conversation.turns")
        case 503 if "loading" in refusal.words.lower():
            return tr("it is still loading its model: try again in a moment")
        case _:
            return ""


def reply_late(server: Server, *, first_seconds: float) -> VoicebotError:
    """Return the error for a reply that did not begin in time."""
    return server.failure(
        tr("{name} did not begin to reply within {seconds:g} s", name=server.name, seconds=first_seconds),
        hint=tr(
            "use a smaller model, or wait longer with {section}.first_delta_timeout_seconds", section=server.section
        ),
    )


def reply_paused(server: Server, *, idle_seconds: float) -> VoicebotError:
    """Return the error for a reply that paused for too long."""
    return server.failure(
        tr(
            "{name} paused for more than {seconds:g} s in the middle of its reply",
            name=server.name,
            seconds=idle_seconds,
        ),
        hint=tr("allow longer pauses with {section}.idle_timeout_seconds", section=server.section),
    )


def reply_failed(server: Server, words: str, *, begun: bool) -> VoicebotError:
    """Return the error for a reply that the server itself gave up, with its `words` for why."""
    words = server.conceal(words)
    message = (
        tr("{name} failed in the middle of its reply: {words}", name=server.name, words=words)
        if begun
        else tr("{name} failed: {words}", name=server.name, words=words)
    )
    return server.failure(message, hint=tr("its log may say more; then ask again"))


def reply_cut_short(server: Server) -> VoicebotError:
    """Return the error for a stream that the server ended in good order, and too early."""
    return server.failure(
        tr("{name} ended the stream before its reply was finished", name=server.name),
        hint=tr("servers for one user stop a reply when another request comes in; its log may say more"),
    )


def reply_missing(server: Server) -> VoicebotError:
    """Return the error for an answer that ended before any of the reply."""
    return server.failure(
        tr("{name} ended its answer without a word", name=server.name),
        hint=tr("the conversation may be longer than the model's context: try fewer conversation.turns"),
    )


def reply_empty(server: Server, finish: str, *, called: bool, thought: bool) -> VoicebotError:
    """Return the error for a whole reply that holds nothing to say.

    `finish` is the server's word for why it ended; `called` and `thought` tell of tool calls and of reasoning.
    """
    reason, hint = _emptiness(finish, called=called, thought=thought, limit=f"{server.section}.max_tokens")
    return server.failure(tr("the reply of {name} is empty{reason}", name=server.name, reason=reason), hint=hint)


def _emptiness(finish: str, *, called: bool, thought: bool, limit: str) -> tuple[str, str]:
    """Return why a reply is empty, and what to do about it."""
    if called or finish == "tool_calls":
        return tr(": the model called a tool"), tr("use a model without built-in tools")
    if finish == "length" and thought:
        hint = tr("raise {limit}, turn thinking off, or use a model that does not think", limit=limit)
        return tr(": thinking used up its limit of model tokens"), hint
    if finish == "length":
        hint = tr("raise {limit}, or shorten the conversation with conversation.turns", limit=limit)
        return tr(": its limit of model tokens left no room for a word"), hint
    if finish == "content_filter":
        return tr(": its content filter stopped it"), tr("ask differently")
    reason = tr(" (it ended with {finish!r})", finish=finish) if finish not in ("", "stop") else ""
    hint = tr("the model thought and said nothing: ask again") if thought else tr("ask again, or use another model")
    return reason, hint

"""What went wrong with a reply, in words for the person at the keyboard."""

from __future__ import annotations

from collections.abc import Mapping

from voicebot.errors import ChatError, ChatUnavailable, VoicebotError
from voicebot.http.failures import Refusal, Server, refused


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
            return "the conversation is longer than the model's context: try fewer conversation.turns"
        case 503 if "loading" in refusal.words.lower():
            return "it is still loading its model: try again in a moment"
        case _:
            return ""


def reply_late(server: Server, *, first_seconds: float) -> VoicebotError:
    """Return the error for a reply that did not begin in time."""
    return server.failure(
        f"{server.name} did not begin to reply within {first_seconds:g} s",
        hint=f"use a smaller model, or wait longer with {server.section}.first_delta_timeout_seconds",
    )


def reply_paused(server: Server, *, idle_seconds: float) -> VoicebotError:
    """Return the error for a reply that paused for too long."""
    return server.failure(
        f"{server.name} paused for more than {idle_seconds:g} s in the middle of its reply",
        hint=f"allow longer pauses with {server.section}.idle_timeout_seconds",
    )


def reply_failed(server: Server, words: str, *, begun: bool) -> VoicebotError:
    """Return the error for a reply that the server itself gave up, with its `words` for why."""
    place = " in the middle of its reply" if begun else ""
    return server.failure(
        f"{server.name} failed{place}: {server.conceal(words)}", hint="its log may say more; then ask again"
    )


def reply_cut_short(server: Server) -> VoicebotError:
    """Return the error for a stream that the server ended in good order, and too early."""
    return server.failure(
        f"{server.name} ended the stream before its reply was finished",
        hint="servers for one user stop a reply when another request comes in; its log may say more",
    )


def reply_missing(server: Server) -> VoicebotError:
    """Return the error for an answer that ended before any of the reply."""
    return server.failure(
        f"{server.name} ended its answer without a word",
        hint="the conversation may be longer than the model's context: try fewer conversation.turns",
    )


def reply_empty(server: Server, finish: str, *, called: bool, thought: bool) -> VoicebotError:
    """Return the error for a whole reply that holds nothing to say.

    `finish` is the server's word for why it ended; `called` and `thought` tell of tool calls and of reasoning.
    """
    reason, hint = _emptiness(finish, called=called, thought=thought, limit=f"{server.section}.max_tokens")
    return server.failure(f"the reply of {server.name} is empty{reason}", hint=hint)


def _emptiness(finish: str, *, called: bool, thought: bool, limit: str) -> tuple[str, str]:
    """Return why a reply is empty, and what to do about it."""
    if called or finish == "tool_calls":
        return ": the model called a tool", "use a model without built-in tools"
    if finish == "length" and thought:
        hint = f"raise {limit}, turn thinking off, or use a model that does not think"
        return ": thinking used up its limit of model tokens", hint
    if finish == "length":
        hint = f"raise {limit}, or shorten the conversation with conversation.turns"
        return ": its limit of model tokens left no room for a word", hint
    if finish == "content_filter":
        return ": its content filter stopped it", "ask differently"
    reason = f" (it ended with {finish!r})" if finish not in ("", "stop") else ""
    return reason, "the model thought and said nothing: ask again" if thought else "ask again, or use another model"

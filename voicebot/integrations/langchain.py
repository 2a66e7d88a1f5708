"""LangChain: voicebot's backends as a chat model, and a callback handler that speaks what any model writes."""

from __future__ import annotations

try:
    import langchain_core  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'voicebot.integrations.langchain needs LangChain: pip install "voicebot[langchain]"', name="langchain_core"
    ) from error

from voicebot.integrations.chat_voicebot import ChatVoicebot
from voicebot.integrations.speaking import SpeakingCallbackHandler

__all__ = ["ChatVoicebot", "SpeakingCallbackHandler"]

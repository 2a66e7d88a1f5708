"""LangChain: voicebot's chat backends as a chat model, and a callback handler that speaks what any model writes."""

from __future__ import annotations

from voicebot.installation import extra_command

try:
    import langchain_core  # noqa: F401 - whether it is there
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"voicebot.integrations.langchain needs LangChain: {extra_command('langchain')}", name="langchain_core"
    ) from error

from voicebot.integrations.langchain.callback_handler import SpeakingCallbackHandler
from voicebot.integrations.langchain.chat_model import ChatVoicebot

__all__ = ["ChatVoicebot", "SpeakingCallbackHandler"]

"""voicebot: hear a chat model's answer while it is still being written."""

__version__ = "0.1.0"

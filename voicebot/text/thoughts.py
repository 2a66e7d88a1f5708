"""The tags between which models write what they think: never spoken, and not shown."""

from __future__ import annotations

THOUGHT_NAMES = ("think", "thinking", "reasoning")
THOUGHT_TAGS = {f"<{name}>": f"</{name}>" for name in THOUGHT_NAMES}
"""Opening and closing tag."""

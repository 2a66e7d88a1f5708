"""How a person wants a reply rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """What is spoken of the things that are not prose."""

    language: Literal["auto", "en", "ja"] = "auto"
    """Language of notices and of joined words; auto: that of the reply."""
    code: Literal["skip", "describe", "read"] = "skip"
    """A code block becomes a short notice, its language and number of lines, or is read."""
    tables: Literal["read", "describe", "skip"] = "read"
    """A table is read row by row, or becomes its number of rows, or a short notice."""
    urls: Literal["host", "read", "skip"] = "host"
    """An address becomes its host, is read, or is "the link"."""
    emoji: Literal["skip", "keep"] = "skip"
    """keep: emoji stay in the spoken text, for engines that can say them."""
    actions: Literal["skip", "read"] = "skip"
    """Whether *waves* is read."""
    emotion_tags: tuple[str, ...] = ()
    """Names of [tags] besides the known ones that are neither shown nor spoken."""

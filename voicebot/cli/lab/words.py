"""Figures and numbers as the commands of the lab write them."""

from __future__ import annotations


def signed(seconds: float) -> str:
    """A difference in seconds, with its sign."""
    return f"{seconds:+.2f}".replace("-0.00", "+0.00")


def counted(count: int, noun: str) -> str:
    """A number of things, in the singular or the plural."""
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"

"""Figures that several commands of the lab print."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from voicebot.translation import tr

if TYPE_CHECKING:
    from voicebot.lab.spread import Difference


def interval(difference: Difference, shown: Callable[[float], str]) -> str:
    """Where the true difference is to be expected, with 95 % confidence, and whether there is one."""
    if difference.low is None or difference.high is None:
        return tr("[one reply: it may be chance]")
    ends = f"[{shown(difference.low)}, {shown(difference.high)}]"
    return ends if difference.is_shown else tr("{interval} no difference shown", interval=ends)

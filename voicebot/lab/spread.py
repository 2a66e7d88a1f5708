"""How measures are spread over replies, and whether a difference between two configurations is more than chance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, median, stdev

CONFIDENCE = 0.95
_EXACT_QUANTILES = (12.706, 4.303, 3.182, 2.776)
"""Of Student's t at 97.5 %, for 1 to 4 degrees of freedom, where the series below is too coarse."""
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one measure, in its own unit."""

    mean: float
    median: float
    p95: float
    """Nineteen of twenty are not greater."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Of the same replies with two configurations: the mean of b - a, and where the true one is to be expected."""

    mean: float
    low: float | None
    """The lower end of the confidence interval; None where there is only one reply."""
    high: float | None
    replies: int

    @property
    def is_shown(self) -> bool:
        """Whether there is a difference as far as these replies can tell: the interval does not hold 0."""
        return self.low is not None and self.high is not None and (self.low > _ROUNDING or self.high < -_ROUNDING)


def spread(values: Iterable[float]) -> Spread:
    """Mean, median and 95th percentile; needs at least one value."""
    ordered = sorted(values)
    return Spread(fmean(ordered), median(ordered), ordered[max(0, math.ceil(0.95 * len(ordered)) - 1)])


def difference(a: Mapping[str, Sequence[float]], b: Mapping[str, Sequence[float]]) -> Difference:
    """What b changes, by the values of each reply; needs a reply that both have.

    The values of one reply (its rates, engines and seeds) are not independent: their mean counts once. The interval is
    Student's, of the differences reply by reply.
    """
    changes = [fmean(b[reply]) - fmean(values) for reply, values in a.items() if reply in b]
    mean, count = fmean(changes), len(changes)
    if count < 2:
        return Difference(mean, None, None, count)
    margin = _quantile(count - 1) * stdev(changes) / math.sqrt(count)
    return Difference(mean, mean - margin, mean + margin, count)


def reply_of(trace: str) -> str:
    """The reply that a trace is of: NAME@10 and NAME@30 are the same one at another rate."""
    return trace.partition("@")[0]


def by_reply(values: Iterable[tuple[str, float]]) -> dict[str, list[float]]:
    """The values of each reply, from (trace, value)."""
    groups: dict[str, list[float]] = {}
    for trace, value in values:
        groups.setdefault(reply_of(trace), []).append(value)
    return groups


def _quantile(freedom: int) -> float:
    """Student's t at 97.5 %, by the Cornish-Fisher series around the normal distribution."""
    if freedom <= len(_EXACT_QUANTILES):
        return _EXACT_QUANTILES[freedom - 1]
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )

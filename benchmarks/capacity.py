"""How many speech workers a number of listeners needs, by simulation: `python -m benchmarks.capacity`.

Listeners hear replies of half a minute and pause between them. Their utterances wait in one queue with the priorities
of voicebot.distributed.topology, and are asked for as the pipeline asks: the first as soon as there is text, the next
ones when less than four seconds of audio are left. Enough workers are those with which 95 of 100 first utterances wait
for no longer than 0.2 s for a worker, and 99 of 100 others come before the listener hears silence.

The simulation knows nothing of network, broker and chat model: these have tables of their own in docs/scaling.md.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import quantile
from voicebot.distributed.topology import priority
from voicebot.lab.engines import ENGINES, SynthesisCost, parse_engine

UTTERANCES = (1.2, 2.5, 4.0, 5.0, 6.0, 6.0, 5.3)
"""Seconds of speech of the utterances of a reply, as the pacer makes them: small first; half a minute in all."""
PAUSE_SECONDS = 20.0
"""Between two replies for one listener, on average: what it takes to think and to type."""
_AHEAD_SECONDS = 4.0
"""With less audio left than this the next utterance is asked for."""
_SPREAD = 0.15
"""Of what a synthesis costs (log-normal)."""
_SIMULATED_SECONDS, _WARM_UP_SECONDS = 240.0, 60.0
_MOST_REPLIES = 20_000
"""Of one run: many listeners are simulated for a shorter time."""
_MOST_LISTENERS = 5_000
"""More of them are as many times this crowd: a larger pool of workers needs no more than its share."""
_WAIT_SECONDS = 0.2
_BYTES_A_SECOND = 48_000
"""Of 24 kHz mono."""
_HOURS_A_MONTH = 730


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one run."""

    first_waits: list[float]
    """Seconds that first utterances waited for a worker."""
    late: int
    """Other utterances that came when the listener heard silence already."""
    others: int
    busy: float
    """The share of the workers' time in which they worked."""

    @property
    def enough(self) -> bool:
        """Whether there were enough workers."""
        return quantile(self.first_waits, 0.95) <= _WAIT_SECONDS and self.late <= 0.01 * self.others


@dataclass(slots=True)
class _Listener:
    utterance: int = 0
    """The one that is being made."""
    dry_at: float = 0.0
    """When silence would begin."""


def simulate(listeners: int, workers: int, engine: SynthesisCost, *, seed: int = 1) -> Load:
    """Run `listeners` against `workers` for some minutes."""
    chance = random.Random(seed)
    reply_seconds = sum(UTTERANCES) + PAUSE_SECONDS
    end = min(_SIMULATED_SECONDS, _WARM_UP_SECONDS + _MOST_REPLIES * reply_seconds / listeners)
    people = [_Listener() for _ in range(listeners)]
    asked: list[tuple[float, int]] = [(chance.uniform(0, reply_seconds), person) for person in range(listeners)]
    heapq.heapify(asked)
    done: list[tuple[float, int]] = []
    queue: list[tuple[int, float, int]] = []  # by urgency, then by age
    free, worked = workers, 0.0
    load = Load([], 0, 0, 0.0)
    late = others = 0
    while asked or done:
        now = min(asked[0][0] if asked else math.inf, done[0][0] if done else math.inf)
        if now > end:
            break
        if done and done[0][0] == now:
            person = heapq.heappop(done)[1]
            free += 1
            listener = people[person]
            if listener.utterance and now > _WARM_UP_SECONDS:
                others += 1
                late += now > listener.dry_at
            listener.dry_at = max(now, listener.dry_at) + UTTERANCES[listener.utterance]
            listener.utterance = (listener.utterance + 1) % len(UTTERANCES)
            next_at = max(now, listener.dry_at - _AHEAD_SECONDS)
            if not listener.utterance:
                next_at = listener.dry_at + chance.expovariate(1 / PAUSE_SECONDS)
            heapq.heappush(asked, (next_at, person))
        else:
            person = heapq.heappop(asked)[1]
            listener = people[person]
            left = listener.dry_at - now if listener.utterance else 0.0
            heapq.heappush(queue, (-priority(left), now, person))
        while free and queue:
            _, since, person = heapq.heappop(queue)
            listener = people[person]
            if not listener.utterance and now > _WARM_UP_SECONDS:
                load.first_waits.append(now - since)
            cost = engine.seconds(UTTERANCES[listener.utterance]) * chance.lognormvariate(0, _SPREAD)
            free -= 1
            worked += cost
            heapq.heappush(done, (now + cost, person))
    return Load(load.first_waits, late, others, worked / (workers * end))


def workers_needed(listeners: int, engine: SynthesisCost) -> tuple[int, Load]:
    """The smallest number of workers that is enough, and what comes of it."""
    if listeners > _MOST_LISTENERS:
        workers, load = workers_needed(_MOST_LISTENERS, engine)
        return math.ceil(workers * listeners / _MOST_LISTENERS), load
    work = sum(engine.seconds(seconds) for seconds in UTTERANCES)
    least = max(1, math.ceil(listeners * work / (sum(UTTERANCES) + PAUSE_SECONDS)))
    low, high = max(1, math.floor(0.9 * least)), least
    found = simulate(listeners, high, engine)
    while not found.enough:
        low, high = high + 1, math.ceil(1.1 * high) + 1
        found = simulate(listeners, high, engine)
    while low < high:
        middle = (low + high) // 2
        load = simulate(listeners, middle, engine)
        if load.enough:
            high, found = middle, load
        else:
            low = middle + 1
    return high, found


def rows(
    listeners: Sequence[int], engines: Sequence[SynthesisCost], *, broker_bytes: float, price: float
) -> Iterator[str]:
    """The lines of a table in Markdown."""
    yield (
        "| listeners | engine | workers | busy | first utterance waits, p95 | late | jobs a second | audio"
        " | brokers | a month |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    cycle = sum(UTTERANCES) + PAUSE_SECONDS
    for count in listeners:
        audio = count * sum(UTTERANCES) / cycle * _BYTES_A_SECOND
        for engine in engines:
            workers, load = workers_needed(count, engine)
            jobs = count * len(UTTERANCES) / cycle
            yield (
                f"| {count:,} | {engine.name} ({engine.fixed_seconds:g} + {engine.rtf:g} × s) | {workers:,}"
                f" | {load.busy:.0%} | {quantile(load.first_waits, 0.95) * 1000:.0f} ms"
                f" | {load.late / max(1, load.others):.1%} | {jobs:,.1f} | {audio * 8 / 1e6:,.1f} Mbit/s"
                f" | {math.ceil(audio / broker_bytes)} | {workers * price * _HOURS_A_MONTH:,.0f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.capacity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(engine.name for engine in ENGINES)
    parser.add_argument("--listeners", type=int, nargs="+", default=[10, 1000, 100_000], metavar="COUNT")
    parser.add_argument(
        "--engines", nargs="+", default=["cpu-fast", "gpu"], metavar="ENGINE", help=f"{names}, or FIXED+RTF as 0.2+0.4"
    )
    parser.add_argument(
        "--broker-megabytes",
        type=float,
        default=60.0,
        help="audio that one broker passes on in a second (default 60: measure yours with the group distributed)",
    )
    parser.add_argument("--price", type=float, default=0.05, help="of one worker, for an hour (default 0.05)")
    arguments = parser.parse_args()
    engines = [parse_engine(text) for text in arguments.engines]
    for row in rows(arguments.listeners, engines, broker_bytes=arguments.broker_megabytes * 1e6, price=arguments.price):
        print(row, flush=True)


if __name__ == "__main__":
    main()

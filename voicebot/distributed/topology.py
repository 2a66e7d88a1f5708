"""How queues and exchanges are named and declared. Pure; aio-pika is not needed.

All of it was tried on RabbitMQ 3.10; what 4.3 refuses (transient queues that are not exclusive, a prefetch for a whole
channel) is not used. `x-max-priority` cannot be a policy, and a queue cannot be declared again with another value:
hence the version in the names.
"""

from __future__ import annotations

from collections.abc import Mapping

JOB_TYPE = "voicebot.speech.v1"
"""The `type` of a job's message."""
CANCEL_EXCHANGE = "voicebot.cancel"
"""Fanout: to each worker, what nobody waits for any more."""
STATUS_EXCHANGE = "voicebot.status"
"""Fanout: to each worker, the question how it is; the answer goes to the `reply_to` of the question."""
DEAD_QUEUE = "voicebot.dead"
"""Jobs that workers died of, for people to look at."""
HIGHEST_PRIORITY = 3
URGENT, SOON, LATER = 2, 1, 0
URGENT_SECONDS, _SOON_SECONDS = 0.7, 3.0

JOB_QUEUE_ARGUMENTS: Mapping[str, int | str] = {
    "x-max-priority": HIGHEST_PRIORITY,
    "x-expires": 30 * 60 * 1000,  # of no use: neither client nor worker
    "x-max-length": 10_000,
    "x-overflow": "reject-publish",
}
DEAD_QUEUE_ARGUMENTS: Mapping[str, int | str] = {
    "x-max-length": 1_000,
    "x-message-ttl": 7 * 24 * 3600 * 1000,  # they hold what people were told
}


def job_queue(voice_class: str) -> str:
    """The queue of all workers that speak with the same group of voices."""
    return f"voicebot.speech.{voice_class}.v1"


def priority(within_seconds: float) -> int:
    """The priority of a job whose listener would hear silence after `within_seconds`.

    There is one queue with priorities: with a queue for each, a first utterance was handed to a busy worker.
    """
    if within_seconds < URGENT_SECONDS:
        return URGENT
    return SOON if within_seconds < _SOON_SECONDS else LATER

"""How many files and connections the system lets this process have at once."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

log = logging.getLogger(__name__)
_FOR_ALL_ELSE = 64
"""Files, engines, and what asks a chat model."""


def take_descriptors(connections: int) -> None:
    """Raise the limit as far as the system allows, and log it if `connections` need more; the default is low."""
    if sys.platform == "win32":
        return  # which has no such limit
    import resource

    needed = connections + _FOR_ALL_ELSE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (hard, max(soft, needed)):  # macOS takes less than what it calls the hard limit
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            break
    taken, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if taken != resource.RLIM_INFINITY and taken < needed:
        log.warning("server.max_connections = %d takes %d files, and the system allows %d", connections, needed, taken)

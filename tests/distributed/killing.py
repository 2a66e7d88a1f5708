"""Workers that die at random moments, while others take their place."""

from __future__ import annotations

import random
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import anyio

from tests.distributed.worker_process import WorkerProcess


@dataclass(slots=True)
class Killed:
    """How many workers there were that died."""

    count: int = 0


@asynccontextmanager
async def killed_at_random(
    open_worker: Callable[[], AbstractAsyncContextManager[WorkerProcess]],
) -> AsyncGenerator[Killed]:
    """Run two workers until the block ends; as soon as both take jobs, one of them is killed."""
    killed = Killed()
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(open_worker()) for _ in range(2)]
        async with anyio.create_task_group() as tasks:

            async def kill() -> None:
                while True:
                    worker = workers.pop(random.randrange(len(workers)))
                    worker.send(signal.SIGKILL)
                    killed.count += 1
                    workers.append(await stack.enter_async_context(open_worker()))

            tasks.start_soon(kill)
            yield killed
            tasks.cancel_scope.cancel()

"""How background tasks are brought to an end."""

import asyncio
from collections.abc import Collection
from typing import Any

AGAIN_SECONDS = 0.1


async def end(tasks: Collection[asyncio.Task[Any]]) -> None:
    """Cancel them and return when all have ended, whatever they raise.

    Cancels more than once: on Python 3.11 `asyncio.wait_for`, which redis-py sends with, loses a
    cancellation that comes together with its result (https://github.com/python/cpython/issues/86296).
    """
    while waiting := [task for task in tasks if not task.done()]:
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting, timeout=AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)

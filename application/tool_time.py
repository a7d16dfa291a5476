"""A tool in its time: it ends, or is stopped, or is left behind."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, TypeVar

logger = logging.getLogger(__name__)

UNWIND_SECONDS = 5.0

T = TypeVar("T")

_left_behind: set[asyncio.Task[Any]] = set()  # the event loop itself would forget them


class TimedOut(Exception):
    """The tool did not end in its time."""


class StoppedItself(Exception):
    """The tool was cancelled, but not by us."""


async def in_time(
    work: Awaitable[T], *, name: str, seconds: float, unwind_seconds: float = UNWIND_SECONDS
) -> T:
    """What the work gives. Raises TimedOut, whatever it gives later, and StoppedItself.

    After its time it is cancelled and may still unwind; one that swallows even that is left behind.
    When we are cancelled it is cancelled too, and ends as it likes, however long it takes.
    """
    task = asyncio.create_task(_awaited(work), name=f"tool {name}")
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        await asyncio.wait({task}, timeout=seconds)
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        return task.result()
    if task.cancelled():
        raise StoppedItself
    if task.done():
        return task.result()
    await _stop(task, name=name, seconds=unwind_seconds)
    raise TimedOut


async def _awaited(work: Awaitable[T]) -> T:
    return await work


async def _stop(task: asyncio.Task[T], *, name: str, seconds: float) -> None:
    task.cancel()
    await asyncio.wait({task}, timeout=seconds)
    if not task.done():
        logger.error("tool %s does not stop, it is left behind", name)
        _left_behind.add(task)
        task.add_done_callback(_left_behind.discard)

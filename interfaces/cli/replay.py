"""`threadlog replay`: types a conversation again as it happened, from the log alone."""

import asyncio
import sys
from collections.abc import AsyncIterable, Awaitable, Callable
from uuid import UUID

from infrastructure.settings import Settings
from interfaces.cli.chat import DIM, PLAIN
from interfaces.cli.client import StreamEvent, connected, exit_code_of
from interfaces.cli.replay_plan import LONGEST_PAUSE_SECONDS, Plan


def replay(settings: Settings, *, thread: UUID, speed: float) -> int:
    """`speed` 2.0: in half the time; 0: at once. Exit code 0, or 1 with the reason."""
    return exit_code_of(_replay(settings, thread=thread, speed=speed))


async def _replay(settings: Settings, *, thread: UUID, speed: float) -> None:
    async with connected(settings) as client:
        await play(client.pages(f"/threads/{thread}/events"), speed=speed)


def _always(_: StreamEvent) -> bool:
    return True


async def play(
    events: AsyncIterable[StreamEvent],
    *,
    speed: float,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    write: Callable[[str], object] = sys.stdout.write,
    colour: bool | None = None,
    longest_pause_seconds: float | None = LONGEST_PAUSE_SECONDS,
    shows: Callable[[StreamEvent], bool] = _always,
) -> None:
    """Type what the events of a thread say, one piece after the other.

    `events` begin with the thread's first: what is not to be shown still counts for the times.
    """
    dims = sys.stdout.isatty() if colour is None else colour
    plan, begun = Plan(longest_pause_seconds=longest_pause_seconds), False
    async for event in events:
        is_shown = shows(event)
        for step in plan.steps(event):
            if not is_shown:
                continue
            if speed and step.pause_seconds and begun:
                sys.stdout.flush()
                await sleep(step.pause_seconds / speed)
            write(f"{DIM}{step.text}{PLAIN}" if dims and step.dim else step.text)
            begun = True
    sys.stdout.flush()

"""Running the tasks of a queue inside the current process, and leaving in good order."""

import asyncio

from taskiq import AsyncBroker
from taskiq.acks import AcknowledgeType
from taskiq.receiver import Receiver


class DrainReceiver(Receiver):
    """A TaskIQ receiver that tells running jobs when the worker is leaving.

    A job looks at `context.state.draining.is_set()` between two pieces of work, hands over and
    returns. The stock receiver only waits, or abandons the job without a `finally`.
    """

    async def listen(self, finish_event: asyncio.Event) -> None:
        """Run tasks until `finish_event` is set and the jobs that run by then have ended."""
        self.broker.state.draining = finish_event
        await super().listen(finish_event)


async def serve(
    broker: AsyncBroker,
    *,
    max_async_tasks: int,
    finish: asyncio.Event,
    wait_tasks_timeout: float | None,
) -> None:
    """Run the broker's tasks, `max_async_tasks` at once, until `finish` is set; then drain.

    Returns when the running jobs have ended, or `wait_tasks_timeout` seconds after `finish` (None:
    no limit). Jobs that still run then are left to the event loop: `asyncio.run` cancels them.
    An entry is acknowledged before its job runs: it is a wake-up, and a crash is repaired from
    PostgreSQL. The caller starts the broker up before and shuts it down after.
    """
    receiver = DrainReceiver(
        broker,
        max_async_tasks=max_async_tasks,
        run_startup=False,
        ack_type=AcknowledgeType.WHEN_RECEIVED,
        wait_tasks_timeout=wait_tasks_timeout,
    )
    await receiver.listen(finish)

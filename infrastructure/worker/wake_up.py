"""The wake-up of workers: a TaskIQ message that says "this completion, now"."""

import logging
from typing import Annotated
from uuid import UUID

from taskiq import AsyncBroker, Context, SendTaskError, TaskiqDepends
from taskiq.kicker import AsyncKicker

QUEUE = "completions"
TASK = "threadlog.complete"

logger = logging.getLogger(__name__)


class TaskiqWakeUp:
    """Sends wake-ups; what is lost is found in `open_runs` a second later."""

    def __init__(self, broker: AsyncBroker) -> None:
        self._broker = broker

    async def completion(self, completion_id: UUID) -> None:
        """Never raises, never waits longer than the broker's patience."""
        kicker = AsyncKicker[[str], None](TASK, self._broker, {})
        try:
            await kicker.kiq(str(completion_id))
        except SendTaskError as error:
            logger.debug("no wake-up for %s: %r", completion_id, error.__cause__)


async def complete(completion_id: str, context: Annotated[Context, TaskiqDepends()]) -> None:
    """The task: answer it here, unless somebody else does already."""
    await context.state.runner.begin(UUID(completion_id))


def register(broker: AsyncBroker) -> None:
    """Let this process's broker take wake-ups; its `state.runner` must be set."""
    broker.register_task(complete, task_name=TASK)

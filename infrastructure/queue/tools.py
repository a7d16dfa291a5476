"""The queue of background tools: tasks, most of them wake-ups for executions in the log."""

import logging

from redis.exceptions import RedisError
from taskiq import BrokerMessage

from application.executions.lifecycle import lifecycle_of
from infrastructure.queue.broker import ResilientStreamBroker

QUEUE = "tools"

logger = logging.getLogger(__name__)


class ToolsBroker(ResilientStreamBroker):
    """Where the tasks of `async_shared_broker` are sent."""

    def __init__(self, url: str, *, prefix: str) -> None:
        super().__init__(url, queue_name=QUEUE, prefix=prefix)

    async def kick(self, message: BrokerMessage) -> None:
        """As any kick, but that losing a wake-up is no error: a worker finds it a second later.

        A plain task, which stands nowhere else, raises what Redis raises.
        """
        try:
            await super().kick(message)
        except (RedisError, OSError, TimeoutError) as error:
            if not self._is_wake_up(message):
                raise
            logger.debug("no wake-up for a background tool: %r", error)

    def _is_wake_up(self, message: BrokerMessage) -> bool:
        if lifecycle_of(self.find_task(message.task_name)) is None:
            return False
        sent = self.formatter.loads(message.message)
        return [*sent.args, sent.kwargs.get("execution_id")][0] is not None

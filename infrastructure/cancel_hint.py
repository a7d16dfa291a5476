"""The request to cancel, carried to the workers at once; the event in the log is what counts."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

KEY_SECONDS = 3600
PATIENCE_SECONDS = 0.5  # of an API call that waits for Redis
PAUSE_SECONDS = 0.5

logger = logging.getLogger(__name__)


def key_of(completion_id: UUID, *, prefix: str) -> str:
    """The key that says that a completion shall be cancelled."""
    return f"{prefix}completion:cancel:{completion_id}"


def _channel(prefix: str) -> str:
    return f"{prefix}completion:cancel"


class RedisCancelHint:
    """Sets the completion's key and tells the workers that listen. Best effort."""

    def __init__(self, redis: Redis, *, prefix: str) -> None:
        self._redis = redis
        self._prefix = prefix

    async def cancel(self, completion_id: UUID) -> None:
        """Never raises; gives up after half a second."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._redis.set(
                    key_of(completion_id, prefix=self._prefix), "1", ex=KEY_SECONDS
                )
                await self._redis.publish(  # pyright: ignore[reportUnknownMemberType]
                    _channel(self._prefix), str(completion_id)
                )
        except (RedisError, OSError, TimeoutError) as error:
            logger.debug("no hint to cancel %s: %r", completion_id, error)


async def listen_for_cancels(
    redis: Redis, *, prefix: str, on_cancel: Callable[[UUID], None]
) -> None:
    """Call `on_cancel` for every hint, for ever; what Redis loses, the heartbeat finds."""
    while True:
        try:
            pubsub: Any = redis.pubsub()  # pyright: ignore[reportUnknownMemberType]
            async with pubsub:
                await pubsub.subscribe(_channel(prefix))
                while True:
                    message = await pubsub.get_message(timeout=5)
                    if message is not None and message["type"] == "message":
                        on_cancel(UUID(message["data"].decode(errors="replace")))
        except ValueError:
            logger.warning("a hint to cancel that names no completion")
        except (RedisError, OSError) as error:
            logger.debug("hints to cancel: %r", error)
            await asyncio.sleep(PAUSE_SECONDS)

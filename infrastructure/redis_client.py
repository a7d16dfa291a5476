"""How every connection to Redis or Valkey is made: it heals by itself and never waits for ever."""

from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ReadOnlyError


def connect_redis(url: str, *, socket_timeout_seconds: float = 5.0, retries: int = 2) -> Redis:
    """A client with its own pool; nothing is opened before the first command.

    `url` is `redis://`, `rediss://` or `unix://`. The caller closes it with `aclose()`.
    Commands raise `redis.exceptions.RedisError` when Redis stays away: within a second when it
    refuses, but after about ten times `socket_timeout_seconds` when it accepts and never answers,
    so put `asyncio.timeout` around what must be quick. A command that timed out is sent again, so
    Redis may see it twice.
    """
    settings = connection_settings(
        url, socket_timeout_seconds=socket_timeout_seconds, retries=retries
    )
    pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]
        url, timeout=socket_timeout_seconds, **settings
    )
    return Redis.from_pool(pool)


def connection_settings(
    url: str, *, socket_timeout_seconds: float = 5.0, retries: int = 2
) -> dict[str, Any]:
    """Keyword arguments for a redis-py pool made from `url`.

    `socket_timeout_seconds` has to exceed every BLOCK time used on the connection.
    """
    settings: dict[str, Any] = {
        # A pool made from a URL gets no retries of its own in redis-py 8 (redis-py#4091).
        "retry": Retry(ExponentialWithJitterBackoff(base=0.05, cap=1), retries),
        # After a failover the old primary refuses writes: connect again, to the new one.
        "retry_on_error": [ReadOnlyError],
        "socket_timeout": socket_timeout_seconds,
        "socket_connect_timeout": 3,
        "health_check_interval": 15,
        # Answers have one shape, whatever protocol the URL asks for.
        "legacy_responses": False,
    }
    if not url.startswith("unix:"):
        settings["socket_keepalive"] = True  # redis-py: TypeError on a unix socket
    return settings

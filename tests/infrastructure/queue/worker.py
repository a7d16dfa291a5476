"""A worker process for the tests: `python -m tests.infrastructure.queue.worker URL PREFIX`."""

import asyncio
import os
import signal
import sys

from taskiq import Context, TaskiqDepends, async_shared_broker

from infrastructure.queue.broker import ResilientStreamBroker
from infrastructure.queue.drain import serve
from infrastructure.redis_client import connect_redis


@async_shared_broker.task("meet")
async def meet(place: str, context: Context = TaskiqDepends()) -> None:  # noqa: B008
    """Wait until two jobs are at the same place; then leave one's process id there."""
    redis = context.state.redis
    await redis.incr(f"{place}:present")
    while int(await redis.get(f"{place}:present")) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await redis.rpush(f"{place}:met", os.getpid())


async def main(url: str, prefix: str) -> None:
    broker = ResilientStreamBroker(url, queue_name="work", prefix=prefix, block_ms=100)
    async_shared_broker.default_broker(broker)
    broker.state.redis = connect_redis(url)
    finish = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, finish.set)
    await broker.startup()
    await serve(broker, max_async_tasks=1, finish=finish, wait_tasks_timeout=10)
    await broker.shutdown()
    await broker.state.redis.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))

"""The wiring: what the processes of every role are made of."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis
from taskiq import async_shared_broker

from application.threads import Threads
from application.turns import Turns
from infrastructure.event_log import PostgresEventLog
from infrastructure.queue.broker import ResilientStreamBroker
from infrastructure.queue.tools import ToolsBroker
from infrastructure.redis_client import connect_redis
from infrastructure.relay.publisher import Publisher
from infrastructure.settings import Settings
from infrastructure.worker.wake_up import QUEUE, TaskiqWakeUp
from interfaces.cli.servers import Addresses


@dataclass(frozen=True)
class Ground:
    """What a process that appends stands on: one of each."""

    log: PostgresEventLog
    redis: Redis
    broker: ResilientStreamBroker  # of wake-ups for completions
    tools: ToolsBroker
    threads: Threads
    turns: Turns


@asynccontextmanager
async def ground(settings: Settings, addresses: Addresses) -> AsyncGenerator[Ground]:
    """Opened in order, closed in reverse. Redis may be away."""
    prefix = settings.redis_prefix
    redis = connect_redis(addresses.redis)
    publisher = Publisher(redis, prefix=prefix)
    broker = ResilientStreamBroker(addresses.redis, queue_name=QUEUE, prefix=prefix)
    tools = ToolsBroker(addresses.redis, prefix=prefix)
    async_shared_broker.default_broker(tools)
    publisher.start()
    await broker.startup()
    await tools.startup()
    try:
        async with PostgresEventLog(addresses.database, on_commit=publisher.publish) as log:
            threads = Threads(log)
            wake_up = TaskiqWakeUp(broker)
            turns = Turns(log, threads=threads, wake_up=wake_up)
            yield Ground(log, redis, broker, tools, threads, turns)
    finally:
        await publisher.close()
        await tools.shutdown()
        await broker.shutdown()
        await redis.aclose()

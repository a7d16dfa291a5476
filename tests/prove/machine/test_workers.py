"""Workers that are paused, and wake-ups that are lost, doubled or rubbish."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import psutil
import pytest
from redis.asyncio import Redis

from infrastructure.embedded import EmbeddedValkey
from infrastructure.queue.broker import ResilientStreamBroker
from infrastructure.worker.wake_up import QUEUE, TaskiqWakeUp
from tests.faults.processes import resume, stop
from tests.model_server import ModelServer, ask
from tests.servers import connected, redis_client
from tests.system.client import Client, Seen, sha256, valid_text
from tests.system.stack import Stack, eventually
from tests.system.test_killed_processes import typing_worker

WORDS = 50
TEXT = "".join(f"w{n} " for n in range(WORDS))
BREAK_ITS_HEARTBEAT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_locks
 WHERE locktype = 'advisory' AND granted AND objsubid = 1
   AND (classid::bigint << 32 | objid::bigint) = hashtextextended('worker:' || $1, 0)
"""


def assert_undisturbed(seen: list[Seen]) -> None:
    """The answer was begun once, said what it had to say, and ended."""
    names = [event.name for event in seen]
    begun = names.index("completion.started")
    assert set(names[begun + 1 : -1]) == {"completion.chunk"}
    assert names[-1] == "completion.finished"


async def test_a_worker_that_was_replaced_while_it_slept_writes_nothing_when_it_wakes(
    stack: Stack, client: Client, provider: ModelServer, urls: tuple[str, str]
) -> None:
    """It sleeps until its heartbeat is missed, and has words to say that have come meanwhile."""
    mark = f"sleeper {uuid4()}"
    started = await client.start(ask(mark, words=WORDS, gap_seconds=0.03))
    thread, completion = started["thread_id"], started["completion_id"]
    sleeper = await typing_worker(stack, client, thread)
    asleep = stop(sleeper)
    async with connected(urls[1]) as superuser:
        worker_id = await superuser.fetchval("SELECT worker_id FROM threadlog.open_runs")
        assert await superuser.fetchval(BREAK_ITS_HEARTBEAT, str(worker_id)) == 1
    attempts: list[str] = []
    async for event in client.events(thread):
        attempts += [event.data["worker_id"]] if event.name == "completion.started" else []
        if len(attempts) == 2:
            break
    resume(asleep)
    assert attempts == [str(worker_id), attempts[1]]
    seen = await client.until_end(completion, thread)
    asked = [one for one in provider.exchanges if mark.encode() in one.body]
    await eventually(lambda: all(one.ended_at for one in asked))
    log = await client.public_log(thread)
    assert [event.body for event in seen] == log[: len(seen)]
    assert [event["name"] for event in log[len(seen) :]] == ["thread.turn_ended"]
    assert valid_text(seen, completion) == TEXT
    assert seen[-1].data["answer"]["sha256"] == sha256(TEXT)
    assert sleeper.is_running()


async def test_a_worker_that_pauses_for_three_seconds_keeps_its_answer(
    stack: Stack, client: Client
) -> None:
    started = await client.start(ask(words=WORDS, gap_seconds=0.03))
    thread, completion = started["thread_id"], started["completion_id"]
    paused = stop(await typing_worker(stack, client, thread))
    await asyncio.sleep(3)  # the fault itself
    resume(paused)
    seen = await client.until_end(completion, thread)
    assert_undisturbed(seen)
    assert valid_text(seen, completion) == TEXT


@pytest.fixture
async def redis(stack: Stack, valkey: EmbeddedValkey) -> AsyncGenerator[Redis]:
    async with redis_client(valkey.url) as redis:
        yield redis


async def test_redis_may_lose_everything_during_an_answer(
    stack: Stack, client: Client, redis: Redis
) -> None:
    started = await client.start(ask(words=WORDS, gap_seconds=0.03))
    thread, completion = started["thread_id"], started["completion_id"]
    await typing_worker(stack, client, thread)
    await redis.flushall()  # pyright: ignore[reportUnknownMemberType]
    next_one = await client.start(ask(text="as quick as ever"))
    seen = await client.until_end(completion, thread)
    assert_undisturbed(seen)
    assert valid_text(seen, completion) == TEXT
    seen = await client.until_end(next_one["completion_id"], next_one["thread_id"])
    assert valid_text(seen, next_one["completion_id"]) == "as quick as ever"
    await eventually(lambda: is_empty(redis))  # wake-ups are taken again


async def test_wake_ups_that_come_ten_times_late_or_as_rubbish_change_nothing(
    stack: Stack, client: Client, redis: Redis, valkey: EmbeddedValkey
) -> None:
    before = stack.processes("worker")
    broker = ResilientStreamBroker(valkey.url, queue_name=QUEUE)
    wake_up = TaskiqWakeUp(broker)
    started = await client.start(ask(words=WORDS, gap_seconds=0.02))
    thread, completion = started["thread_id"], started["completion_id"]
    letters = await redis.xlen(f"{QUEUE}:dead")
    for _ in range(10):
        await wake_up.completion(UUID(completion))
        await wake_up.completion(uuid4())
    await redis.xadd(QUEUE, {"data": b"\xff no message"})
    seen = await client.until_end(completion, thread)
    await asyncio.gather(*(wake_up.completion(UUID(completion)) for _ in range(10)))
    await eventually(lambda: is_empty(redis))
    await broker.shutdown()
    assert await redis.xlen(f"{QUEUE}:dead") == letters + 1
    log = await client.public_log(thread)
    assert [event.body for event in seen] == log[: len(seen)]
    assert [event["name"] for event in log].count("completion.started") == 1
    assert [event["name"] for event in log[len(seen) :]] == ["thread.turn_ended"]
    assert valid_text(seen, completion) == TEXT
    assert pids(stack.processes("worker")) == pids(before)


async def is_empty(redis: Redis) -> bool:
    return await redis.xlen(QUEUE) == 0


def pids(processes: list[psutil.Process]) -> set[int]:
    return {process.pid for process in processes}

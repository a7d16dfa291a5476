"""The queue of background tools: whoever sends a wake-up is never held up, and it finds its way."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest
from taskiq import SendTaskError, async_shared_broker

from application.executions.here import HERE, Here
from application.executions.lifecycle import with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from infrastructure.embedded import EmbeddedValkey
from infrastructure.queue.tools import ToolsBroker
from tests.application.house import no_database
from tests.infrastructure.queue.wake_ups import DEADLINE_SECONDS, working

ran: asyncio.Queue[object] = asyncio.Queue()


@async_shared_broker.task
@with_async_tool_lifecycle()
async def shout(_execution: ToolExecution, word: str, times: int = 1) -> None:
    ran.put_nowait(word * times)


@async_shared_broker.task
async def whisper(word: str) -> None:
    ran.put_nowait(word)


async def run_here(execution_id: UUID) -> None:
    ran.put_nowait(execution_id)


async def secret() -> bytes:
    return b""


async def next_run() -> object:
    return await asyncio.wait_for(ran.get(), DEADLINE_SECONDS)


@pytest.fixture
async def tools(valkey: EmbeddedValkey) -> AsyncGenerator[ToolsBroker]:
    broker = ToolsBroker(valkey.url, prefix=f"test-{uuid4().hex}:")
    async_shared_broker.default_broker(broker)
    yield broker
    await broker.shutdown()


async def test_a_wake_up_names_an_execution_and_a_plain_task_brings_its_arguments(
    tools: ToolsBroker,
) -> None:
    execution_id = uuid4()
    await shout.kiq(execution_id)
    await shout.kiq(None, word="hey", times=2)
    await whisper.kiq("plain")
    assert tools.queue_name.endswith(":tools")
    token = HERE.set(Here(no_database, secret, run=run_here))
    try:
        async with working(tools, slots=1):
            assert [await next_run() for _ in range(3)] == [execution_id, "heyhey", "plain"]
    finally:
        HERE.reset(token)


@pytest.fixture
async def cut_off() -> AsyncGenerator[ToolsBroker]:
    broker = ToolsBroker("unix:///nowhere/redis.sock", prefix="")
    async_shared_broker.default_broker(broker)
    yield broker
    await broker.shutdown()


async def test_a_wake_up_that_redis_does_not_take_is_no_error(cut_off: ToolsBroker) -> None:
    assert cut_off.queue_name == "tools"
    await shout.kiq(uuid4())
    await shout.kiq(execution_id=uuid4())  # pyright: ignore[reportCallIssue]


async def test_a_plain_task_that_redis_does_not_take_is_an_error(cut_off: ToolsBroker) -> None:
    assert cut_off.queue_name == "tools"
    with pytest.raises(SendTaskError):
        await shout.kiq(None, word="hey")
    with pytest.raises(SendTaskError):
        await whisper.kiq("plain")

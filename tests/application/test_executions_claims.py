"""Claims on background tools: one worker at a time, and an end for what nobody finishes."""

import asyncio
from uuid import UUID

import pytest

from application.executions.claims import LOST, UnknownTask
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionFailed,
    ExecutionStarted,
    ExecutionTimedOut,
)
from domain.ids import uuid7
from domain.thread_events import ResultArrived
from tests.application.tool_shop import Shop


async def holder(shop: Shop, execution_id: UUID) -> UUID:
    """The worker that has just claimed it."""
    claimed = await shop.claim(execution_id)
    assert claimed.execution.worker_id is not None
    return claimed.execution.worker_id


async def test_of_workers_that_try_at_once_one_has_it() -> None:
    shop = Shop(timeout_seconds=7)
    execution_id = await shop.dispatch()
    tries = await asyncio.gather(*(shop.claims().claim(execution_id) for _ in range(20)))
    [winner] = [claimed for claimed in tries if claimed is not None]
    [started] = [one for one in shop.events() if isinstance(one, ExecutionStarted)]
    assert started == ExecutionStarted(1, started.worker_id)
    assert winner.execution.worker_id == started.worker_id
    assert winner.execution.version == 2
    assert winner.seconds_left == 7


async def test_a_claim_is_signed_by_its_worker_so_that_the_log_knows_who_holds_it() -> None:
    shop = Shop()
    execution_id = await shop.dispatch()
    worker_id = await holder(shop, execution_id)
    assert shop.recorded()[-1].actor == f"worker:{worker_id}"


async def test_nobody_claims_over_a_living_worker() -> None:
    shop = Shop(retries=9)
    execution_id = await shop.dispatch()
    await shop.claim(execution_id)
    assert await shop.claims().claim(execution_id) is None
    assert await shop.claims().claim(execution_id, dead={uuid7()}) is None


async def test_a_lost_worker_is_followed_by_another_while_retries_are_left() -> None:
    shop = Shop(retries=1, timeout_seconds=60)
    execution_id = await shop.dispatch()
    first = await holder(shop, execution_id)
    shop.seconds_since_begun = 20
    second = await shop.claims().claim(execution_id, dead={first})
    assert second is not None
    assert (second.execution.attempt, second.seconds_left) == (2, 40)
    assert second.execution.worker_id is not None
    assert await shop.claims().claim(execution_id, dead={second.execution.worker_id}) is None
    assert shop.ending() == ExecutionFailed("outcome_unknown", LOST)
    assert isinstance(shop.log.events[-1].event, ResultArrived)


async def test_what_may_not_be_begun_again_has_an_unknown_outcome() -> None:
    shop = Shop()
    execution_id = await shop.dispatch()
    lost = await holder(shop, execution_id)
    assert await shop.claims().claim(execution_id, dead={lost}) is None
    assert shop.ending() == ExecutionFailed("outcome_unknown", LOST)


async def test_what_has_outlived_its_time_is_not_begun_again() -> None:
    shop = Shop(retries=5, timeout_seconds=60)
    execution_id = await shop.dispatch()
    lost = await holder(shop, execution_id)
    shop.seconds_since_begun = 60
    assert await shop.claims().claim(execution_id, dead={lost}) is None
    assert shop.ending() == ExecutionTimedOut(60)


async def test_waiting_for_a_worker_takes_nothing_of_its_time() -> None:
    shop = Shop(timeout_seconds=1)
    execution_id = await shop.dispatch()
    shop.seconds_since_begun = 3600
    claimed = await shop.claims().claim(execution_id)
    assert claimed is not None
    assert claimed.seconds_left == 1


async def test_what_was_cancelled_is_ended_in_place_of_being_claimed() -> None:
    shop = Shop()
    execution_id = await shop.dispatch()
    shop.log.stranger(execution_id, ExecutionCancelRequested("never mind"))
    assert await shop.claims().claim(execution_id) is None
    assert shop.ending() == ExecutionCancelled("never mind")


async def test_a_sweeper_ends_what_was_cancelled_and_nothing_else() -> None:
    shop = Shop()
    execution_id = await shop.dispatch()
    await shop.claim(execution_id)
    await shop.claims().end_cancelled(execution_id)
    assert shop.names() == ["dispatched", "started"]
    shop.log.stranger(execution_id, ExecutionCancelRequested())
    await asyncio.gather(*(shop.claims().end_cancelled(execution_id) for _ in range(5)))
    assert shop.names() == ["dispatched", "started", "cancel_requested", "cancelled"]


async def test_an_unknown_task_is_left_for_a_worker_that_knows_it() -> None:
    shop = Shop()
    execution_id = await shop.dispatch()
    with pytest.raises(UnknownTask, match="shop:task"):
        await shop.claims(knows=False).claim(execution_id)
    assert shop.names() == ["dispatched"]
    assert await shop.claims().claim(execution_id) is not None


async def test_what_is_awaited_from_outside_has_ended_or_is_no_execution_is_not_claimed() -> None:
    shop = Shop()
    awaited = await shop.dispatch(outside=True)
    ended = await shop.dispatch()
    shop.log.stranger(ended, ExecutionCancelled())
    for found in (awaited, ended, shop.thread_id, uuid7()):
        before = len(shop.log.events)
        assert await shop.claims().claim(found) is None
        assert len(shop.log.events) == before

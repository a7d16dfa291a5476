"""One claimed execution: every end that its task can come to is one event, told to its thread."""

import asyncio
import logging
import time

import pytest

from application.executions.tool_execution import ToolExecution
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
    ExecutionTimedOut,
)
from domain.ids import uuid7
from domain.thread_events import ResultArrived
from tests.application.house import until
from tests.application.tool_shop import Shop, finished


class Patient:
    """A task that works until it is stopped, and says how it went."""

    def __init__(self, *, deaf: bool = False) -> None:
        self.begun = 0
        self.stopped = 0
        self.released = asyncio.Event()
        self._deaf = deaf

    async def __call__(self, execution: ToolExecution) -> dict[str, int]:
        self.begun += 1
        while True:
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                self.stopped += 1
                if not self._deaf:
                    raise
            else:
                return {"attempt": execution.attempt}


def patient(task: Patient, *, timeout_seconds: int = 300, retries: int = 0) -> Shop:
    async def work(execution: ToolExecution) -> object:
        return await task(execution)

    return Shop(work, timeout_seconds=timeout_seconds, retries=retries)


async def test_a_result_is_the_last_event_and_the_thread_learns_of_it_in_the_same_append() -> None:
    async def work(execution: ToolExecution, days: int) -> dict[str, int]:
        assert execution.idempotency_key == execution.id
        return {"days": days, "attempt": execution.attempt}

    shop = Shop(work)
    await shop.run(days=7)
    assert shop.names() == ["dispatched", "started", "finished"]
    assert shop.finished().result == {"days": 7, "attempt": 1}
    [ending, arrived] = shop.log.events[-2:]
    assert isinstance(arrived.event, ResultArrived)
    assert arrived.event.execution_id == ending.stream_id
    assert (arrived.thread_id, arrived.at) == (shop.thread_id, ending.at)


async def test_of_progress_that_waits_for_the_log_the_latest_is_kept() -> None:
    async def work(execution: ToolExecution) -> None:
        shop.log.go_away()
        for step in range(1000):
            await execution.progress(step / 1000, "counting\0")
        shop.log.come_back()
        await until(lambda: len(shop.progress()) == 2)
        await execution.progress(7.5)
        await until(lambda: len(shop.progress()) == 3)

    shop = Shop(work)
    await shop.run()
    first, *_ = [one for one in shop.events() if isinstance(one, ExecutionProgressed)]
    assert (first.fraction, first.message) == (0.0, "counting\ufffd")
    assert shop.progress()[1:] == [0.999, 1.0]


async def test_progress_is_written_a_few_times_a_second_however_often_it_is_told() -> None:
    async def work(execution: ToolExecution) -> float:
        began = time.monotonic()
        for step in range(1000):
            await execution.progress(step / 1000)
        return time.monotonic() - began

    shop = Shop(work)
    await shop.run()
    seconds = float(shop.finished().content)
    assert 1 <= len(shop.progress()) <= 2 + seconds / shop.parts.progress_seconds


async def test_a_task_never_waits_for_the_log_and_its_end_does() -> None:
    async def work(execution: ToolExecution) -> int:
        shop.log.go_away()
        for step in range(10):
            await execution.progress(step / 10)
        done.set()
        return 10

    done = asyncio.Event()
    shop = Shop(work)
    run = await shop.begin()
    await asyncio.wait_for(done.wait(), 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(run.finished(), 0.3)
    shop.log.come_back()
    assert await finished(run) == "completed"
    assert shop.finished().result == {"value": 10}


async def test_a_task_that_raises_is_begun_again_as_often_as_it_may_be(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(execution: ToolExecution) -> str:
        if execution.attempt < 3:
            raise ValueError("the password is hunter2")
        return "at last"

    shop = Shop(work, retries=2)
    await shop.run()
    assert shop.names() == ["dispatched", "started", "started", "started", "finished"]
    assert [one.attempt for one in shop.events() if isinstance(one, ExecutionStarted)] == [1, 2, 3]
    assert shop.finished().content == "at last"
    assert caplog.text.count("ValueError: the password is hunter2") == 2


async def test_what_a_task_raises_stands_in_our_own_log_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work(_execution: ToolExecution) -> None:
        raise ValueError("the password is hunter2")

    shop = Shop(work, retries=1)
    ending = await shop.run()
    assert ending == ExecutionFailed("internal_error", "The tool run_analysis failed unexpectedly.")
    assert shop.names() == ["dispatched", "started", "started", "failed"]
    assert "hunter2" not in repr(shop.log.events)
    assert "hunter2" in caplog.text


async def test_a_task_that_stops_itself_has_failed() -> None:
    async def work(_execution: ToolExecution) -> None:
        raise asyncio.CancelledError

    assert isinstance(await Shop(work).run(), ExecutionFailed)


async def test_a_task_has_no_more_than_its_time() -> None:
    task = Patient()
    shop = patient(task, timeout_seconds=1, retries=5)
    assert await shop.run() == ExecutionTimedOut(1)
    assert (task.begun, task.stopped) == (1, 1)


async def test_all_attempts_together_have_the_time_of_one() -> None:
    task = Patient()
    shop = patient(task, timeout_seconds=300, retries=1)
    execution_id = await shop.dispatch()
    await shop.claim(execution_id)
    shop.seconds_since_begun = 299.95
    assert await finished(await shop.begin(execution_id)) == "timed_out"
    assert task.stopped == 1


@pytest.mark.parametrize("deaf", [False, True])
async def test_a_request_to_cancel_stops_the_task_even_if_it_does_not_listen(
    caplog: pytest.LogCaptureFixture, *, deaf: bool
) -> None:
    caplog.set_level(logging.ERROR)
    task = Patient(deaf=deaf)
    shop = patient(task)
    execution_id = await shop.dispatch()
    run = await shop.begin(execution_id)
    await until(lambda: task.begun == 1)
    shop.log.stranger(execution_id, ExecutionCancelRequested("enough"))
    await run.look()
    assert await finished(run) == "cancelled"
    assert shop.ending() == ExecutionCancelled("enough")
    assert task.stopped == 1
    assert ("left behind" in caplog.text) == deaf
    task.released.set()


async def test_a_request_to_cancel_is_noticed_when_progress_is_written() -> None:
    task = Patient()

    async def work(execution: ToolExecution) -> object:
        shop.log.stranger(execution.id, ExecutionCancelRequested())
        await execution.progress(0.5)
        return await task(execution)

    shop = Shop(work)
    assert await shop.run() == ExecutionCancelled()
    assert task.stopped == 1
    assert shop.progress() == []


async def test_a_request_to_cancel_that_comes_before_the_result_is_written_wins() -> None:
    async def work(_execution: ToolExecution) -> str:
        shop.log.before_append = cancel
        return "done"

    def cancel(append: object) -> None:
        del append
        shop.log.before_append = None
        shop.log.stranger(shop.recorded()[0].stream_id, ExecutionCancelRequested("too late?"))

    shop = Shop(work)
    assert await shop.run() == ExecutionCancelled("too late?")


async def test_a_worker_that_has_lost_its_claim_stops_the_task_and_writes_nothing() -> None:
    task = Patient()
    shop = patient(task, retries=1)
    execution_id = await shop.dispatch()
    run = await shop.begin(execution_id)
    await until(lambda: task.begun == 1)
    shop.log.stranger(execution_id, ExecutionStarted(2, uuid7()))
    await run.look()
    assert await finished(run) == "fenced"
    assert task.stopped == 1
    assert shop.names() == ["dispatched", "started", "started"]


async def test_a_task_that_says_nothing_learns_that_it_is_not_ours_any_more() -> None:
    task = Patient()

    async def work(execution: ToolExecution) -> object:
        return await task(execution)

    shop = Shop(work, retries=1, look_seconds=0.01)
    execution_id = await shop.dispatch()
    run = await shop.begin(execution_id)
    await until(lambda: task.begun == 1)
    shop.log.stranger(execution_id, ExecutionStarted(2, uuid7()))
    assert await finished(run) == "fenced"
    assert task.stopped == 1


async def test_a_task_whose_execution_somebody_else_has_ended_is_stopped() -> None:
    task = Patient()
    shop = patient(task)
    execution_id = await shop.dispatch()
    run = await shop.begin(execution_id)
    await until(lambda: task.begun == 1)
    shop.log.stranger(execution_id, ExecutionCancelled("by a sweeper"))
    await run.look()
    assert await finished(run) == "fenced"
    assert task.stopped == 1
    assert shop.ending() == ExecutionCancelled("by a sweeper")


async def test_an_ending_that_the_log_does_not_take_is_a_failure() -> None:
    async def work(_execution: ToolExecution) -> str:
        return "poison"

    def check(event: object) -> None:
        refused = isinstance(event, ExecutionFinished)
        if refused:
            raise ValueError("not this one")

    shop = Shop(work)
    shop.log.check = check
    assert isinstance(await shop.run(), ExecutionFailed)


async def test_a_result_that_comes_after_somebody_else_ended_it_is_dropped() -> None:
    task = Patient()
    shop = patient(task)
    execution_id = await shop.dispatch()
    run = await shop.begin(execution_id)
    await until(lambda: task.begun == 1)
    shop.log.stranger(execution_id, ExecutionFinished({"by": "somebody else"}))
    task.released.set()
    assert await finished(run) == "fenced"
    assert shop.finished().result == {"by": "somebody else"}


async def test_what_is_handed_over_goes_on_where_it_may_be_begun_again() -> None:
    task = Patient()
    shop = patient(task, retries=1)
    execution_id = await shop.dispatch()
    run = await shop.begin(execution_id)
    await until(lambda: task.begun == 1)
    run.hand_over()
    assert await finished(run) == "handed_over"
    assert shop.names() == ["dispatched", "started"]
    task.released.set()
    assert await finished(await shop.begin(execution_id)) == "completed"
    assert shop.finished().result == {"attempt": 2}


async def test_what_may_not_be_begun_again_has_an_unknown_outcome_when_it_is_handed_over() -> None:
    task = Patient()
    shop = patient(task)
    run = await shop.begin()
    await until(lambda: task.begun == 1)
    run.hand_over()
    assert await finished(run) == "failed"
    ending = shop.ending()
    assert isinstance(ending, ExecutionFailed)
    assert ending.type == "outcome_unknown"


async def test_a_pause_between_attempts_ends_with_a_request_to_cancel() -> None:
    async def work(_execution: ToolExecution) -> None:
        raise ValueError

    shop = Shop(work, retries=1, pause_seconds=60)
    execution_id = await shop.dispatch()
    run = await shop.begin(execution_id)
    shop.log.stranger(execution_id, ExecutionCancelRequested())
    await run.look()
    assert await finished(run) == "cancelled"
    assert shop.names() == ["dispatched", "started", "cancel_requested", "cancelled"]


async def test_of_a_cancel_and_a_finish_at_the_same_moment_one_wins() -> None:
    for moment in range(30):
        task = Patient()
        shop = patient(task)
        execution_id = await shop.dispatch()
        run = await shop.begin(execution_id)
        await until(lambda task=task: task.begun == 1)
        task.released.set()
        for _ in range(moment):
            await asyncio.sleep(0)
        if shop.names(execution_id)[-1] == "started":
            shop.log.stranger(execution_id, ExecutionCancelRequested())
            await run.look()
        status = await finished(run)
        ending = shop.ending()
        assert isinstance(
            ending, ExecutionCancelled if status == "cancelled" else ExecutionFinished
        )

"""Background tools stopped by their owner, ended from outside, and ended because time is up."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from pydantic import JsonValue

from application.commands.context import Application, Principal
from application.commands.executions import (
    CancelExecution,
    DeliverResult,
    Delivery,
    ExecutionStands,
    cancel_execution,
    deliver_result,
    end_overdue,
)
from application.execution_results import whole_result
from application.ports import StreamAppend
from application.result_tokens import PREFIX, is_result_token, result_token
from application.tool_text import MAX_RESULT_BYTES
from domain.catalogue import Event
from domain.execution import Execution
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionTimedOut,
)
from domain.ids import uuid7
from domain.refusals import (
    ExecutionHasEnded,
    ExecutionNotFound,
    ResultNotAwaited,
    ResultTokenInvalid,
)
from domain.thread_events import ResultArrived
from tests.application.commanding import Bells
from tests.application.handed_over import claimed, hand_over, idle_thread, load
from tests.application.house import House, saying

SECRET = bytes(32)  # of the House
ROWS: list[JsonValue] = ["ä" * 10] * 2000
LARGE: Delivery = {"rows": ROWS}


@pytest.fixture
def house() -> House:
    return House(saying("Hi"))


@pytest.fixture
def bells() -> Bells:
    return Bells()


@pytest.fixture
def app(house: House, bells: Bells) -> Application:
    return replace(house.app, cancel_hint=bells)


@pytest.fixture
async def ours(house: House) -> Execution:
    return await hand_over(house, await idle_thread(house))


@pytest.fixture
async def outside(house: House) -> Execution:
    return await hand_over(house, await idle_thread(house), task=None)


def told(house: House, execution: Execution) -> list[Event]:
    """What has happened to it since it was handed over."""
    events = [one for one in house.log.stream(execution.id) if one.version > execution.version]
    return [one.event for one in events]


async def cancel(
    app: Application, house: House, execution_id: UUID, reason: str | None = "no need"
) -> ExecutionStands:
    return await cancel_execution(app, CancelExecution(house.user, execution_id, reason))


async def deliver(
    app: Application, execution: Execution, result: Delivery, *, token: str | None = None
) -> ExecutionStands:
    token = token or result_token(SECRET, execution.id)
    return await deliver_result(app, DeliverResult(execution.id, token, result))


# Cancel


@pytest.mark.parametrize("task", ["analyse_task", None])
async def test_what_nobody_of_ours_runs_is_cancelled_at_once(
    app: Application, house: House, bells: Bells, task: str | None
) -> None:
    execution = await hand_over(house, await idle_thread(house), task=task)
    stands = await cancel(app, house, execution.id)
    assert (stands.status, stands.ended_before) == ("cancelled", False)
    assert told(house, execution) == [
        ExecutionCancelRequested("no need"),
        ExecutionCancelled("no need"),
    ]
    last = house.log.events[-1]
    assert isinstance(last.event, ResultArrived)
    assert stands.position == last.position
    assert bells.hinted == []


async def test_what_runs_is_asked_once_and_its_worker_told_each_time(
    app: Application, house: House, bells: Bells, ours: Execution
) -> None:
    claimed(house, ours)
    house.log.stranger(ours.id, ExecutionProgressed(0.5))
    first = await cancel(app, house, ours.id)
    second = await cancel(app, house, ours.id, reason="again")
    assert first == second == ExecutionStands("running", house.log.events[-1].position)
    requests = [e for e in told(house, ours) if isinstance(e, ExecutionCancelRequested)]
    assert requests == [ExecutionCancelRequested("no need")]
    assert bells.hinted == [ours.id, ours.id]


async def test_what_is_claimed_at_the_last_moment_is_its_workers_to_end(
    app: Application, house: House, ours: Execution
) -> None:
    def claim(append: StreamAppend) -> None:
        house.log.before_append = None
        claimed(house, ours)

    house.log.before_append = claim
    assert (await cancel(app, house, ours.id)).status == "running"
    assert told(house, ours)[1:] == [ExecutionCancelRequested("no need")]


async def test_what_has_ended_stays_as_it_is(
    app: Application, house: House, ours: Execution
) -> None:
    first = await cancel(app, house, ours.id)
    again = await cancel(app, house, ours.id)
    assert (first.status, again.status) == ("cancelled", "cancelled")
    assert again.ended_before
    assert len(told(house, ours)) == 2


async def test_nobody_cancels_what_is_not_theirs_or_is_none(
    app: Application, house: House, ours: Execution
) -> None:
    stranger = Principal(uuid7(), "admin", uuid7())
    with pytest.raises(ExecutionNotFound):
        await cancel_execution(app, CancelExecution(stranger, ours.id))
    for nothing in (uuid7(), ours.thread_id):
        with pytest.raises(ExecutionNotFound):
            await cancel(app, house, nothing)
    assert told(house, ours) == []


# Results from outside


async def test_a_result_from_outside_ends_the_execution(
    app: Application, house: House, outside: Execution
) -> None:
    stands = await deliver(app, outside, {"b": 1, "a": "ü"})
    assert stands == ExecutionStands("completed", house.log.events[-1].position)
    assert told(house, outside) == [ExecutionFinished({"b": 1, "a": "ü"}, '{"a":"ü","b":1}')]
    assert (await house.threads.get(outside.thread_id)).turn is not None


async def test_an_error_from_outside_ends_it_too(
    app: Application, house: House, outside: Execution
) -> None:
    error = ExecutionFailed("not_found", "No such file.")
    assert (await deliver(app, outside, error)).status == "failed"
    assert told(house, outside) == [error]


@pytest.mark.parametrize(
    ("result", "again"),
    [
        ({"a": 1, "b": {"c": [1]}}, {"b": {"c": [1]}, "a": 1}),
        (LARGE, LARGE),
        (ExecutionFailed("rate_limit", "Later."), ExecutionFailed("rate_limit", "Later.")),
    ],
)
async def test_the_same_result_again_is_answered_alike_and_does_nothing(
    app: Application, house: House, outside: Execution, result: Delivery, again: Delivery
) -> None:
    first = await deliver(app, outside, result)
    house.log.stranger(outside.thread_id, ResultArrived(uuid7(), uuid7(), continues=False))
    count = len(house.log.events)
    second = await deliver(app, outside, again)
    assert second == replace(first, ended_before=True)
    assert len(house.log.events) == count


@pytest.mark.parametrize(
    "other",
    [{"a": True}, {"a": 1.0}, {}, {"a": 1, "b": 1}, LARGE, ExecutionFailed("not_found", "No.")],
)
async def test_another_result_is_refused_and_kept_nowhere(
    app: Application, house: House, outside: Execution, other: Delivery
) -> None:
    await deliver(app, outside, {"a": 1})
    count = len(house.log.events)
    with pytest.raises(ExecutionHasEnded):
        await deliver(app, outside, other)
    assert len(house.log.events) == count
    assert house.blobs.kept == {}


async def test_after_a_cancel_no_result_is_taken(
    app: Application, house: House, outside: Execution
) -> None:
    await cancel(app, house, outside.id)
    lates: list[Delivery] = [{"a": 1}, ExecutionFailed("internal_error", "Too late.")]
    for late in lates:
        with pytest.raises(ExecutionHasEnded):
            await deliver(app, outside, late)


@pytest.mark.parametrize("runs", [False, True])
async def test_what_our_workers_run_takes_no_result_from_outside(
    app: Application, house: House, ours: Execution, runs: bool
) -> None:
    if runs:
        claimed(house, ours)
    before = len(house.log.events)
    with pytest.raises(ResultNotAwaited):
        await deliver(app, ours, {"a": 1})
    assert len(house.log.events) == before


async def test_of_many_results_at_once_the_first_counts(
    app: Application, house: House, outside: Execution
) -> None:
    tries = [deliver(app, outside, {"n": n % 10}) for n in range(20)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    stands = [answer for answer in answers if isinstance(answer, ExecutionStands)]
    assert len(stands) == 2
    assert len({one.position for one in stands}) == 1
    assert sum(isinstance(answer, ExecutionHasEnded) for answer in answers) == 18
    assert len(told(house, outside)) == 1


async def test_a_large_result_stands_in_a_blob_and_the_model_reads_its_beginning(
    app: Application, house: House, outside: Execution
) -> None:
    await deliver(app, outside, LARGE)
    [finished] = told(house, outside)
    assert isinstance(finished, ExecutionFinished)
    assert finished.result is None
    assert len(finished.content.encode()) <= MAX_RESULT_BYTES
    assert finished.content.startswith('{"rows":["ääääääääää"')
    assert "left out" in finished.content
    whole = await whole_result(
        house.blobs, outside.owner_id, result=None, sha256=finished.result_sha256
    )
    assert whole == LARGE


# Tokens


async def test_only_the_executions_own_token_opens_it(
    app: Application, house: House, outside: Execution
) -> None:
    other = await hand_over(house, outside.thread_id, task=None)
    right = result_token(SECRET, outside.id)
    wrong = [result_token(SECRET, other.id), result_token(b"x" * 32, outside.id), right[:-1], "tlr"]
    for token in wrong:
        with pytest.raises(ResultTokenInvalid):
            await deliver(app, outside, {"a": 1}, token=token)
    assert told(house, outside) == []
    assert right.startswith(PREFIX)
    assert is_result_token(right, secret=SECRET, execution_id=outside.id)


async def test_an_execution_that_is_none_has_no_valid_token(
    app: Application, outside: Execution
) -> None:
    for nothing in (uuid7(), outside.thread_id):
        with pytest.raises(ResultTokenInvalid):
            await deliver(app, replace(outside, id=nothing), {"a": 1})


# Time is up


async def test_what_was_not_delivered_in_time_is_ended_once(house: House) -> None:
    thread_id = await idle_thread(house)
    execution = await hand_over(house, thread_id, task=None, timeout_seconds=60)
    for _ in range(2):
        await end_overdue(house.log, house.app.turns, execution.id, actor="worker:test")
    assert told(house, execution) == [ExecutionTimedOut(60)]
    assert (await house.threads.get(thread_id)).turn is not None


async def test_a_result_at_the_last_moment_counts(house: House, outside: Execution) -> None:
    done = ExecutionFinished({"a": 1})

    def finish(append: StreamAppend) -> None:
        house.log.before_append = None
        house.log.stranger(outside.id, done)

    house.log.before_append = finish
    await end_overdue(house.log, house.app.turns, outside.id, actor="worker:test")
    assert told(house, outside) == [done]


async def test_what_has_no_limit_or_runs_with_us_is_left_alone(
    house: House, ours: Execution
) -> None:
    patient = await hand_over(house, ours.thread_id, task=None, timeout_seconds=None)
    before = len(house.log.events)
    for execution_id in (ours.id, patient.id, uuid7(), ours.thread_id):
        await end_overdue(house.log, house.app.turns, execution_id, actor="worker:test")
    assert len(house.log.events) == before
    assert (await load(house, patient.id)).status == "pending"

"""How a background task is declared, and what it is outside a chat."""

import logging
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from taskiq import async_shared_broker

from application.executions.arguments import ArgumentsInvalid
from application.executions.here import HERE, Here, NoWorkerHere
from application.executions.lifecycle import lifecycle_of, with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from domain.ids import uuid7
from tests.application.house import no_database


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=30, retries=2)
async def weigh(execution: ToolExecution, thing: str, times: int = 1) -> str:
    """Weigh a thing."""
    await execution.progress(0.5, f"weighing {thing}")
    return f"{thing} {times} {execution.attempt} {execution.thread_id}"


async def _secret() -> bytes:
    return bytes(32)


def test_a_declared_task_keeps_its_name_and_its_bounds() -> None:
    assert weigh.task_name == f"{__name__}:weigh"
    lifecycle = lifecycle_of(weigh)
    assert lifecycle is not None
    assert (lifecycle.timeout_seconds, lifecycle.retries) == (30, 2)
    assert lifecycle_of(lambda: None) is None
    assert lifecycle_of(None) is None


async def test_without_an_execution_it_is_a_plain_task(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert await weigh(None, thing="a feather", times="2") == "a feather 2 1 None"
    assert "50 % weighing a feather" in caplog.text
    with pytest.raises(ArgumentsInvalid, match="thing: is missing"):
        await weigh(None)


async def test_a_plain_task_in_a_worker_has_the_read_models() -> None:
    @with_async_tool_lifecycle()
    async def read(execution: ToolExecution) -> bool:
        async with execution.get_session() as session:
            return session.is_active

    with pytest.raises(NoWorkerHere):
        await read(None)
    token = HERE.set(Here(no_database, _secret))
    try:
        assert await read(None) is True
    finally:
        HERE.reset(token)


async def test_with_an_execution_it_is_claimed_and_run_by_this_process() -> None:
    ran: list[UUID] = []

    async def run(execution_id: UUID) -> None:
        ran.append(execution_id)

    one = uuid7()
    with pytest.raises(NoWorkerHere, match="call the task with None"):
        await weigh(one)
    token = HERE.set(Here(no_database, _secret, run=run))
    try:
        assert await weigh(one) is None
    finally:
        HERE.reset(token)
    assert ran == [one]


def plain(_execution: ToolExecution) -> None: ...
async def no_execution() -> None: ...
async def only_named(*, execution: ToolExecution) -> None: ...
async def any_number(execution: ToolExecution, *things: str) -> None: ...
async def any_name(execution: ToolExecution, **things: str) -> None: ...
async def by_place(execution: ToolExecution, thing: str, /) -> None: ...
async def reserved(execution: ToolExecution, timeout_seconds: int) -> None: ...


@pytest.mark.parametrize(
    "function", [plain, no_execution, only_named, any_number, any_name, by_place, reserved]
)
def test_a_function_that_cannot_be_a_task_is_refused_where_it_is_declared(
    function: Callable[..., Any],
) -> None:
    with pytest.raises(TypeError, match=function.__name__):
        with_async_tool_lifecycle()(function)


@pytest.mark.parametrize("bounds", [{"timeout_seconds": 0}, {"retries": -1}])
def test_bounds_that_make_no_sense_are_refused(bounds: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="timeout_seconds must be above 0"):
        with_async_tool_lifecycle(**bounds)

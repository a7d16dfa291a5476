"""Background tools of a thread, handed over to a worker of ours or to somebody outside."""

from uuid import UUID

from application.commands.completions import load_completion
from application.commands.executions import load_execution
from application.ports import AnyRecorded, StreamAppend
from domain.completion_events import CompletionFinished
from domain.execution import Execution
from domain.execution_events import (
    ExecutionAwaited,
    ExecutionDispatched,
    ExecutionEvent,
    ExecutionStarted,
)
from domain.ids import uuid7
from tests.application.house import House
from tests.domain.answers import NOTHING_SAID


async def hand_over(
    house: House,
    thread_id: UUID,
    *,
    task: str | None = "analyse_task",
    continues: bool = True,
    timeout_seconds: int | None = 300,
) -> Execution:
    """A new execution; without a task its result comes from outside."""
    events: list[ExecutionEvent] = [
        ExecutionDispatched(
            uuid7(),
            "call_1",
            "analyse",
            task,
            {"days": 7},
            timeout_seconds=timeout_seconds,
            continues=continues,
        )
    ]
    if task is None:
        events.append(ExecutionAwaited())
    append = StreamAppend(uuid7(), 0, events, thread_id, house.user.user_id)
    await house.log.append(append, actor="worker:test")
    return await load(house, append.stream_id)


async def load(house: House, execution_id: UUID) -> Execution:
    execution = await load_execution(house.log, execution_id)
    assert execution is not None
    return execution


def claimed(house: House, execution: Execution) -> list[AnyRecorded]:
    """A worker begins to run it."""
    return house.log.stranger(execution.id, ExecutionStarted(1, uuid7()))


async def idle_thread(house: House) -> UUID:
    """A thread whose last word is an answer."""
    completion = await load_completion(house.log, await house.ask())
    assert completion is not None
    finished = CompletionFinished(1, NOTHING_SAID)
    await house.turns.end(
        completion, events=[finished], outcome="finished", answered=True, actor="worker:test"
    )
    return completion.thread_id

"""Commands on background tools: cancel one, deliver a result from outside, end an overdue one."""

from dataclasses import dataclass
from typing import TypeAlias, cast
from uuid import UUID

from application.commands.context import (
    COMMAND_WAIT_SECONDS,
    Application,
    Principal,
    position_of,
)
from application.execution_results import finished, is_result_of
from application.ports import EventLog, StreamAppend, StreamConflict
from application.result_tokens import is_result_token
from application.turns import Turns
from domain import execution as domain
from domain.execution import Ending, Execution, Status
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionDispatched,
    ExecutionEvent,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionTimedOut,
)
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.refusals import (
    ExecutionHasEnded,
    ExecutionNotFound,
    ResultNotAwaited,
    ResultTokenInvalid,
)


@dataclass(frozen=True)
class CancelExecution:
    """Nobody wants the result any more."""

    by: Principal
    execution_id: UUID
    reason: str | None = None
    as_operator: bool = False  # an administrator stops anybody's, and learns its status only


@dataclass(frozen=True)
class ExecutionStands:
    """Where the execution stands, and whether it had ended before this command."""

    status: Status
    position: int
    ended_before: bool = False


async def cancel_execution(app: Application, command: CancelExecution) -> ExecutionStands:
    """Safe to repeat, before, during and after. Raises ExecutionNotFound.

    What no worker has claimed ends here and now; the worker ends what it runs, and where it does
    not, a sweeper does.
    """
    while True:
        execution = await load_execution(app.log, command.execution_id)
        if execution is None or not _may_cancel(command, execution):
            raise ExecutionNotFound
        if execution.ended:
            return ExecutionStands(execution.status, execution.position, ended_before=True)
        try:
            if execution.attempt == 0:
                return await _end_unstarted(app, execution, command)
            return await _ask_worker(app, execution, command)
        except StreamConflict:
            continue  # it was claimed or ended meanwhile


def _may_cancel(command: CancelExecution, execution: Execution) -> bool:
    is_own = execution.owner_id == command.by.user_id
    return is_own or (command.as_operator and command.by.operates)


async def _end_unstarted(
    app: Application, execution: Execution, command: CancelExecution
) -> ExecutionStands:
    events = [
        *execution.request_cancel(command.reason),
        *execution.end(ExecutionCancelled(command.reason)),
    ]
    position = await app.turns.end_tool(
        execution, events=events, actor=command.by.actor, wait_seconds=COMMAND_WAIT_SECONDS
    )
    return ExecutionStands("cancelled", position)


async def _ask_worker(
    app: Application, execution: Execution, command: CancelExecution
) -> ExecutionStands:
    position = execution.position
    if events := execution.request_cancel(command.reason):
        request = StreamAppend(execution.id, None, events, execution.thread_id, execution.owner_id)
        recorded = await app.log.append(
            request, actor=command.by.actor, wait_seconds=COMMAND_WAIT_SECONDS
        )
        position = recorded[-1].position
    await app.cancel_hint.cancel(execution.id)
    return ExecutionStands(execution.status, position)


Delivery: TypeAlias = JsonObject | ExecutionFailed


@dataclass(frozen=True)
class DeliverResult:
    """What somebody outside has to say in the end: a result, or why there is none."""

    execution_id: UUID
    token: str
    result: Delivery


async def deliver_result(app: Application, command: DeliverResult) -> ExecutionStands:
    """Once; the same result again finds the same position.

    Raises ResultTokenInvalid, for an unknown execution too; ResultNotAwaited for one that our
    workers run; ExecutionHasEnded for another result than the first, and after another end.
    """
    await check_result_token(app, command.execution_id, token=command.token)
    while True:
        execution = await load_execution(app.log, command.execution_id)
        if execution is None:
            raise ResultTokenInvalid
        if not execution.from_outside:
            raise ResultNotAwaited
        if execution.ended:
            return await _delivered_before(app, execution, command.result)
        ending = await _ending(app, execution, command.result)
        try:
            position = await app.turns.end_tool(
                execution,
                events=execution.end(ending),
                actor=f"outside:{execution.id}",
                wait_seconds=COMMAND_WAIT_SECONDS,
            )
        except StreamConflict:
            continue  # it ended meanwhile
        status = "failed" if isinstance(ending, ExecutionFailed) else "completed"
        return ExecutionStands(status, position)


async def check_result_token(app: Application, execution_id: UUID, *, token: str) -> None:
    """Raises ResultTokenInvalid after the same time, whether there is such an execution or not."""
    secret = await app.result_secret()
    if not is_result_token(token, secret=secret, execution_id=execution_id):
        raise ResultTokenInvalid


async def _ending(
    app: Application, execution: Execution, result: Delivery
) -> ExecutionFinished | ExecutionFailed:
    if isinstance(result, ExecutionFailed):
        return result
    return await finished(app.blobs, execution.owner_id, result=result)


async def _delivered_before(
    app: Application, execution: Execution, result: Delivery
) -> ExecutionStands:
    if not _is_same(execution.ending, result):
        raise ExecutionHasEnded
    position = await position_of(app, execution.thread_id, since=execution.position)
    return ExecutionStands(execution.status, position, ended_before=True)


def _is_same(ending: Ending | None, result: Delivery) -> bool:
    if isinstance(ending, ExecutionFinished) and not isinstance(result, ExecutionFailed):
        return is_result_of(ending, result)
    return ending == result


async def end_overdue(log: EventLog, turns: Turns, execution_id: UUID, *, actor: str) -> None:
    """Nobody outside has delivered in time. Safe to repeat; what has ended stays as it is."""
    execution = await load_execution(log, execution_id)
    if execution is None or execution.ended or not execution.from_outside:
        return
    seconds = execution.dispatched.timeout_seconds
    if seconds is None:
        return
    try:
        events = execution.end(ExecutionTimedOut(seconds))
        await turns.end_tool(execution, events=events, actor=actor)
    except StreamConflict:
        return  # it was delivered or cancelled at the last moment


async def load_execution(log: EventLog, execution_id: UUID) -> Execution | None:
    """The execution as it stands now; None where the id names no execution."""
    events = await log.read_stream(execution_id)
    if not events or not isinstance(events[0].event, ExecutionDispatched):
        return None
    return fold_execution(cast("list[Recorded[ExecutionEvent]]", events))


def fold_execution(events: list[Recorded[ExecutionEvent]]) -> Execution:
    """The state after all of a stream's events."""
    execution = domain.begin(events[0])
    for recorded in events[1:]:
        execution = domain.evolve(execution, recorded)
    return execution

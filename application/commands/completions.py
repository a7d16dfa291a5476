"""Commands on completions: cancel one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from application.cancelling import end_cancelled
from application.commands.context import COMMAND_WAIT_SECONDS, Application, Principal
from application.commands.executions import CancelExecution, cancel_execution
from application.ports import EventLog, StreamAppend, StreamConflict
from domain import completion as domain
from domain.completion import Completion, Status
from domain.completion_events import CompletionEvent, CompletionRequested
from domain.recorded import Recorded
from domain.refusals import CompletionNotFound


@dataclass(frozen=True)
class CancelCompletion:
    """Stop an answer; what has been said of it stays."""

    by: Principal
    completion_id: UUID
    reason: str | None = None
    tools: bool = True  # its background tools, too
    as_operator: bool = False  # an administrator stops anybody's, and learns its status only


@dataclass(frozen=True)
class Cancelled:
    """Where the completion stands, and whether this command asked for its end."""

    status: Status
    position: int
    ended_before: bool = False


async def cancel_completion(app: Application, command: CancelCompletion) -> Cancelled:
    """Safe to repeat, before, during and after. Raises CompletionNotFound.

    What no worker holds ends here and now; the worker ends what it is answering, and where it does
    not, a sweeper does. The tools of an answer that was whole before it could be stopped go on.
    """
    cancelled = await _cancel(app, command)
    if not command.tools or cancelled.status in ("completed", "failed"):
        return cancelled
    position = await _cancel_tools(app, command)
    return replace(cancelled, position=max(cancelled.position, position))


async def _cancel(app: Application, command: CancelCompletion) -> Cancelled:
    while True:
        completion = await _to_cancel(app, command)
        if completion.ended:
            return Cancelled(completion.status, completion.position, ended_before=True)
        try:
            if completion.worker_id is None:
                return await _end(app, completion, command)
            return await _ask_worker(app, completion, command)
        except StreamConflict:
            continue  # it was claimed or ended meanwhile


async def _end(app: Application, completion: Completion, command: CancelCompletion) -> Cancelled:
    events = await app.log.read_stream(completion.id)
    position = await end_cancelled(
        app.turns,
        completion,
        cast("list[Recorded[CompletionEvent]]", events),
        actor=command.by.actor,
        reason=command.reason,
        wait_seconds=COMMAND_WAIT_SECONDS,
    )
    return Cancelled("cancelled", position)


async def _ask_worker(
    app: Application, completion: Completion, command: CancelCompletion
) -> Cancelled:
    position = completion.position
    if events := completion.request_cancel(command.reason):
        request = StreamAppend(
            completion.id, None, events, completion.thread_id, completion.owner_id
        )
        recorded = await app.log.append(
            request, actor=command.by.actor, wait_seconds=COMMAND_WAIT_SECONDS
        )
        position = recorded[-1].position
    await app.cancel_hint.cancel(completion.id)
    return Cancelled(completion.status, position)


async def _cancel_tools(app: Application, command: CancelCompletion) -> int:
    """After the request to cancel, for then no more of them are dispatched."""
    completion = await _to_cancel(app, command)
    position = 0
    for execution_id in completion.executions:
        cancel = CancelExecution(
            command.by, execution_id, command.reason, as_operator=command.as_operator
        )
        position = max(position, (await cancel_execution(app, cancel)).position)
    return position


async def _to_cancel(app: Application, command: CancelCompletion) -> Completion:
    if not (command.as_operator and command.by.operates):
        return await owned_completion(app, command.completion_id, by=command.by)
    completion = await load_completion(app.log, command.completion_id)
    if completion is None:
        raise CompletionNotFound
    return completion


async def owned_completion(app: Application, completion_id: UUID, *, by: Principal) -> Completion:
    """The caller's own completion; anybody else's is as good as none: raises CompletionNotFound."""
    completion = await load_completion(app.log, completion_id)
    if completion is None or completion.owner_id != by.user_id:
        raise CompletionNotFound
    return completion


async def load_completion(log: EventLog, completion_id: UUID) -> Completion | None:
    """The completion as it stands now, without its chunks: its version is that of a cold event."""
    events = await log.read_stream(completion_id, chunks=False)
    if not events or not isinstance(events[0].event, CompletionRequested):
        return None
    return fold_completion(cast("list[Recorded[CompletionEvent]]", events))


async def append_events(
    log: EventLog,
    completion: Completion,
    events: Sequence[CompletionEvent],
    *,
    actor: str,
    wait_seconds: float | None = None,
) -> Completion:
    """At the version that it stands at; returns how it stands then. Raises StreamConflict."""
    append = StreamAppend(
        completion.id, completion.version, events, completion.thread_id, completion.owner_id
    )
    recorded = await log.append(append, actor=actor, wait_seconds=wait_seconds)
    for one in cast("list[Recorded[CompletionEvent]]", recorded):
        completion = domain.evolve(completion, one)
    return completion


def fold_completion(events: list[Recorded[CompletionEvent]]) -> Completion:
    """The state after all of a stream's events."""
    completion = domain.begin(events[0])
    for recorded in events[1:]:
        completion = domain.evolve(completion, recorded)
    return completion

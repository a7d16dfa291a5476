"""Commands on completions: cancel one."""

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from application.commands.context import COMMAND_WAIT_SECONDS, Application, Principal
from application.ports import EventLog, StreamAppend, StreamConflict
from domain import completion as domain
from domain.completion import Completion, Status
from domain.completion_events import (
    Answer,
    CompletionCancelled,
    CompletionEvent,
    CompletionRequested,
    Usage,
)
from domain.recorded import Recorded
from domain.refusals import CompletionNotFound

NOTHING_SAID = Answer(
    text="",
    characters=0,
    sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    usage=Usage(),
)


@dataclass(frozen=True)
class CancelCompletion:
    """Stop an answer; what has been said of it stays."""

    by: Principal
    completion_id: UUID
    reason: str | None = None


@dataclass(frozen=True)
class Cancelled:
    """Where the completion stands, and whether this command asked for its end."""

    status: Status
    position: int
    ended_before: bool = False


async def cancel_completion(app: Application, command: CancelCompletion) -> Cancelled:
    """Safe to repeat, before, during and after. Raises CompletionNotFound.

    What no worker has claimed ends here and now; the worker ends what it is answering, and where
    it does not, a sweeper does.
    """
    while True:
        completion = await load_completion(app.log, command.completion_id)
        if completion is None or completion.owner_id != command.by.user_id:
            raise CompletionNotFound
        if completion.ended:
            return Cancelled(completion.status, completion.position, ended_before=True)
        try:
            if completion.attempt == 0:
                return await _end_unstarted(app, completion, command)
            return await _ask_worker(app, completion, command)
        except StreamConflict:
            continue  # it was claimed or ended meanwhile


async def _end_unstarted(
    app: Application, completion: Completion, command: CancelCompletion
) -> Cancelled:
    events: list[CompletionEvent] = [
        *completion.request_cancel(command.reason),
        CompletionCancelled(0, NOTHING_SAID, command.reason),
    ]
    position = await app.turns.end(
        completion,
        events=events,
        outcome="cancelled",
        answered=False,
        actor=command.by.actor,
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


async def load_completion(log: EventLog, completion_id: UUID) -> Completion | None:
    """The completion as it stands now, without its chunks: its version is that of a cold event."""
    events = await log.read_stream(completion_id, chunks=False)
    if not events or not isinstance(events[0].event, CompletionRequested):
        return None
    return fold_completion(cast("list[Recorded[CompletionEvent]]", events))


def fold_completion(events: list[Recorded[CompletionEvent]]) -> Completion:
    """The state after all of a stream's events."""
    completion = domain.begin(events[0])
    for recorded in events[1:]:
        completion = domain.evolve(completion, recorded)
    return completion

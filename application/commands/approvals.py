"""Commands on approvals: answer one; deny all that a message has made pointless."""

from dataclasses import dataclass
from uuid import UUID

from application.commands.completions import append_events, load_completion, owned_completion
from application.commands.context import COMMAND_WAIT_SECONDS, Application, Principal
from application.ports import EventLog, StreamConflict, WakeUp
from application.threads import Threads
from domain.completion import Status
from domain.completion_events import ApprovalAnswered, CompletionWaiting


@dataclass(frozen=True)
class AnswerApproval:
    """Let a tool run, or do not."""

    by: Principal
    completion_id: UUID
    tool_call_id: str
    approved: bool
    reason: str | None = None


@dataclass(frozen=True)
class Answered:
    """Where the completion stands: waiting while other calls are open."""

    status: Status
    position: int


async def answer_approval(app: Application, command: AnswerApproval) -> Answered:
    """Safe to repeat. The last open answer lets any worker go on.

    Raises CompletionNotFound, ApprovalNotAsked, ApprovalAlreadyAnswered where it was answered
    otherwise, and CompletionHasEnded.
    """
    while True:
        completion = await owned_completion(app, command.completion_id, by=command.by)
        events = completion.answer_approval(
            command.tool_call_id, approved=command.approved, reason=command.reason
        )
        if not events:
            position = await _position(app.log, completion.id, tool_call_id=command.tool_call_id)
            return Answered(completion.status, position)
        try:
            completion = await append_events(
                app.log,
                completion,
                events,
                actor=command.by.actor,
                wait_seconds=COMMAND_WAIT_SECONDS,
            )
        except StreamConflict:
            continue
        if completion.status == "pending":
            await app.wake_up.completion(completion.id)
        return Answered(completion.status, completion.position)


async def deny_open(
    log: EventLog,
    completion_id: UUID,
    *,
    actor: str,
    wake_up: WakeUp | None = None,
    wait_seconds: float | None = None,
) -> None:
    """If the completion waits for a person, it waits no longer: the person wrote something else.

    Safe at any time and to repeat. Who queues a message that steers calls this afterwards, and so
    does a worker that has let a completion wait where such a message is queued: one sees the other.
    """
    while True:
        completion = await load_completion(log, completion_id)
        events = completion.deny_open() if completion else []
        if completion is None or not events:
            return
        try:
            await append_events(log, completion, events, actor=actor, wait_seconds=wait_seconds)
        except StreamConflict:
            continue
        if wake_up is not None:
            await wake_up.completion(completion_id)
        return


async def deny_if_steered(
    log: EventLog, threads: Threads, completion_id: UUID, *, actor: str
) -> None:
    """As `deny_open`, where a message that steers is queued behind the completion."""
    completion = await load_completion(log, completion_id)
    if completion is None or completion.status != "waiting":
        return
    thread = await threads.get(completion.thread_id)
    if thread.gives_turn_to(completion_id) and any(one.steers for one in thread.queue):
        await deny_open(log, completion_id, actor=actor)


async def _position(log: EventLog, completion_id: UUID, *, tool_call_id: str) -> int:
    """Where the answer stands, or with it that others are still open: as it was told first."""
    position, found = 0, False
    for one in await log.read_stream(completion_id, chunks=False):
        if found and not isinstance(one.event, CompletionWaiting):
            break
        answers = isinstance(one.event, ApprovalAnswered) and one.event.tool_call_id == tool_call_id
        found = found or answers
        if found:
            position = one.position
    return position

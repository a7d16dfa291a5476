"""Completions by their id, and what the log says of those that the tables do not tell all about."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from application.commands.completions import (
    CancelCompletion,
    Cancelled,
    cancel_completion,
    fold_completion,
)
from application.commands.context import Principal
from application.commands.messages import WithdrawMessage, withdraw_message
from application.ports import EventLog
from application.transcript import without_void
from domain.completion import ENDED
from domain.completion_events import Chunk, CompletionEvent, ToolCalled
from domain.recorded import Recorded
from domain.refusals import CompletionNotFound, MessageAlreadyDelivered
from interfaces.http.freshness import row_of
from interfaces.http.resources import Resources
from projections import completions
from projections.completions import Completion


async def shown_completion(here: Resources, completion_id: UUID, *, by: Principal) -> Completion:
    """The row. Raises CompletionNotFound."""

    async def is_in_log() -> bool:
        first = await here.reader.first_of_stream(completion_id)
        if first is None or first.name != "completion.requested":
            return False
        return by.reads_all or first.owner_id == by.user_id

    return await row_of(
        here,
        lambda session: completions.get(session, completion_id, reader=by),
        is_in_log=is_in_log,
        missing=CompletionNotFound,
    )


async def open_events(log: EventLog, row: Completion) -> list[Recorded[CompletionEvent]]:
    """Its whole stream, where it has been begun and has not ended; else nothing."""
    if row.status in ENDED or not row.attempts:
        return []
    return cast("list[Recorded[CompletionEvent]]", await log.read_stream(row.id))


def text_of(row: Completion, events: Sequence[Recorded[CompletionEvent]]) -> str:
    """The whole text; of an answer that has not ended, the committed chunks that are not void."""
    if not events:
        return row.response or ""
    chunks = [recorded.event for recorded in without_void(events)]
    return "".join(
        event.text for event in chunks if isinstance(event, Chunk) and event.kind == "text"
    )


def open_questions(row: Completion, events: list[Recorded[CompletionEvent]]) -> list[ToolCalled]:
    """The tool calls that a person has to approve or deny, in the order of the calls."""
    if row.status != "waiting":
        return []
    completion = fold_completion(events)
    asked = completion.open_approvals if completion.status == "waiting" else ()
    calls = [recorded.event for recorded in events]
    return [one for one in calls if isinstance(one, ToolCalled) and one.tool_call_id in asked]


async def cancel(here: Resources, command: CancelCompletion) -> Cancelled:
    """Cancel a completion; one that is only reserved goes with the message that waits for it.

    Raises CompletionNotFound. The row says no more than which message that is: whether it still
    waits is decided from the log.
    """
    try:
        return await cancel_completion(here.application, command)
    except CompletionNotFound:
        row = await shown_completion(here, command.completion_id, by=command.by)
    withdraw = WithdrawMessage(command.by, row.thread_id, row.message_id)
    try:
        position = await withdraw_message(here.application, withdraw)
    except MessageAlreadyDelivered:
        return await _cancel_delivered(here, command, row)
    return Cancelled("cancelled", position, ended_before=row.status == "cancelled")


async def _cancel_delivered(
    here: Resources, command: CancelCompletion, row: Completion
) -> Cancelled:
    """Its turn came meanwhile, or another completion has answered the message in its place."""
    try:
        return await cancel_completion(here.application, command)
    except CompletionNotFound:
        return Cancelled("cancelled", row.position, ended_before=True)

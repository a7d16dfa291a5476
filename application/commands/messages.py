"""Commands on messages: post one, withdraw one that still waits."""

from dataclasses import dataclass
from uuid import UUID

from application.commands.busy_threads import told_after, told_with
from application.commands.context import (
    COMMAND_WAIT_SECONDS,
    Application,
    Principal,
    last_position,
    owned_thread,
    position_of,
)
from application.ports import StreamAppend, StreamConflict
from application.turns import turn_appends
from domain.content import TextPart
from domain.ids import completion_of
from domain.refusals import IdIsTaken
from domain.thread import Thread
from domain.thread_events import QueueMode, ThreadCompletionRequested


@dataclass(frozen=True)
class NewMessage:
    """What a user writes."""

    id: UUID
    parts: tuple[TextPart, ...]
    request_hash: str | None = None  # of the body that asked for it, so that a repeat is known


@dataclass(frozen=True)
class Accepted:
    """The answer to a message, and to the same message once more."""

    thread_id: UUID
    message_id: UUID | None
    completion_id: UUID | None
    position: int


@dataclass(frozen=True)
class PostMessage:
    """Add a message to a thread and ask for an answer; `when_busy=None` refuses to wait."""

    by: Principal
    thread_id: UUID
    message: NewMessage
    parent_id: UUID | None = None
    when_busy: QueueMode | None = "enqueue"


async def post_message(app: Application, command: PostMessage) -> Accepted:
    """Safe to repeat with the same id and body.

    On a busy thread it waits: in front, and the running answer is stopped (interrupt); or until
    the running answer takes it in (steer); or for its turn.
    Raises ThreadNotFound, ThreadIsArchived, ThreadIsBusy, ParentNotFound, IdIsTaken, BodyDiffers.
    """
    message = command.message
    completion_id = completion_of(command.thread_id, message_id=message.id)
    while True:
        thread = await owned_thread(app, command.thread_id, by=command.by)
        events = thread.post(
            message.id,
            parts=message.parts,
            parent_id=command.parent_id,
            when_busy=command.when_busy,
            request_hash=message.request_hash,
        )
        if not events:
            return await _repeated(app, thread, message_id=message.id)
        told = await told_with(app, thread, events)
        try:
            recorded = await app.log.append(
                *told,  # first, so that the message is last
                *turn_appends(thread, events),
                actor=command.by.actor,
                cause=str(message.id),
                wait_seconds=COMMAND_WAIT_SECONDS,
            )
        except StreamConflict as conflict:
            if completion_id in conflict.streams and thread.id not in conflict.streams:
                raise IdIsTaken from None  # else it may be this message, posted at the same moment
            continue
        if isinstance(events[-1], ThreadCompletionRequested):
            await app.wake_up.completion(completion_id)
        await told_after(app, thread, events, told=told, by=command.by)
        return Accepted(thread.id, message.id, completion_id, recorded[-1].position)


async def _repeated(app: Application, thread: Thread, *, message_id: UUID) -> Accepted:
    since = thread.posted[message_id].position
    position = await position_of(app, thread.id, since=since)
    completion_id = completion_of(thread.id, message_id=message_id)
    return Accepted(thread.id, message_id, completion_id, position)


@dataclass(frozen=True)
class WithdrawMessage:
    """Take back a message that still waits for its turn."""

    by: Principal
    thread_id: UUID
    message_id: UUID


async def withdraw_message(app: Application, command: WithdrawMessage) -> int:
    """The position since which it is so; safe to repeat.

    Raises ThreadNotFound, MessageNotFound, MessageAlreadyDelivered.
    """
    while True:
        thread = await owned_thread(app, command.thread_id, by=command.by)
        events = thread.withdraw(command.message_id)
        if not events:
            return await last_position(app.log, thread.id, version=thread.version)
        withdrawal = StreamAppend(thread.id, thread.version, events, thread.id, thread.owner_id)
        try:
            recorded = await app.log.append(
                withdrawal, actor=command.by.actor, wait_seconds=COMMAND_WAIT_SECONDS
            )
        except StreamConflict:
            continue
        return recorded[-1].position

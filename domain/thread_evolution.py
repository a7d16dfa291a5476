"""A thread after each of its events."""

from dataclasses import replace
from typing import assert_never
from uuid import UUID

from domain.recorded import Recorded
from domain.thread import Arrived, Posted, Thread, Turn, Waiting
from domain.thread_events import (
    HeadMoved,
    MessageAdded,
    MessageDelivered,
    MessageQueued,
    MessageWithdrawn,
    ResultArrived,
    ResultDelivered,
    ThreadArchived,
    ThreadCompletionRequested,
    ThreadEvent,
    ThreadRenamed,
    ThreadStarted,
    TurnEnded,
)


def begin(recorded: Recorded[ThreadEvent]) -> Thread:
    """The state after the first event of a stream."""
    started = recorded.event
    assert isinstance(started, ThreadStarted)
    return Thread(
        id=recorded.stream_id,
        owner_id=started.owner_id,
        agent=started.agent,
        request_hash=started.request_hash,
        position=recorded.position,
        version=recorded.version,
        title=started.title,
    )


def evolve(thread: Thread, recorded: Recorded[ThreadEvent]) -> Thread:
    """The state after one more event."""
    return replace(_changed(thread, recorded), version=recorded.version)


def _changed(thread: Thread, recorded: Recorded[ThreadEvent]) -> Thread:
    match event := recorded.event:
        case MessageAdded():
            posted = Posted(event.request_hash, recorded.position)
            return replace(
                _in_tree(thread, event.message_id, parent_id=event.parent_id),
                posted={**thread.posted, event.message_id: posted},
            )
        case MessageQueued():
            posted = Posted(event.request_hash, recorded.position)
            return replace(
                thread,
                posted={**thread.posted, event.message_id: posted},
                queue=_queued(thread.queue, event),
            )
        case MessageDelivered():
            delivered = _in_tree(thread, event.message_id, parent_id=event.parent_id)
            turn = thread.turn and replace(thread.turn, below=event.message_id)
            queue = _without(thread.queue, event.message_id)
            return replace(delivered, turn=turn, queue=queue, follow_ups=0)
        case MessageWithdrawn():
            posted = replace(thread.posted[event.message_id], withdrawn=True)
            return replace(
                thread,
                posted={**thread.posted, event.message_id: posted},
                queue=_without(thread.queue, event.message_id),
            )
        case ThreadCompletionRequested():
            asked = event.message_id in thread.posted
            return replace(
                thread,
                turn=Turn(event.completion_id, event.message_id, below=event.message_id),
                follow_ups=0 if asked else thread.follow_ups + 1,
                quiet=False,
            )
        case TurnEnded():
            return _turn_ended(thread, event)
        case HeadMoved():
            return replace(thread, head=event.head)
        case ResultArrived():
            arrived = Arrived(event.execution_id, event.completion_id, event.continues)
            return replace(thread, results=(*thread.results, arrived))
        case ResultDelivered():
            left = tuple(r for r in thread.results if r.execution_id != event.execution_id)
            return replace(thread, results=left)
        case ThreadRenamed():
            return replace(thread, title=event.title)
        case ThreadArchived():
            return replace(thread, archived=True)
        case ThreadStarted():
            return thread
        case _:
            assert_never(event)


def _in_tree(thread: Thread, message_id: UUID, *, parent_id: UUID | None) -> Thread:
    return replace(thread, parents={**thread.parents, message_id: parent_id}, head=message_id)


def _queued(queue: tuple[Waiting, ...], event: MessageQueued) -> tuple[Waiting, ...]:
    """At the end; who interrupts stands in front, behind those who did so before."""
    waiting = Waiting(event.message_id, event.completion_id, event.parent_id, event.mode)
    if event.mode != "interrupt":
        return (*queue, waiting)
    before = sum(one.mode == "interrupt" for one in queue)
    return (*queue[:before], waiting, *queue[before:])


def _without(queue: tuple[Waiting, ...], message_id: UUID) -> tuple[Waiting, ...]:
    return tuple(waiting for waiting in queue if waiting.message_id != message_id)


def _turn_ended(thread: Thread, event: TurnEnded) -> Thread:
    assert thread.turn is not None
    parents = thread.parents
    if event.answered:
        parents = {**parents, event.completion_id: thread.turn.below}
    quiet = event.outcome == "cancelled"
    return replace(thread, turn=None, head=event.head, parents=parents, quiet=quiet)

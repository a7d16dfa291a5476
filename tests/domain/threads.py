"""Given events: a thread and what has happened in it."""

from uuid import UUID

from domain.content import TextPart
from domain.ids import completion_of
from domain.thread import Thread
from domain.thread_events import (
    MessageAdded,
    MessageQueued,
    Outcome,
    QueueMode,
    ThreadCompletionRequested,
    ThreadEvent,
    ThreadStarted,
    TurnEnded,
)
from domain.thread_evolution import begin, evolve
from tests.domain.history import OWNER, STREAM, recorded

FIRST, SECOND, THIRD, FOURTH = UUID(int=11), UUID(int=12), UUID(int=13), UUID(int=14)
ANALYSIS, SEARCH = UUID(int=31), UUID(int=32)
HELLO = (TextPart("hello"),)
STARTED = ThreadStarted(owner_id=OWNER, agent="assistant")


def answer_to(message_id: UUID) -> UUID:
    return completion_of(STREAM, message_id=message_id)


def given(*events: ThreadEvent) -> Thread:
    first, *others = recorded(events)
    thread = begin(first)
    for one in others:
        thread = evolve(thread, one)
    return thread


def asked(message_id: UUID, parent_id: UUID | None = None) -> list[ThreadEvent]:
    return [
        MessageAdded(message_id, parent_id, HELLO),
        ThreadCompletionRequested(answer_to(message_id), message_id),
    ]


def queued(
    message_id: UUID, mode: QueueMode = "enqueue", parent_id: UUID | None = None
) -> MessageQueued:
    return MessageQueued(message_id, answer_to(message_id), mode, HELLO, parent_id)


def ended(
    completion_id: UUID, outcome: Outcome = "finished", *, answered: bool = True
) -> TurnEnded:
    """The turn ended, and its answer, if there is one, is the head."""
    return TurnEnded(completion_id, outcome, answered, completion_id if answered else FIRST)

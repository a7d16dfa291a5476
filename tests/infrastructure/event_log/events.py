"""Appends for tests, in the shapes that the log knows."""

from uuid import UUID, uuid4

from application.ports import StreamAppend
from domain.catalogue import Event
from domain.completion_events import (
    Answer,
    CancelRequested,
    Chunk,
    CompletionFinished,
    CompletionRequested,
    CompletionStarted,
    Usage,
)
from infrastructure.event_log.batch import NewEvent, NewEvents

CHUNK = "completion.chunk@1"
CANCEL = "completion.cancel_requested@1"
FINISHED = "completion.finished@1"
WORKER = uuid4()


def raw(
    stream_id: UUID,
    expected: int | None,
    *texts: str,
    topic: str = CHUNK,
    thread_id: UUID | None = None,
    owner_id: UUID | None = None,
) -> NewEvents:
    """One event per text, encoded as no codec would: enough for the writer, which never looks."""
    events = [NewEvent(topic, text.encode()) for text in texts or ("x",)]
    return NewEvents(stream_id, expected, events, thread_id, owner_id)


def append(
    stream_id: UUID, expected: int | None, *events: Event, thread_id: UUID | None = None
) -> StreamAppend:
    """An append of the application."""
    return StreamAppend(stream_id, expected, events, thread_id)


def chunk(text: str = "Hello") -> Chunk:
    """Some text of an answer."""
    return Chunk(1, 1, 0, "text", text, ((len(text), 3),))


def requested() -> CompletionRequested:
    """The first event of a completion."""
    return CompletionRequested(thread_id=uuid4(), message_id=uuid4(), agent="support")


def started() -> CompletionStarted:
    """A claim."""
    return CompletionStarted(attempt=1, worker_id=WORKER)


def cancel() -> CancelRequested:
    """Somebody has had enough."""
    return CancelRequested()


def finished() -> CompletionFinished:
    """The end."""
    return CompletionFinished(1, Answer(text="", characters=0, sha256="", usage=Usage()))

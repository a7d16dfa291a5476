"""The ports: what the application asks of the log, the wake-up queue, blobs and the cancel hint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from domain.catalogue import Event
from domain.recorded import Recorded

AnyRecorded = Recorded[Event]


@dataclass(frozen=True, slots=True)
class StreamAppend:
    """New events of one stream.

    `expected` is the version that the stream must have now, 0 for a new stream. None appends at
    the end whatever the version, unless the stream has ended: for requests to cancel only.
    """

    stream_id: UUID
    expected: int | None
    events: Sequence[Event]
    thread_id: UUID | None = None
    owner_id: UUID | None = None


class StreamConflict(Exception):
    """Some streams are not at the expected version, or have ended; nothing was written."""

    def __init__(self, streams: dict[UUID, int]) -> None:
        self.streams = streams  # stream -> the version that it really has
        super().__init__(", ".join(f"{stream} is at {found}" for stream, found in streams.items()))


class LogUnavailable(Exception):
    """The event log cannot be reached; nothing was written."""


class OutcomeUnknown(Exception):
    """The event log went away during the append: repeat the command with the same id to learn."""


class AppendSource(Protocol):
    """Something that always has more to append, such as a running completion's journal.

    The log's writer asks it when it makes a batch, so that what came while the last batch was
    under way goes into the next one. Between `take` and its answer `take` is not called again.
    All three are called on the event loop and must not wait.
    """

    def take(self) -> StreamAppend | None:
        """What there is to write now; None when there is nothing."""
        ...

    def committed(self, recorded: Sequence[AnyRecorded]) -> None:
        """What `take` gave is durable."""
        ...

    def refused(self, conflict: StreamConflict) -> None:
        """What `take` gave was not written, and the source's stream stands elsewhere."""
        ...


class EventLog(Protocol):
    """The append-only log: the only truth."""

    async def append(
        self,
        *appends: StreamAppend,
        actor: str,
        cause: str | None = None,
        wait_seconds: float | None = None,
    ) -> list[AnyRecorded]:
        """Write all the appends as one, or nothing; returns once they are durable, in order.

        Events of one call stand at neighbouring positions. With `wait_seconds` (None: as long as
        the process lives) raises LogUnavailable when the append is still queued after it, and
        OutcomeUnknown when it is under way. Raises StreamConflict when a stream is elsewhere.
        """
        ...

    def attach(self, source: AppendSource, *, actor: str, cause: str | None = None) -> None:
        """Let a source take part in the writer's batches until it is detached."""
        ...

    def detach(self, source: AppendSource) -> None:
        """The source has no more to write; what is under way is still answered."""
        ...

    def wake(self, *, within_seconds: float = 0.0) -> None:
        """Some source has something to write: make the next batch within this time."""
        ...

    async def read_stream(
        self, stream_id: UUID, *, after: int = 0, chunks: bool = True, limit: int | None = None
    ) -> list[AnyRecorded]:
        """Events of one stream with a version after `after`, in order; without chunks if asked."""
        ...

    async def read_thread(
        self, thread_id: UUID, *, after: int = 0, chunks: bool = False, limit: int | None = None
    ) -> list[AnyRecorded]:
        """Events of all streams of a thread after a position, in order; chunks only if asked."""
        ...


class WakeUp(Protocol):
    """Tells workers "now". Best effort: what is lost is found in `open_runs` a second later."""

    async def completion(self, completion_id: UUID) -> None:
        """A completion waits for a worker. Never raises, never waits longer than a second."""
        ...


class CancelHint(Protocol):
    """Carries a request to cancel to the worker at once; the event in the log is what counts."""

    async def cancel(self, completion_id: UUID) -> None:
        """Never raises, never waits longer than a second."""
        ...


class BlobStore(Protocol):
    """Content-addressed bytes beside the log, written before the event that names them."""

    async def put(self, owner_id: UUID, content: bytes, *, media_type: str) -> str:
        """Keep the bytes and return their sha256 in hexadecimal; safe to repeat."""
        ...

    async def get(self, owner_id: UUID, sha256: str) -> bytes | None:
        """The bytes, if this owner has them."""
        ...

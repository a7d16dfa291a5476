"""What waits for the writer: whole appends in order, each with somebody who wants the answer."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from uuid import UUID

from infrastructure.event_log.batch import Batch, NewEvents
from infrastructure.event_log.entry import LogEntry


@dataclass(eq=False, slots=True)
class Submission:
    """Appends that are written as one or not at all, and who is told."""

    appends: Sequence[NewEvents]
    committed: Callable[[Sequence[LogEntry]], None]
    refused: Callable[[Exception], None]
    uncertain: bool = False  # was part of a call whose outcome is not known
    horizon: int | None = None  # a position that was there before it was first sent
    alone: bool = False  # was part of a batch that the database refused for somebody's defect
    event_count: int = field(init=False)
    size_bytes: int = field(init=False)  # about what it adds to the message to the server

    def __post_init__(self) -> None:
        self.event_count = sum(len(append.events) for append in self.appends)
        self.size_bytes = sum(len(e.state) for append in self.appends for e in append.events)

    @property
    def streams(self) -> set[UUID]:
        """The streams that it writes to."""
        return {append.stream_id for append in self.appends}

    def builds_on(self, streams: Set[UUID]) -> bool:
        """Does it expect a version of one of these streams?"""
        return any(a.expected is not None and a.stream_id in streams for a in self.appends)


class Queue:
    """Submissions in order. Those of one stream are never overtaken; others may be."""

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        self._waiting: deque[Submission] = deque()
        self._max_events = max_events
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Submission]:
        return iter(tuple(self._waiting))

    def put(self, submission: Submission) -> None:
        """Behind all others."""
        self._waiting.append(submission)

    def put_back(self, submissions: Sequence[Submission]) -> None:
        """Before all others, where they came from."""
        self._waiting.extendleft(reversed(submissions))

    def remove(self, submission: Submission) -> bool:
        """Take it out; false when it is not here."""
        try:
            self._waiting.remove(submission)
        except ValueError:
            return False
        return True

    def take_batch(self) -> tuple[list[Submission], Batch]:
        """The next batch: what is first, and all that fits beside it.

        What does not continue where the batch leaves its stream stays, and so does what is behind
        it in the same streams.
        """
        batch = Batch()
        taken: list[Submission] = []
        left: list[Submission] = []
        blocked: set[UUID] = set()
        while self._waiting and (not taken or self._has_room(batch, taken[0])):
            submission = self._waiting.popleft()
            if not self._fits(submission, batch=batch, blocked=blocked):
                left.append(submission)
                blocked |= submission.streams
                continue
            taken.append(submission)
        self.put_back(left)
        return taken, batch

    def _has_room(self, batch: Batch, first: Submission) -> bool:
        following = self._waiting[0]
        return (
            not first.alone
            and not following.alone
            and len(batch) + following.event_count <= self._max_events
            and batch.size_bytes + following.size_bytes <= self._max_bytes
        )

    @staticmethod
    def _fits(submission: Submission, *, batch: Batch, blocked: Set[UUID]) -> bool:
        if blocked and not blocked.isdisjoint(submission.streams):
            return False
        return batch.add(submission.appends)

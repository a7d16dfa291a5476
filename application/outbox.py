"""What a run has said and the log has not: events in order, and the part that still grows."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from application.pieces import Pieces
from application.ports import AnyRecorded
from application.stop import JournalStopped
from domain.completion_events import ChunkKind, CompletionEvent

MAX_AHEAD_BYTES = 1024 * 1024
MAX_AHEAD_DELTAS = 10_000

Answer = asyncio.Future[list[AnyRecorded]]


@dataclass(slots=True)
class _Given:
    """An event; `answer` is told of it and of the `count - 1` events before it."""

    event: CompletionEvent
    answer: Answer | None = None
    count: int = 1

    def tell(self, recorded: list[AnyRecorded]) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_result(recorded)

    def refuse(self) -> None:
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(JournalStopped())


class Outbox:
    """Between `take` and `written` or `refused` nothing more is taken."""

    def __init__(self, *, attempt: int, now: float) -> None:
        self._attempt = attempt
        self._part: Pieces | None = None
        self._pending: list[_Given] = []
        self._taken: list[_Given] = []
        self._last_delta = now
        self._bytes = self._deltas = 0  # not durable, what is taken included
        self._taken_bytes = self._taken_deltas = 0
        self.replaced = 0  # characters that no text can hold

    @property
    def empty(self) -> bool:
        """Has everything that was said been written or dropped?"""
        return not self._pending and not self._taken and self._part is None

    @property
    def full(self) -> bool:
        """Is the run as far ahead of the log as it may be?"""
        return self._bytes > MAX_AHEAD_BYTES or self._deltas > MAX_AHEAD_DELTAS

    def say(
        self,
        text: str,
        *,
        step: int,
        part: int,
        kind: ChunkKind,
        tool_call_id: str | None,
        now: float,
    ) -> float:
        """One piece of the answer. Returns for how many seconds it may wait."""
        pieces, first = self._part, False
        if pieces is None or pieces.key != (step, part, kind, tool_call_id):
            self.end_part()
            first = True
            self._part = pieces = Pieces(
                attempt=self._attempt, step=step, part=part, kind=kind, tool_call_id=tool_call_id
            )
        kept = pieces.add(text, now=now, milliseconds=round((now - self._last_delta) * 1000))
        self._last_delta = now
        self._bytes += len(kept) if kept.isascii() else len(kept.encode())
        self._deltas += 1
        return pieces.wait_seconds(now=now, first=first)

    def put(self, events: Sequence[CompletionEvent], *, answer: Answer | None = None) -> None:
        """Whole events, after everything that was said before. `answer` is told of all of them."""
        self.end_part()
        self._pending += [_Given(event) for event in events]
        self._pending[-1].answer = answer
        self._pending[-1].count = len(events)

    def end_part(self) -> None:
        """No more comes of the part that grows."""
        if self._part is not None:
            self._part.end()
            self._gather()
            self.replaced += self._part.replaced
            self._part = None

    def take(self) -> list[CompletionEvent]:
        """Everything that waits; the part that grows goes on growing."""
        assert not self._taken
        self._gather()
        self._taken, self._pending = self._pending, []
        self._taken_bytes, self._taken_deltas = self._bytes, self._deltas
        return [given.event for given in self._taken]

    def written(self, recorded: Sequence[AnyRecorded]) -> None:
        """What was taken is durable."""
        taken, self._taken = self._taken, []
        self._bytes = max(0, self._bytes - self._taken_bytes)
        self._deltas = max(0, self._deltas - self._taken_deltas)
        for index, given in enumerate(taken, start=1):
            given.tell(list(recorded[index - given.count : index]))

    def refused(self) -> None:
        """What was taken was not written and never will be."""
        taken, self._taken = self._taken, []
        for given in taken:
            given.refuse()

    def drop(self) -> None:
        """Forget what waits; what was taken is still to be answered."""
        pending, self._pending, self._part = self._pending, [], None
        self._bytes = self._deltas = 0
        for given in pending:
            given.refuse()

    def _gather(self) -> None:
        while self._part is not None and (chunk := self._part.chunk()) is not None:
            self._pending.append(_Given(chunk))

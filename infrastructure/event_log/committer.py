"""Writes batches from the queue on one held connection, and finds out what became of lost ones."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence, Set
from typing import TypeAlias, TypeVar
from uuid import UUID

from application.ports import StreamConflict
from infrastructure.event_log.batch import Answer, Batch, conflict_of
from infrastructure.event_log.connection import Connection, hang_up, is_lost, is_passing
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lost import find_written
from infrastructure.event_log.statements import statement
from infrastructure.event_log.submission import Queue, Submission

logger = logging.getLogger(__name__)

OnCommit: TypeAlias = Callable[[Sequence[LogEntry]], None]
Found: TypeAlias = Mapping[Submission, list[LogEntry]]
T = TypeVar("T")


class Away(Exception):
    """The log cannot be written just now; what was taken is back in the queue."""


class Committer:
    """One call at a time. After `Away` call `connect` again, later."""

    def __init__(
        self,
        open_connection: Callable[[], Awaitable[Connection]],
        *,
        queue: Queue,
        on_commit: OnCommit | None,
        call_timeout_seconds: float,
    ) -> None:
        self._open_connection = open_connection
        self._queue = queue
        self._on_commit = on_commit
        self._call_timeout_seconds = call_timeout_seconds
        self._connection: Connection | None = None
        self._horizon: int | None = None  # the last position that is known to be there

    async def connect(self) -> Connection:
        """The held connection, or a new one on which lost calls have been looked for."""
        if self._connection is not None and not self._connection.is_closed():
            return self._connection
        try:
            async with asyncio.timeout(self._call_timeout_seconds):
                self._connection = await self._open_connection()
                if self._horizon is None:
                    self._horizon = await self._connection.fetchval(statement("last_position"))
                await self._settle(self._connection)
        except Exception as error:
            self.disconnect()
            raise Away from error
        return self._connection

    def disconnect(self) -> None:
        """Drop the connection without a word to the server, which may be frozen."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Say good-bye to the server; bounded."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await hang_up(connection)

    async def write_batch(self) -> None:
        """Send the next batch and tell everybody. Raises Away when it has to be tried again."""
        connection = await self.connect()
        taken, batch = self._queue.take_batch()
        if not taken:
            return
        for submission in taken:
            if submission.horizon is None:
                submission.horizon = self._horizon
        try:
            async with asyncio.timeout(self._call_timeout_seconds):
                answer = await batch.send(connection)
                found = await self._find(connection, taken if answer.conflicts else ())
        except asyncio.CancelledError:
            self._take_back(taken, uncertain=True)
            raise
        except Exception as error:
            if not is_lost(error) and not is_passing(error):
                self._refuse_defect(taken, error)
                return
            self._take_back(taken, uncertain=is_lost(error))
            self.disconnect()
            raise Away from error
        if answer.conflicts:
            self._sort_out(taken, batch=batch, answer=answer, found=found)
        else:
            self._succeed(taken, batch.entries(answer))

    def _take_back(self, taken: Sequence[Submission], *, uncertain: bool) -> None:
        for submission in taken:
            submission.uncertain = submission.uncertain or uncertain
        self._queue.put_back(taken)

    async def _settle(self, connection: Connection) -> None:
        """Answer those whose lost call was committed after all."""
        for submission, entries in (await self._find(connection, self._queue)).items():
            self._queue.remove(submission)
            self._succeed([submission], entries)

    async def _find(self, connection: Connection, candidates: Iterable[Submission]) -> Found:
        uncertain = [submission for submission in candidates if submission.uncertain]
        return await find_written(connection, uncertain) if uncertain else {}

    def _succeed(self, submissions: Sequence[Submission], entries: Sequence[LogEntry]) -> None:
        self._horizon = max(self._horizon or 0, entries[-1].position)
        if self._on_commit is not None:
            _tell(self._on_commit, entries)
        start = 0
        for submission in submissions:
            end = start + submission.event_count
            _tell(submission.committed, entries[start:end])
            start = end

    def _sort_out(
        self, taken: Sequence[Submission], *, batch: Batch, answer: Answer, found: Found
    ) -> None:
        """After a conflict nothing is written: refuse those it is about, keep the others in order.

        Who expects what a refused one would have made is refused with it, even if its version fits:
        somebody else has made that version.
        """
        versions, conflicts = batch.versions(answer), batch.conflicts(answer)

        def tell(submission: Submission) -> StreamConflict:
            return conflict_of(submission.appends, versions=versions, refused=conflicts)

        broken: set[UUID] = set()
        again: list[Submission] = []
        for submission in taken:
            if submission in found:
                self._succeed([submission], found[submission])
            elif submission.builds_on(broken) or batch.refuses(submission.appends, conflicts):
                broken |= submission.streams
                _tell(submission.refused, tell(submission))
            else:
                again.append(submission)
        self.refuse_behind(broken, tell)
        self._queue.put_back(again)

    def _refuse_defect(self, taken: Sequence[Submission], error: Exception) -> None:
        """The database refuses something in this batch for good; sent alone, it shows itself."""
        if len(taken) == 1:
            _tell(taken[0].refused, error)
            self.refuse_behind(taken[0].streams, lambda _: error)
            return
        for submission in taken:
            submission.alone = True
        self._queue.put_back(taken)

    def refuse_behind(self, streams: Set[UUID], reason: Callable[[Submission], Exception]) -> None:
        """Refuse what waits for something that will not be written."""
        broken = set(streams)
        for submission in self._queue:
            if submission.builds_on(broken):
                broken |= submission.streams
                self._queue.remove(submission)
                _tell(submission.refused, reason(submission))


def _tell(listener: Callable[[T], None], news: T) -> None:
    """A listener's defect must not stop the writer, nor hide what is committed from the others."""
    try:
        listener(news)
    except Exception:
        logger.exception("%r failed; the log itself is not affected", listener)

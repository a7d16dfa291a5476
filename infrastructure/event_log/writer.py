"""The one writer of a process: collects what is to be appended and has it committed in batches."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol, Self, TypeVar

from application.ports import LogUnavailable, OutcomeUnknown
from infrastructure.event_log.batch import NewEvents, check
from infrastructure.event_log.committer import Away, Committer, OnCommit
from infrastructure.event_log.connection import Connection
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.submission import Queue, Submission

logger = logging.getLogger(__name__)

SHORTEST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
T = TypeVar("T")


class Source(Protocol):
    """An `application.ports.AppendSource` whose events are encoded already."""

    def take(self) -> NewEvents | None: ...
    def committed(self, entries: Sequence[LogEntry]) -> None: ...
    def refused(self, error: Exception) -> None: ...


@dataclass(slots=True)
class _Attached:
    source: Source
    unanswered: bool = False  # one of its appends is queued or under way
    missed: bool = False  # it was passed over because of that


class GroupCommitWriter:
    """Start it once per process, as a context manager; it has one connection and one timer.

    An append is sent at once, or after the batch that is under way; every batch takes along what
    the attached sources have. While the database is away it tries again for as long as the process
    lives. `on_commit` is called after each commit, before anybody is answered, and must not wait.
    """

    def __init__(
        self,
        open_connection: Callable[[], Awaitable[Connection]],
        *,
        on_commit: OnCommit | None = None,
        max_events: int = 1000,
        max_bytes: int = 8 * 1024 * 1024,
        call_timeout_seconds: float = 12.0,
    ) -> None:
        self._queue = Queue(max_events=max_events, max_bytes=max_bytes)
        self._committer = Committer(
            open_connection,
            queue=self._queue,
            on_commit=on_commit,
            call_timeout_seconds=call_timeout_seconds,
        )
        self._sources: dict[Source, _Attached] = {}
        self._ring = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._pause_seconds = 0.0
        self._closing = False

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="event-log-writer")
        self.wake()  # connects, so that the first command need not wait for it
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self, *, within_seconds: float = 5.0) -> None:
        """Write what is queued, as far as the time allows, answer everybody, and hang up."""
        self._closing = True
        self._ring.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=within_seconds)
            self._task.cancel()
            await asyncio.wait({self._task})
        for submission in self._queue:
            self._queue.remove(submission)
            gone = OutcomeUnknown if submission.uncertain else LogUnavailable
            submission.refused(gone("the writer was closed"))
        await self._committer.close()

    async def append(
        self, *appends: NewEvents, wait_seconds: float | None = None
    ) -> list[LogEntry]:
        """Write all of them as one; returns once they are durable, in order of position.

        Raises StreamConflict, LogUnavailable, OutcomeUnknown, ValueError, or what the database
        says of an event that it cannot store.
        """
        check(appends)
        if self._closing or self._task is None or self._task.done():
            raise LogUnavailable("the writer is not running")
        answer: asyncio.Future[list[LogEntry]] = asyncio.get_running_loop().create_future()
        submission = Submission(appends, partial(_grant, answer), partial(_deny, answer))
        self._queue.put(submission)
        self.wake()
        try:
            async with asyncio.timeout(wait_seconds):
                return await answer
        except asyncio.CancelledError:
            self._withdraw(submission)
            raise
        except TimeoutError:
            if answer.done() and not answer.cancelled():
                return answer.result()  # both at the same moment
            if self._withdraw(submission):
                raise LogUnavailable(f"not written within {wait_seconds} s") from None
            raise OutcomeUnknown(f"no answer within {wait_seconds} s") from None

    def attach(self, source: Source) -> None:
        """Ask the source for its events whenever a batch is made."""
        self._sources.setdefault(source, _Attached(source))

    def detach(self, source: Source) -> None:
        """Ask it no more; what is under way is still answered."""
        self._sources.pop(source, None)

    def wake(self, *, within_seconds: float = 0.0) -> None:
        """Make a batch within this time; an earlier call still holds."""
        if within_seconds <= 0:
            self._ring.set()
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + within_seconds
        if self._timer is None or when < self._timer.when():
            self._stop_timer()
            self._timer = loop.call_at(when, self._ring.set)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _withdraw(self, submission: Submission) -> bool:
        """Take it out again; false when it is, or may be, on its way into the log."""
        if submission.uncertain or not self._queue.remove(submission):
            return False
        self._committer.refuse_behind(
            submission.streams, lambda _: LogUnavailable("what it follows was withdrawn")
        )
        return True

    async def _run(self) -> None:
        while await self._due():
            try:
                await self._committer.connect()
                self._ask_sources()
                await self._committer.write_batch()
            except Away as error:
                await self._pause(error)
            else:
                if self._pause_seconds:
                    logger.warning("the event log can be written again")
                self._pause_seconds = 0.0

    async def _due(self) -> bool:
        """Wait for something to do; false when there will be nothing more."""
        if not self._queue:
            if self._closing:
                self._ask_sources()
                return len(self._queue) > 0
            await self._ring.wait()
        self._ring.clear()
        self._stop_timer()
        return True

    def _ask_sources(self) -> None:
        """Who was asked longest ago comes first."""
        for attached in list(self._sources.values()):
            if attached.unanswered:
                attached.missed = True
                continue
            append = self._take(attached.source)
            if append is not None:
                attached.unanswered = True
                self._sources[attached.source] = self._sources.pop(attached.source)
                committed = partial(self._answer, attached, attached.source.committed)
                refused = partial(self._answer, attached, attached.source.refused)
                self._queue.put(Submission((append,), committed, refused))

    def _take(self, source: Source) -> NewEvents | None:
        try:
            return source.take()
        except Exception:
            logger.exception("%r failed and is not asked again", source)
            self.detach(source)
            return None

    def _answer(self, attached: _Attached, listener: Callable[[T], None], news: T) -> None:
        attached.unanswered = False
        if attached.missed:
            attached.missed = False
            self._ring.set()
        listener(news)

    async def _pause(self, error: Away) -> None:
        if not self._pause_seconds:
            logger.warning("the event log cannot be written, trying again: %r", error.__cause__)
        self._pause_seconds = min(
            LONGEST_PAUSE_SECONDS, max(SHORTEST_PAUSE_SECONDS, 2 * self._pause_seconds)
        )
        await asyncio.sleep(self._pause_seconds)
        self._ring.set()


def _grant(answer: asyncio.Future[list[LogEntry]], entries: Sequence[LogEntry]) -> None:
    if not answer.done():
        answer.set_result(list(entries))


def _deny(answer: asyncio.Future[list[LogEntry]], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)

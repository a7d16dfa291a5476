"""The journal of one claim: the only writer of its completion's stream."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

from application.outbox import Outbox
from application.ports import (
    AnyRecorded,
    EventLog,
    LogUnavailable,
    StreamAppend,
    StreamConflict,
)
from application.stop import NOTHING_FOLLOWS, JournalStopped, Stop
from application.transcript import Transcript
from domain.catalogue import Event
from domain.completion import Completion, evolve
from domain.completion_events import (
    CancelRequested,
    Chunk,
    ChunkKind,
    CompletionCancelled,
    CompletionEvent,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionStarted,
)
from domain.recorded import Recorded

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 0.2

T = TypeVar("T")


class Journal:
    """Takes what the model and the tools say and has it appended, in order, never twice.

    `chunk` and `add` return at once and never fail: after a stop they do nothing. The log being
    away is not an error: what was given waits. `on_stop` is called at each stop, and must not wait.
    """

    def __init__(
        self,
        log: EventLog,
        completion: Completion,
        *,
        transcript: Transcript | None = None,
        on_stop: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._completion = completion  # as the log has it, but for chunks
        self._on_stop = on_stop
        self._clock = clock
        self._outbox = Outbox(attempt=completion.attempt, now=clock())
        self._urgency = 0  # asked of the log since it last took: 0 nothing, 1 soon, 2 now
        self._reading: asyncio.Task[None] | None = None
        self._aside = False  # is something under way that goes past the batches?
        self._one_aside = asyncio.Lock()
        self._actor = ""
        self._changed = asyncio.Event()
        self.transcript = transcript or Transcript()
        self.version = completion.version
        self.stopped: Stop | None = None
        self.cancel_reason = completion.cancel_reason
        self.first_delta_at: float | None = None  # monotonic seconds

    def open(self, *, actor: str) -> None:
        """Take part in the log's batches."""
        self._actor = actor
        self._log.attach(self, actor=actor)

    def close(self) -> None:
        """Take part no more, whoever still speaks; what is under way is still answered."""
        self._log.detach(self)
        self.stopped = self.stopped or Stop.HANDED_OVER

    @property
    def completion(self) -> Completion:
        """As the log has it, at `version`."""
        return replace(self._completion, version=self.version)

    @property
    def replaced(self) -> int:
        """How many characters became U+FFFD because no text can hold them."""
        return self._outbox.replaced

    # What the run says

    def chunk(
        self, text: str, *, step: int, part: int, kind: ChunkKind, tool_call_id: str | None = None
    ) -> None:
        """One piece of the answer, as the provider sent it."""
        if self.stopped or not text:
            return
        now = self._clock()
        if self.first_delta_at is None:
            self.first_delta_at = now
        wait_seconds = self._outbox.say(
            text, step=step, part=part, kind=kind, tool_call_id=tool_call_id, now=now
        )
        self._wake(wait_seconds)

    def add(self, *events: CompletionEvent) -> None:
        """Facts other than chunks: written at once, after everything that was said before."""
        if not self.stopped and events:
            self._outbox.put(events)
            self._wake(0.0)

    async def commit(self, *events: CompletionEvent) -> list[AnyRecorded]:
        """As `add`, and wait until they are durable. Raises JournalStopped when they will not be.

        They stand at neighbouring positions.
        """
        assert events
        if self.stopped:
            raise JournalStopped
        answer: asyncio.Future[list[AnyRecorded]] = asyncio.get_running_loop().create_future()
        self._outbox.put(events, answer=answer)
        self._wake(0.0)
        return await answer

    async def append_with(
        self, events: Sequence[CompletionEvent], *others: StreamAppend
    ) -> list[AnyRecorded]:
        """One append of these events, after everything that was said before, and other streams'.

        Returns all of it, this completion's first. Raises JournalStopped, and StreamConflict when
        one of the others is elsewhere: then nothing was written. A caller that is cancelled does
        not keep it from being written.
        """
        task = asyncio.create_task(self._append_with(events, others))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

    async def _append_with(
        self, events: Sequence[CompletionEvent], others: Sequence[StreamAppend]
    ) -> list[AnyRecorded]:
        async with self._one_aside:
            self._outbox.end_part()
            self._wake(0.0)
            await self._until(lambda: self._written or self.stopped is not None)
            if self.stopped:
                raise JournalStopped
            self._aside = True
            try:
                return await self._append_aside(events, others)
            finally:
                self._aside = False
                self._urgency = 0  # what was asked of the log meanwhile, it could not take
                self._wake(0.0)
                self._notify()

    async def _append_aside(
        self, events: Sequence[CompletionEvent], others: Sequence[StreamAppend]
    ) -> list[AnyRecorded]:
        try:
            recorded = await self._log.append(self._own(events), *others, actor=self._actor)
        except StreamConflict as conflict:
            if self._completion.id not in conflict.streams:
                raise
            await self._find_out(conflict)
            raise JournalStopped from None
        self._learn_written(recorded[: len(events)])
        return recorded

    async def durable(self) -> None:
        """Wait until everything given is durable. Raises JournalStopped when it will not be."""
        self._wake(0.0)
        await self._until(lambda: self._answered or self.stopped is not None)
        if self.stopped:
            raise JournalStopped

    @property
    def full(self) -> bool:
        """Is the run as far ahead of the log as it may be? Then it awaits `room`."""
        return self._outbox.full

    async def room(self) -> None:
        """Wait until the log has caught up, or until it does not matter any more."""
        await self._until(lambda: not self._outbox.full)

    async def settle(self) -> None:
        """Wait until everything given is durable or dropped, and `version` is where to go on.

        Returns at once where nothing may follow.
        """
        self._outbox.end_part()
        self._wake(0.0)
        await self._until(lambda: self._answered or self.stopped in NOTHING_FOLLOWS)

    @property
    def _answered(self) -> bool:
        return self._written and not self._aside

    @property
    def _written(self) -> bool:
        return self._outbox.empty and self._reading is None

    # What strangers say

    async def look(self) -> None:
        """Read what strangers have appended: a request to cancel, or a claim over our head.

        Safe at any time and any number of times. While the log is away it keeps trying.
        """
        read = partial(self._log.read_stream, self._completion.id, after=self.version)
        with suppress(JournalStopped):
            for recorded in await self.insist(read):
                self._learn(recorded)

    async def insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` answers, asked again while the log is away; it must be safe to repeat.

        Raises JournalStopped where nothing may follow.
        """
        while self.stopped not in NOTHING_FOLLOWS:
            try:
                return await ask()
            except LogUnavailable:
                await asyncio.sleep(AGAIN_SECONDS)
        raise JournalStopped

    def stop(self, why: Stop) -> None:
        """Take no more and drop what is not under way. The first reason holds, but for a fence."""
        if self.stopped is not None and (why is not Stop.FENCED or self.stopped is why):
            return
        self.stopped = why
        self._outbox.drop()
        self._notify()
        if self._on_stop is not None:
            self._on_stop()

    # What the log says: see AppendSource

    def take(self) -> StreamAppend | None:
        """Everything that waits."""
        if self.stopped or self._reading or self._aside:
            return None
        self._urgency = 0
        events = self._outbox.take()
        if not events:
            return None
        return self._own(events)

    def _own(self, events: Sequence[Event]) -> StreamAppend:
        completion = self._completion
        return StreamAppend(
            completion.id, self.version, events, completion.thread_id, completion.owner_id
        )

    def committed(self, recorded: Sequence[AnyRecorded]) -> None:
        """It is part of the transcript now."""
        self._outbox.written(recorded)
        self._learn_written(recorded)

    def _learn_written(self, recorded: Sequence[AnyRecorded]) -> None:
        self.version = max(self.version, recorded[-1].version)
        for one in cast("Sequence[Recorded[CompletionEvent]]", recorded):
            self.transcript.add(one)
            if not isinstance(one.event, Chunk):
                self._completion = evolve(self._completion, one)
        self._notify()

    def refused(self, conflict: Exception) -> None:
        """Nothing is taken until the stream has told why."""
        self._outbox.refused()
        self._reading = asyncio.create_task(self._find_out(conflict))

    async def _find_out(self, conflict: Exception) -> None:
        try:
            await self.look()
            if self.stopped is None:
                logger.error("completion %s was refused", self._completion.id, exc_info=conflict)
        except Exception:
            logger.exception("completion %s cannot read its stream", self._completion.id)
        finally:
            self._reading = None
            self.stop(Stop.BROKEN)  # unless it has told
            self._notify()

    def _learn(self, recorded: AnyRecorded) -> None:
        match event := recorded.event:
            case CancelRequested():
                self.version = max(self.version, recorded.version)
                self.cancel_reason = event.reason
                self.stop(Stop.CANCELLED)
            case (
                CompletionStarted()
                | CompletionInterrupted()
                | CompletionFinished()
                | CompletionFailed()
                | CompletionCancelled()
            ):
                self.stop(Stop.FENCED)
            case _:
                pass  # our own, still to be answered

    def _wake(self, within_seconds: float) -> None:
        urgency = 1 if within_seconds else 2
        if urgency > self._urgency:
            self._urgency = urgency
            self._log.wake(within_seconds=within_seconds)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._changed.wait()

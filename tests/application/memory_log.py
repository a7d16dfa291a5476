"""An event log and a blob store in memory, as strict as their ports; the log can be told to be
slow or away, and to let strangers append at the worst moment."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from application.ports import (
    AnyRecorded,
    AppendSource,
    LogUnavailable,
    OutcomeUnknown,
    StreamAppend,
    StreamConflict,
)
from domain.catalogue import BY_TYPE, Event
from domain.completion_events import Chunk
from domain.recorded import Recorded
from infrastructure.event_log.codec import Codec


class MemoryLog:
    """Implements `application.ports.EventLog`. Times in seconds."""

    def __init__(self, *, append_seconds: float = 0.0) -> None:
        self.events: list[AnyRecorded] = []
        self.batches: list[int] = []  # how many events each commit of the sources had
        self.wakes: list[float] = []  # how soon each call of `wake` wanted to be heard
        self.writing = False  # is a batch of the sources under way?
        self.held = False  # do the sources wait for `write`?
        self.to_write, self.to_answer = asyncio.Event(), asyncio.Event()  # what a batch waits for
        self.to_write.set()
        self.to_answer.set()
        self.append_seconds = append_seconds
        self.before_append: Callable[[StreamAppend], None] | None = None
        self.on_commit: Callable[[Sequence[AnyRecorded]], None] | None = None  # must not wait
        self._codec = Codec()
        self._sources: dict[int, tuple[AppendSource, str, str | None]] = {}
        self._there = asyncio.Event()
        self._there.set()
        self._turn = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._rung = False
        self._batch: asyncio.Task[None] | None = None

    # What a test does to it

    def go_away(self) -> None:
        """Reads fail, appends wait."""
        self._there.clear()

    def come_back(self) -> None:
        """As if nothing had been."""
        self._there.set()

    async def write(self) -> None:
        """One batch of the sources, now; with `held` there are no others."""
        self._rung = True
        await self._write_batches()

    def stranger(self, stream_id: UUID, *events: Event) -> list[AnyRecorded]:
        """Somebody else appends at the end of a stream, at once, before whatever waits."""
        first = self.stream(stream_id)[0]
        append = StreamAppend(stream_id, None, events, first.thread_id, first.owner_id)
        return self._write([append], actor="stranger", cause=None)

    def stream(self, stream_id: UUID) -> list[AnyRecorded]:
        """All events of a stream."""
        return [one for one in self.events if one.stream_id == stream_id]

    def check(self, event: Event) -> None:
        """Raises what the log says of an event that it cannot store: ValueError, or a defect."""

    # The port

    async def append(
        self,
        *appends: StreamAppend,
        actor: str,
        cause: str | None = None,
        wait_seconds: float | None = None,
    ) -> list[AnyRecorded]:
        assert appends
        try:
            async with asyncio.timeout(wait_seconds):
                await self._there.wait()
        except TimeoutError:
            raise LogUnavailable from None
        writing = asyncio.ensure_future(self._write_alone(appends, actor=actor, cause=cause))
        done, _ = await asyncio.wait({writing}, timeout=wait_seconds)
        if not done:
            raise OutcomeUnknown
        return writing.result()

    def attach(self, source: AppendSource, *, actor: str, cause: str | None = None) -> None:
        self._sources.setdefault(id(source), (source, actor, cause))

    def detach(self, source: AppendSource) -> None:
        self._sources.pop(id(source), None)

    def wake(self, *, within_seconds: float = 0.0) -> None:
        self.wakes.append(within_seconds)
        if self.held:
            return
        if within_seconds <= 0:
            self._ring()
            return
        loop = asyncio.get_running_loop()
        when = loop.time() + within_seconds
        if self._timer is None or when < self._timer.when():
            self._stop_timer()
            self._timer = loop.call_at(when, self._ring)

    async def read_stream(
        self, stream_id: UUID, *, after: int = 0, chunks: bool = True, limit: int | None = None
    ) -> list[AnyRecorded]:
        found = [one for one in self.stream(stream_id) if one.version > after]
        return await self._read(found, chunks=chunks, limit=limit)

    async def read_thread(
        self, thread_id: UUID, *, after: int = 0, chunks: bool = False, limit: int | None = None
    ) -> list[AnyRecorded]:
        found = [one for one in self.events if one.thread_id == thread_id and one.position > after]
        return await self._read(found, chunks=chunks, limit=limit)

    async def _read(
        self, found: list[AnyRecorded], *, chunks: bool, limit: int | None
    ) -> list[AnyRecorded]:
        await asyncio.sleep(0)
        if not self._there.is_set():
            raise LogUnavailable
        kept = [one for one in found if chunks or not isinstance(one.event, Chunk)]
        return kept[:limit]

    # Writing

    def _ring(self) -> None:
        self._stop_timer()
        self._rung = True
        if self._batch is None:
            self._batch = asyncio.ensure_future(self._write_batches())

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _write_batches(self) -> None:
        try:
            while self._rung:
                self._rung = False
                await self._there.wait()
                taken = [
                    (source, append, actor, cause)
                    for source, actor, cause in list(self._sources.values())
                    if (append := source.take()) is not None
                ]
                if taken:
                    await self._write_taken(taken)
        finally:
            self._batch = None

    async def _write_taken(
        self, taken: Sequence[tuple[AppendSource, StreamAppend, str, str | None]]
    ) -> None:
        async with self._turn:
            self.writing = True
            await asyncio.sleep(self.append_seconds / 2)
            await self._there.wait()
            await self.to_write.wait()
            self.batches.append(sum(len(append.events) for _, append, _, _ in taken))
            answers: list[Callable[[], None]] = []
            for source, append, actor, cause in taken:
                if self.before_append is not None:
                    self.before_append(append)
                try:
                    recorded = self._write([append], actor=actor, cause=cause)
                except (StreamConflict, ValueError) as error:
                    conflict = error if isinstance(error, StreamConflict) else StreamConflict({})
                    answers.append(lambda s=source, c=conflict: s.refused(c))
                else:
                    answers.append(lambda s=source, r=recorded: s.committed(r))
            await asyncio.sleep(self.append_seconds / 2)
            await self.to_answer.wait()
            self.writing = False
        for answer in answers:
            answer()

    async def _write_alone(
        self, appends: Sequence[StreamAppend], *, actor: str, cause: str | None
    ) -> list[AnyRecorded]:
        async with self._turn:
            await asyncio.sleep(self.append_seconds / 2)
            await self._there.wait()
            for append in appends:
                if self.before_append is not None:
                    self.before_append(append)
            recorded = self._write(appends, actor=actor, cause=cause)
            await asyncio.sleep(self.append_seconds / 2)
        return recorded

    def _write(
        self, appends: Sequence[StreamAppend], *, actor: str, cause: str | None
    ) -> list[AnyRecorded]:
        """All or nothing."""
        if conflicts := self._conflicts(appends):
            raise StreamConflict(conflicts)
        for append in appends:
            for event in append.events:
                self.check(event)
        at = time.time_ns() // 1000
        recorded: list[AnyRecorded] = []
        for append in appends:
            version = self._version(append.stream_id)
            for number, event in enumerate(append.events, start=version + 1):
                _, state = self._codec.encode(event, at=at, actor=actor, cause=cause)
                assert b"\\u0000" not in state
                place = append.stream_id, number, len(self.events) + 1
                thread_id, owner_id = append.thread_id, append.owner_id
                one = Recorded(event, *place, at, actor, cause, thread_id, owner_id)
                self.events.append(one)
                recorded.append(one)
        if self.on_commit is not None:
            self.on_commit(recorded)
        return recorded

    def _conflicts(self, appends: Sequence[StreamAppend]) -> dict[UUID, int]:
        return {
            append.stream_id: self._version(append.stream_id)
            for append in appends
            if self._ended(append.stream_id)
            or append.expected not in (None, self._version(append.stream_id))
        }

    def _version(self, stream_id: UUID) -> int:
        stream = self.stream(stream_id)
        return stream[-1].version if stream else 0

    def _ended(self, stream_id: UUID) -> bool:
        return any(BY_TYPE[type(one.event)].terminal for one in self.stream(stream_id))


class MemoryBlobs:
    """Implements `application.ports.BlobStore`."""

    def __init__(self) -> None:
        self.kept: dict[tuple[UUID, str], bytes] = {}

    async def put(self, owner_id: UUID, content: bytes, *, media_type: str) -> str:
        assert media_type
        sha256 = hashlib.sha256(content).hexdigest()
        self.kept[owner_id, sha256] = content
        return sha256

    async def get(self, owner_id: UUID, sha256: str) -> bytes | None:
        return self.kept.get((owner_id, sha256))

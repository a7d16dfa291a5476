"""Open runs on a real database, for the tests of workers."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from application.ports import StreamAppend
from application.threads import Threads
from domain.catalogue import Event
from domain.completion_events import CompletionRequested
from domain.execution_events import ExecutionAwaited, ExecutionDispatched, ExecutionStarted
from domain.ids import uuid7
from domain.thread_events import ThreadStarted
from infrastructure.event_log import PostgresEventLog
from infrastructure.worker.open_runs import OpenRuns


class Runs:
    """One thread, and what runs in it."""

    def __init__(self, log: PostgresEventLog) -> None:
        self.log = log
        self.open_runs = OpenRuns(log.reader.database)
        self.threads = Threads(log)
        self.owner_id, self.thread_id = uuid7(), uuid7()

    async def append(
        self, stream_id: UUID, *events: Event, at: int | None = 0, actor: str = "user"
    ) -> None:
        append = StreamAppend(stream_id, at, events, self.thread_id, self.owner_id)
        await self.log.append(append, actor=actor)

    async def begin_thread(self) -> None:
        await self.append(self.thread_id, ThreadStarted(self.owner_id, "assistant"))

    async def completion(self) -> UUID:
        """One that waits for a worker."""
        completion_id = uuid7()
        requested = CompletionRequested(self.thread_id, uuid7(), "assistant")
        await self.append(completion_id, requested)
        return completion_id

    async def tool(self, *, outside: bool = False, timeout_seconds: int | None = 300) -> UUID:
        """One that waits for a worker, or for somebody outside."""
        execution_id = uuid7()
        task = None if outside else "nowhere:task"
        dispatched = ExecutionDispatched(
            uuid7(), "call_1", "look", task, {}, timeout_seconds=timeout_seconds
        )
        awaited = [ExecutionAwaited()] if outside else []
        await self.append(execution_id, dispatched, *awaited)
        return execution_id

    async def claimed_tool(self, worker_id: UUID) -> UUID:
        """One that a worker holds."""
        execution_id = await self.tool()
        started = ExecutionStarted(1, worker_id)
        await self.append(execution_id, started, at=1, actor=f"worker:{worker_id}")
        return execution_id

    async def names(self, stream_id: UUID) -> list[str]:
        """The classes of its events."""
        return [type(one.event).__name__ for one in await self.log.read_stream(stream_id)]


@asynccontextmanager
async def runs_on(url: str) -> AsyncGenerator[Runs]:
    async with PostgresEventLog(url) as log:
        runs = Runs(log)
        await runs.begin_thread()
        yield runs

"""Everything that a background tool needs around it, in memory: a thread, a log, workers."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, cast
from uuid import UUID

from application.executions.claims import Claimed, ExecutionClaims
from application.executions.execution_run import ExecutionRun
from application.executions.lifecycle import Lifecycle, lifecycle_of, with_async_tool_lifecycle
from application.executions.parts import ExecutionParts
from application.ports import AnyRecorded, StreamAppend
from application.threads import Threads
from application.turns import Turns
from domain.catalogue import BY_TYPE, Event
from domain.execution import Ending
from domain.execution_events import (
    ExecutionAwaited,
    ExecutionDispatched,
    ExecutionEvent,
    ExecutionFinished,
    ExecutionProgressed,
)
from domain.ids import uuid7
from domain.jsonvalue import JsonObject
from domain.thread_events import ThreadStarted
from tests.application.house import no_database
from tests.application.memory_log import MemoryBlobs, MemoryLog

TASK = "shop:task"
Function = Callable[..., Coroutine[Any, Any, object]]


class _Nobody:
    async def completion(self, completion_id: UUID) -> None:
        pass


async def nothing(_execution: object) -> None:
    """A task that is done at once."""


class Shop:
    """One background task, and what becomes of its executions."""

    def __init__(
        self,
        function: Function = nothing,
        *,
        timeout_seconds: int = 300,
        retries: int = 0,
        pause_seconds: float = 0.01,
        look_seconds: float = 60.0,
    ) -> None:
        task = with_async_tool_lifecycle(timeout_seconds=timeout_seconds, retries=retries)(function)
        self.lifecycle = cast("Lifecycle", lifecycle_of(task))
        self.log = MemoryLog()
        self.blobs = MemoryBlobs()
        self.owner_id, self.thread_id, self.completion_id = uuid7(), uuid7(), uuid7()
        self.turns = Turns(self.log, threads=Threads(self.log), wake_up=_Nobody())
        self.free: set[UUID] = set()  # what their workers have given back
        self.seconds_since_begun = 0.0
        self.parts = ExecutionParts(
            log=self.log,
            turns=self.turns,
            blobs=self.blobs,
            sessions=no_database,
            stop_seconds=0.1,
            first_pause_seconds=pause_seconds,
            longest_pause_seconds=pause_seconds,
            progress_seconds=0.05,
            look_seconds=look_seconds,
        )

    async def dispatch(self, *, outside: bool = False, **arguments: Any) -> UUID:
        """An execution that waits. The thread is begun with the first."""
        if not self.log.events:
            started = ThreadStarted(self.owner_id, "assistant")
            await self._append(self.thread_id, started)
        dispatched = ExecutionDispatched(
            completion_id=self.completion_id,
            tool_call_id="call_1",
            tool="run_analysis",
            task=None if outside else TASK,
            arguments=cast("JsonObject", arguments),
            timeout_seconds=self.lifecycle.timeout_seconds,
            retries=self.lifecycle.retries,
        )
        execution_id = uuid7()
        await self._append(execution_id, dispatched, *([ExecutionAwaited()] if outside else []))
        return execution_id

    async def _append(self, stream_id: UUID, *events: Event) -> None:
        append = StreamAppend(stream_id, 0, events, self.thread_id, self.owner_id)
        await self.log.append(append, actor="user")

    def claims(self, *, knows: bool = True) -> ExecutionClaims:
        """Of a worker of its own."""

        async def is_unclaimed(execution_id: UUID) -> bool:
            return execution_id in self.free

        async def seconds_since(position: int) -> float:
            assert position
            return self.seconds_since_begun

        return ExecutionClaims(
            self.log,
            turns=self.turns,
            worker_id=uuid7(),
            is_unclaimed=is_unclaimed,
            seconds_since=seconds_since,
            find=lambda task: self.lifecycle if knows and task == TASK else None,
        )

    async def claim(self, execution_id: UUID) -> Claimed:
        """As a new worker, whoever held it."""
        self.free.add(execution_id)
        claimed = await self.claims().claim(execution_id)
        self.free.discard(execution_id)
        assert claimed is not None
        return claimed

    async def begin(self, execution_id: UUID | None = None) -> ExecutionRun:
        """Claim it, or a new one, and start."""
        found = execution_id or await self.dispatch()
        return ExecutionRun(self.parts, await self.claim(found))

    async def run(self, **arguments: Any) -> Ending:
        """Dispatch, claim, and run to the end, which is returned."""
        execution_id = await self.dispatch(**arguments)
        run = await self.begin(execution_id)
        await finished(run)
        return self.ending(execution_id)

    def events(self, execution_id: UUID | None = None) -> Sequence[ExecutionEvent]:
        """Of one execution, or of the only one."""
        found = self.recorded(execution_id)
        return [cast("ExecutionEvent", one.event) for one in found]

    def recorded(self, execution_id: UUID | None = None) -> Sequence[AnyRecorded]:
        """The same as they stand in the log."""
        first = next(one for one in self.log.events if isinstance(one.event, ExecutionDispatched))
        return self.log.stream(execution_id or first.stream_id)

    def names(self, execution_id: UUID | None = None) -> list[str]:
        """Without `tool.`"""
        return [
            BY_TYPE[type(event)].name.removeprefix("tool.") for event in self.events(execution_id)
        ]

    def ending(self, execution_id: UUID | None = None) -> Ending:
        """The terminal event: the last one and the only one."""
        events = self.events(execution_id)
        endings = [event for event in events if BY_TYPE[type(event)].terminal]
        assert endings == [events[-1]]
        return cast("Ending", endings[0])

    def finished(self, execution_id: UUID | None = None) -> ExecutionFinished:
        """It has ended with a result."""
        ending = self.ending(execution_id)
        assert isinstance(ending, ExecutionFinished), ending
        return ending

    def progress(self) -> list[float]:
        """What was recorded of it."""
        return [one.fraction for one in self.events() if isinstance(one, ExecutionProgressed)]


async def finished(run: ExecutionRun) -> str:
    """How it ended."""
    return await asyncio.wait_for(run.finished(), 10)

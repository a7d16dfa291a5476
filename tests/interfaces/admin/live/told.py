"""An answer as the log has it when a worker gives it, event by event, with tools of both kinds."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from application.commands.completions import load_completion
from application.ports import StreamAppend
from domain.completion_events import (
    Chunk,
    ChunkKind,
    CompletionEvent,
    CompletionFinished,
    MessageRecorded,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
    Usage,
)
from domain.execution_events import (
    ExecutionDispatched,
    ExecutionEvent,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
)
from domain.jsonvalue import JsonObject
from tests.domain.answers import NOTHING_SAID
from tests.interfaces.http.house import House, Json, Person
from tests.interfaces.http.worker import Worker


class Told:
    """One answer, claimed; each call returns the position of its last event."""

    def __init__(self, house: House, owner: Person, started: Json) -> None:
        self.thread_id = UUID(started["thread_id"])
        self.id = UUID(started["completion_id"])
        self._house = house
        self.owner_id = owner.id
        self._version = 0  # with chunks

    @classmethod
    async def of(cls, house: House, owner: Person, started: Json) -> "Told":
        await Worker.claim(house, started["completion_id"])
        return cls(house, owner, started)

    async def say(self, *texts: str, kind: ChunkKind = "text", step: int = 2) -> int:
        return await self._add(
            self.id, [Chunk(1, step, 0, kind, text, ((len(text), 0),)) for text in texts]
        )

    async def record(self, *parts: JsonObject) -> int:
        """What the model said in one step, as its history has it."""
        return await self._add(
            self.id, [MessageRecorded(1, 1, {"kind": "response", "parts": list(parts)})]
        )

    async def call(self, tool: str) -> int:
        """A tool that is over before the answer goes on."""
        await self._add(self.id, [ToolCalled(1, 1, tool, tool, {"of": "the <house>"})])
        return await self._add(self.id, [ToolReturned(tool, tool, "completed", '{"rooms": 3}')])

    async def dispatch(self, tool: str) -> UUID:
        """One that works in the background, in a worker."""
        execution = uuid4()
        called = ToolCalled(1, 1, tool, tool, {})
        await self._add(self.id, [called, ToolDispatched(tool, execution, tool, {})])
        begun = [
            ExecutionDispatched(self.id, tool, tool, "task", {}),
            ExecutionStarted(1, uuid4()),
        ]
        await self._add(execution, begun, expected=0)
        return execution

    async def progress(self, execution: UUID, fraction: float) -> int:
        return await self._add(execution, [ExecutionProgressed(fraction, "on it")])

    async def end_tool(self, execution: UUID) -> int:
        return await self._add(execution, [ExecutionFinished({"is": 1}, "It is 1.", "Found one")])

    async def finish(self) -> int:
        completion = await load_completion(self._house.log, self.id)
        assert completion is not None
        answer = replace(NOTHING_SAID, usage=Usage(requests=1), model="test-model")
        return await self._house.turns.end(
            replace(completion, version=self._version),
            events=[CompletionFinished(1, answer)],
            outcome="finished",
            answered=True,
            actor="worker:test",
        )

    async def _add(
        self,
        stream_id: UUID,
        events: Sequence[CompletionEvent | ExecutionEvent],
        *,
        expected: int | None = None,
    ) -> int:
        append = StreamAppend(stream_id, expected, events, self.thread_id, self.owner_id)
        recorded = await self._house.log.append(append, actor="worker:test")
        if stream_id == self.id:
            self._version = recorded[-1].version
        return recorded[-1].position

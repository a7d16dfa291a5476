"""A worker that answers as a test tells it, through the real log."""

from dataclasses import replace
from uuid import UUID, uuid4

from application.claims import Claims
from application.ports import StreamAppend
from domain.completion import Completion
from domain.completion_events import (
    Chunk,
    CompletionEvent,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionWaiting,
    MessageRecorded,
    ToolCalled,
    ToolDispatched,
    Usage,
)
from domain.execution_events import ExecutionDispatched
from infrastructure.worker.open_runs import OpenRuns
from tests.domain.answers import NOTHING_SAID
from tests.interfaces.http.house import House


class Worker:
    """Answers one completion, step by step as the test wants."""

    def __init__(self, house: House, completion: Completion) -> None:
        self._house = house
        self._completion = completion

    @classmethod
    async def claim(cls, house: House, completion_id: str) -> "Worker":
        claims = Claims(
            house.log,
            turns=house.turns,
            worker_id=uuid4(),
            is_unclaimed=OpenRuns(house.log.reader.database).is_unclaimed,
        )
        completion = await claims.claim(UUID(completion_id))
        assert completion is not None
        return cls(house, completion)

    async def say(self, *texts: str) -> int:
        """A chunk for each text; the position of the last one."""
        return await self._write(*(_chunk(text) for text in texts))

    async def record(self, text: str) -> int:
        """The step is done, with this text."""
        message = {"kind": "response", "parts": [{"part_kind": "text", "content": text}]}
        return await self._write(MessageRecorded(1, 1, message))  # pyright: ignore[reportArgumentType]

    async def lose(self, kept_through: int) -> int:
        """What was said after this position is void."""
        return await self._write(CompletionInterrupted(1, kept_through, "worker_lost"))

    async def dispatch(self) -> UUID:
        """A background tool of this answer; its execution."""
        execution, completion = uuid4(), self._completion
        await self._write(ToolDispatched("call", execution, "analyse", {}))
        dispatched = ExecutionDispatched(completion.id, "call", "analyse", "task", {})
        append = StreamAppend(execution, 0, [dispatched], completion.thread_id, completion.owner_id)
        await self._house.log.append(append, actor="worker:test")
        return execution

    async def ask_first(self, *calls: str) -> int:
        """A person must approve these calls; no worker is held."""
        called = [ToolCalled(1, 1, call, "delete", {"file": call}) for call in calls]
        return await self._write(*called, CompletionWaiting(calls))

    async def finish(self) -> int:
        answer = replace(
            NOTHING_SAID,
            usage=Usage(requests=1, input_tokens=3, output_tokens=5),
            model="test-model",
            cost_microdollars=42,
            time_to_first_token_ms=7,
            duration_ms=70,
        )
        return await self._house.turns.end(
            self._completion,
            events=[CompletionFinished(1, answer)],
            outcome="finished",
            answered=True,
            actor="worker:test",
        )

    async def fail(self) -> int:
        failed = CompletionFailed(1, "rate_limited", "Too many requests.", NOTHING_SAID)
        return await self._house.turns.end(
            self._completion,
            events=[failed],
            outcome="failed",
            answered=False,
            actor="worker:test",
        )

    async def _write(self, *events: CompletionEvent) -> int:
        completion = self._completion
        append = StreamAppend(
            completion.id, completion.version, events, completion.thread_id, completion.owner_id
        )
        recorded = await self._house.log.append(append, actor="worker:test")
        last = recorded[-1]
        self._completion = replace(completion, version=last.version, position=last.position)
        return last.position


async def ask_first(house: House, completion_id: str, *calls: str) -> int:
    """Claimed, and then a person must approve these calls; the position of the last event."""
    worker = await Worker.claim(house, completion_id)
    return await worker.ask_first(*calls)


async def answer(house: House, completion_id: str, text: str = "Hello yourself.") -> int:
    """The whole answer at once; the position of its end."""
    worker = await Worker.claim(house, completion_id)
    await worker.say(*text.split(" "))
    await worker.record(text)
    return await worker.finish()


def _chunk(text: str) -> Chunk:
    return Chunk(attempt=1, step=1, part=0, kind="text", text=text, deltas=((len(text), 0),))

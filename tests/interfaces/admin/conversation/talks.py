"""Conversations of the real engine, in memory: all that a page may have to show."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic_ai import ModelRetry, RunContext
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall
from taskiq import async_shared_broker

from application.agents import AgentDeps, AgentSpec
from application.commands.executions import load_execution
from application.commands.messages import (
    NewMessage,
    PostMessage,
    WithdrawMessage,
    post_message,
    withdraw_message,
)
from application.commands.threads import ArchiveThread, RenameThread, archive_thread, rename_thread
from application.executions.dispatch import create_async_tool_execution
from application.executions.lifecycle import with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from application.model_retries import ModelRetries
from application.ports import AnyRecorded
from application.tool_results import PendingResult
from application.tools import tool
from domain.completion_events import ApprovalAnswered, CancelRequested, ToolDispatched
from domain.content import TextPart
from domain.execution import Ending
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
    ExecutionTimedOut,
)
from domain.ids import uuid7
from domain.thread_events import QueueMode
from tests.application.house import House, Running, until

MARKDOWN = (
    "# Head & <b>ing\n\nOne *word* and `code`,\nand [a link](https://example.org/?a=1&b=2).\n\n"
    "- first\n- second\n  - inner **bold\n\n```python\ndef f():\n    return '<x>'\n```\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n> more\n\nLast words"
)


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=30)
async def study(execution: ToolExecution) -> None:
    """Declared, and never run here."""


def pieces(text: str, size: int = 7) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def call(name: str, call_id: str, arguments: str = "{}") -> dict[int, DeltaToolCall]:
    number = int(call_id.rpartition("-")[2])
    return {number: DeltaToolCall(name, arguments, tool_call_id=call_id)}


@dataclass
class Talk:
    """One thread. The model's answers stand in `script`: for each request, its pieces."""

    script: list[list[Any]] = field(default_factory=list[list[Any]])
    hold: asyncio.Event = field(default_factory=asyncio.Event)  # what an Event in a script awaits
    house: House = field(init=False)
    thread_id: UUID | None = None

    def __post_init__(self) -> None:
        @tool(effect="none")
        async def look(at: str = "here") -> dict[str, Any]:
            return {"at": at, "found": [1, 2, {"more": "<tag>"}]}

        @tool(effect="none")
        async def slow() -> str:
            await self.hold.wait()
            return "late"

        @tool(effect="none")
        async def picky(n: int) -> str:
            if n > 1:
                raise ModelRetry("Smaller, please.")
            raise ValueError("a defect")

        @tool(requires_approval=True)
        async def pay(to: str) -> str:
            return f"paid {to}"

        async def research(ctx: RunContext[AgentDeps], topic: str) -> PendingResult:
            execution = await create_async_tool_execution(ctx, study)
            return PendingResult(ref_type="execution", ref_id=str(execution.id))

        tools = [look, slow, picky, pay, research]
        retries = ModelRetries(most=2, first_seconds=0.001)
        self.house = House(self._model, spec=AgentSpec(tools=tools), model_retries=retries)

    async def _model(self, _told: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        for piece in self.script.pop(0):
            if isinstance(piece, asyncio.Event):
                await piece.wait()
            elif isinstance(piece, Exception):
                raise piece
            else:
                yield piece
            self.house.log.wake()  # each piece a chunk of its own
            await asyncio.sleep(0.001)

    async def begin(self, text: str, *script: list[Any]) -> Running:
        self.script += script
        running = await self.house.begin(text, thread_id=self.thread_id)
        self.thread_id = running.thread_id
        return running

    async def answer(self, text: str, *script: list[Any]) -> Running:
        running = await self.begin(text, *script)
        await running.end()
        return running

    @property
    def id(self) -> UUID:
        """Once it has begun."""
        assert self.thread_id is not None
        return self.thread_id

    @property
    def events(self) -> list[AnyRecorded]:
        return self.house.log.events

    async def post(self, text: str, mode: QueueMode, *, parent: UUID | None = None) -> UUID:
        message = NewMessage(uuid7(), (TextPart(text),))
        post = PostMessage(self.house.user, self.id, message, when_busy=mode, parent_id=parent)
        await post_message(self.house.app, post)
        return message.id

    async def go_on(self, *script: list[Any], lost: bool = False) -> Running:
        """Whoever has the turn is answered by a new worker, to the end."""
        self.script += script
        thread = await self.house.threads.get(self.id)
        assert thread.turn is not None
        completion = await self.house.claim(thread.turn.completion_id, lost=lost)
        running = Running(self.house, completion, run=self.house.engine.start(completion))
        await running.end()
        return running

    async def cancel(self, running: Running) -> None:
        self.house.log.stranger(running.completion.id, CancelRequested("That is enough."))
        await running.run.look()
        await running.end()

    async def arrive(self, execution_id: UUID, ending: Ending) -> None:
        execution = await load_execution(self.house.log, execution_id)
        assert execution is not None
        await self.house.turns.end_tool(execution, events=[ending], actor="system")


async def markdown_and_reasoning() -> Talk:
    talk = Talk()
    thought = [{0: DeltaThinkingPart(content=piece)} for piece in pieces("Let me *think*.\n\nSo.")]
    await talk.answer("Write **me** something <b>long</b>", [*thought, *pieces(MARKDOWN)])
    await talk.answer("And now?", ["No", "thing"])
    await rename_thread(talk.house.app, RenameThread(talk.house.user, talk.id, "A <new> name"))
    return talk


async def tools_of_every_kind() -> Talk:
    talk = Talk()
    talk.hold.set()
    await talk.answer(
        "Use them",
        [
            "Let me look. ",
            call("look", "c-1", '{"at": "x & y"}'),
            call("slow", "c-2"),
            call("picky", 'c 3"-3', '{"n": 1}'),
            call("picky", "c-4", '{"n": 2}'),
            call("picky", "c-5", '{"n": "no"}'),
            call("nothing", "c-6", '{"a": '),
        ],
        ["That is *it", "*. ", call("look", "c-1", '{"at": "again"}')],
        ["Done."],
    )
    return talk


async def approvals() -> Talk:
    talk = Talk()
    running = await talk.begin(
        "Pay them",
        ["Well. ", call("pay", "c-1", '{"to": "Ann"}'), call("look", "c-2"),
         call("pay", "c-3", '{"to": "Bob"}')],
    )  # fmt: skip
    assert await running.end() == "waiting"
    stranger = talk.house.log.stranger
    stranger(running.completion.id, ApprovalAnswered("c-1", approved=True))
    stranger(running.completion.id, ApprovalAnswered("c-3", approved=False, reason="Not Bob."))
    await talk.go_on(["Paid Ann."])
    second = await talk.begin("Again", ["Hm. ", call("pay", "c-4", '{"to": "Eve"}')])
    assert await second.end() == "waiting"
    await talk.post("No, do not", "steer")
    talk.house.log.stranger(
        second.completion.id, ApprovalAnswered("c-4", approved=False, reason="The user wrote.")
    )
    await talk.go_on(["As you like."])
    return talk


async def stopped_and_failed() -> Talk:
    talk = Talk()
    thought = {0: DeltaThinkingPart(content="Hm, a *thought")}
    running = await talk.begin("Stop me", [thought, "Once **upon", " a time", talk.hold])
    await until(lambda: "a time" in running.text())
    await talk.cancel(running)
    silent = await talk.begin("Say nothing", [asyncio.Event()])
    await until(lambda: not talk.script)
    await talk.cancel(silent)
    await talk.answer("Fail", ["Half an ans", ValueError("secret")])
    await talk.answer("Fail at once", [ValueError("secret")])
    busy = await talk.begin("In a tool", ["Let me ", call("slow", "c-1"), call("look", "c-2")])
    await until(lambda: "tool_returned" in busy.names)
    await talk.cancel(busy)
    return talk


async def tried_again() -> Talk:
    talk = Talk()
    await talk.answer(
        "Try",
        ["First ", "try", ConnectionError()],
        ["Second\n\n", call("look", "c-1")],
        [{0: DeltaThinkingPart(content="Again?")}, "third", ConnectionError()],
        ["It *works", "*."],
    )
    running = await talk.begin("Lose it", ["Lost ", call("look", "c-2")], ["words", talk.hold])
    await until(lambda: "words" in running.text())
    lost = await talk.house.claim(running.completion.id, lost=True)
    await running.run.look()
    talk.script += [["found ", "words"]]
    again = Running(talk.house, lost, run=talk.house.engine.start(lost))
    assert await again.end() == "finished"
    return talk


async def queue_steer_and_interrupt() -> Talk:
    talk = Talk()
    running = await talk.begin("One", ["Wait. ", call("slow", "c-1")], ["Two it is", talk.hold])
    await until(lambda: "tool_called" in running.names)
    await talk.post("rather two", "steer")
    waits = await talk.post("and five?", "enqueue")
    gone = await talk.post("and *six*?", "enqueue")
    withdraw = WithdrawMessage(talk.house.user, talk.id, gone)
    await withdraw_message(talk.house.app, withdraw)
    talk.hold.set()
    await running.end()
    talk.hold.clear()
    talk.script += [["Five is ", "odd", talk.hold]]
    thread = await talk.house.threads.get(talk.id)
    assert thread.turn is not None
    assert thread.turn.message_id == waits
    completion = await talk.house.claim(thread.turn.completion_id)
    second = Running(talk.house, completion, run=talk.house.engine.start(completion))
    await until(lambda: "odd" in second.text())
    await talk.post("Stop: seven", "interrupt")
    await second.run.look()
    await second.end()
    await talk.go_on(["Seven."])
    await talk.post("Another five?", "enqueue", parent=running.completion.id)
    await talk.go_on(["Another branch."])
    archive = ArchiveThread(talk.house.user, talk.id)
    await archive_thread(talk.house.app, archive)
    return talk


async def background_tools() -> Talk:
    talk = Talk()
    names = [f"c-{n}" for n in range(1, 6)]
    calls = [call("research", name, '{"topic": "x"}') for name in names]
    running = await talk.answer("Study", ["I begin. ", *calls], ["They are at it."])
    one, two, three, four, five = [event.execution_id for event in running.of(ToolDispatched)]
    log, worker = talk.house.log, uuid7()
    for execution in (one, two, three):
        log.stranger(execution, ExecutionStarted(1, worker))
    log.stranger(one, ExecutionProgressed(0.25, "a quarter"))
    log.stranger(one, ExecutionProgressed(0.5))
    log.stranger(one, ExecutionStarted(2, worker), ExecutionProgressed(0.75, "again"))
    await talk.arrive(two, ExecutionFailed("not_found", "No such <thing>."))
    await talk.arrive(one, ExecutionFinished({"n": 1}, '{"n": 1}', "One was found."))
    log.stranger(three, ExecutionCancelRequested("enough"))
    await talk.go_on(["Of *two* I know."])
    await talk.arrive(three, ExecutionCancelled("enough"))
    await talk.arrive(four, ExecutionTimedOut(30))
    await talk.go_on(["And of two more."])
    log.stranger(five, ExecutionStarted(1, worker), ExecutionProgressed(0.1))
    return talk


TALKS: dict[str, Callable[[], Awaitable[Talk]]] = {
    made.__name__: made
    for made in (
        markdown_and_reasoning,
        tools_of_every_kind,
        approvals,
        stopped_and_failed,
        tried_again,
        queue_steer_and_interrupt,
        background_tools,
    )
}

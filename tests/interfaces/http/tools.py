"""Background tools as a worker, or somebody outside, would have them in the log."""

from uuid import UUID, uuid4

from application.commands.executions import load_execution
from application.ports import StreamAppend
from domain.execution_events import ExecutionAwaited, ExecutionDispatched, ExecutionEvent
from tests.interfaces.http.house import House, Person
from tests.interfaces.http.worker import answer


class Tool:
    """A background tool of an idle thread, and what happens to it."""

    def __init__(self, house: House, owner: Person, *, thread: UUID, completion: UUID) -> None:
        self.id = uuid4()
        self.path = f"/v1/tool-executions/{self.id}"
        self.thread = thread
        self.completion = completion
        self._house = house
        self._owner = owner

    async def happens(self, *events: ExecutionEvent, new: bool = False) -> None:
        append = StreamAppend(self.id, 0 if new else None, events, self.thread, self._owner.id)
        await self._house.log.append(append, actor="worker:test")

    async def ends(self, event: ExecutionEvent) -> None:
        execution = await load_execution(self._house.log, self.id)
        assert execution is not None
        turns = self._house.resources.application.turns
        await turns.end_tool(execution, events=[event], actor="worker:test")

    async def events(self) -> list[str]:
        """The names of the public ones of its thread, from its own first one on."""
        page = await self._owner.get(f"/v1/threads/{self.thread}/events", limit=1000)
        names = [one["name"] for one in page["items"]]
        return names[names.index("thread.turn_ended") + 1 :]


async def hand_over(
    house: House, owner: Person, *, task: str | None = "analyse_task", continues: bool = False
) -> Tool:
    """Dispatched in an answer that has ended since."""
    started = await owner.start()
    completion = started["completion_id"]
    await answer(house, completion)
    tool = Tool(house, owner, thread=UUID(started["thread_id"]), completion=UUID(completion))
    dispatched = ExecutionDispatched(
        tool.completion, "call_1", "analyse", task, {}, timeout_seconds=300, continues=continues
    )
    outside = [ExecutionAwaited()] if task is None else []
    await tool.happens(dispatched, *outside, new=True)
    return tool

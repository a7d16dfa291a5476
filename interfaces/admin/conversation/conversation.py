"""A conversation: what was said and answered on its current branch, and what waits."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, TypeAlias, cast
from uuid import UUID

from domain import completion_events as completion
from domain import execution_events as execution
from domain import thread_events as thread
from domain.catalogue import Event
from domain.content import text_of
from domain.execution import Ending
from domain.recorded import Recorded
from domain.thread_events import QueueMode
from interfaces.admin.conversation.answer import Answer, moment
from interfaces.admin.conversation.changes import Changes, Place
from interfaces.admin.conversation.tool_box import Telling, ToolBox
from interfaces.admin.conversation.totals import Totals

SaidStatus: TypeAlias = Literal["queued", "delivered", "withdrawn"]


@dataclass(eq=False)
class Said:
    """What a person wrote."""

    kind: ClassVar[str] = "said"
    id: UUID
    text: str
    at: datetime
    status: SaidStatus = "delivered"
    mode: QueueMode = "enqueue"  # why it waits, where it does
    parent_id: UUID | None = None

    @property
    def element_id(self) -> str:
        """Of the message in the conversation."""
        return f"said-{self.id}"


Item: TypeAlias = Said | Answer


@dataclass(eq=False)
class Conversation:
    """Goes on with `apply`, event by event; never refuses one."""

    id: UUID
    title: str | None = None
    agent: str = ""
    archived: bool = False
    position: int = 0  # of the last event that was applied
    active: Answer | None = None  # whose turn it is
    head: UUID | None = None
    queue: list[Said] = field(default_factory=list[Said])
    totals: Totals = field(default_factory=Totals)
    said: dict[UUID, Said] = field(default_factory=dict[UUID, Said])
    answers: dict[UUID, Answer] = field(default_factory=dict[UUID, Answer])
    changes: Changes = field(default_factory=Changes)
    _loose: defaultdict[UUID, list[UUID]] = field(
        default_factory=lambda: defaultdict[UUID, list[UUID]](list)
    )  # message -> what was asked for it and gave no answer
    _executions: dict[UUID, tuple[Answer, ToolBox]] = field(
        default_factory=dict[UUID, tuple[Answer, ToolBox]]
    )
    _items: list[Item] | None = None

    @property
    def items(self) -> Sequence[Item]:
        """From the first message to the last, the answer that is under way included."""
        if self._items is None:
            self._items = self._ordered()
        return self._items

    def apply(self, recorded: Recorded[Event]) -> None:
        """One more event of the thread's streams; nothing where it was applied already."""
        if recorded.position <= self.position:
            return
        self.position = recorded.position
        event = recorded.event
        if isinstance(event, thread.ThreadEvent):
            self._hear(event, moment(recorded))
        elif isinstance(event, completion.CompletionEvent):
            self._hear_answer(recorded, event)
        elif isinstance(event, execution.ExecutionEvent):
            self._hear_tool(recorded.stream_id, event)

    def _hear(self, event: thread.ThreadEvent, at: datetime) -> None:
        match event:
            case thread.ThreadStarted():
                self.title, self.agent = event.title, event.agent
                self._mark("title", "status")
            case thread.MessageAdded():
                text = text_of(event.parts)
                said = Said(event.message_id, text, at, parent_id=event.parent_id)
                self.said[said.id] = said
                self._move(event.message_id)
            case thread.MessageQueued():
                text = text_of(event.parts)
                self._enqueue(Said(event.message_id, text, at, "queued", event.mode))
            case thread.MessageDelivered():
                if said := self._leave_queue(event.message_id, "delivered"):
                    said.parent_id = event.parent_id
                    self._move(said.id)
            case thread.MessageWithdrawn():
                self._leave_queue(event.message_id, "withdrawn")
            case thread.ThreadCompletionRequested():
                self._begin_turn(event)
            case thread.TurnEnded():
                self._end_turn(event)
            case thread.HeadMoved():
                self._move(event.head)
            case thread.ResultArrived():
                self._tell(event.execution_id, "waits")
            case thread.ResultDelivered():
                self._tell(event.execution_id, "told")
            case thread.ThreadRenamed():
                self.title = event.title
                self._mark("title")
            case thread.ThreadArchived():
                self.archived = True
                self._mark("status", "actions")

    def _hear_answer(self, recorded: Recorded[Event], event: completion.CompletionEvent) -> None:
        answer = self.answers.get(recorded.stream_id)
        if answer is None:
            if not isinstance(event, completion.CompletionRequested):
                return
            answer = self._answer(recorded.stream_id, below=event.message_id)
        answer.hear(cast("Recorded[completion.CompletionEvent]", recorded))
        self.changes.answers.add(answer.id)
        match event:
            case completion.InputTaken(message_ids=taken) if taken:
                answer.below = taken[-1]
                self._reorder()
            case completion.ToolDispatched():
                box = answer.tools[event.tool_call_id]
                self._executions[event.execution_id] = (answer, box)
            case completion.CompletionWaiting():
                tools = ", ".join(box.tool for box in answer.waiting_for)
                self.changes.news.append(f"Approval needed: {tools}")
            case completion.CompletionFinished():
                self._end(event.answer, "Answer finished")
            case completion.CompletionFailed():
                self._end(event.answer, f"The answer failed: {event.message}")
            case completion.CompletionCancelled():
                self._end(event.answer, "Answer stopped")
            case _:
                pass
        if not isinstance(event, completion.Chunk | completion.MessageRecorded):
            self._mark("status", "actions")

    def _hear_tool(self, execution_id: UUID, event: execution.ExecutionEvent) -> None:
        found = self._executions.get(execution_id)
        if found is None:
            return
        answer, box = found
        answer.hear_tool(box, event)
        self.changes.answers.add(answer.id)
        if isinstance(event, Ending):
            self.changes.news.append(f"{box.tool}: {box.state.replace('_', ' ')}")

    def _tell(self, execution_id: UUID, telling: Telling) -> None:
        if found := self._executions.get(execution_id):
            answer, box = found
            answer.tell(box, telling)
            self.changes.answers.add(answer.id)

    def _answer(self, completion_id: UUID, *, below: UUID) -> Answer:
        answer = self.answers.get(completion_id)
        if answer is None:
            answer = self.answers[completion_id] = Answer(completion_id, below)
        return answer

    def _move(self, head: UUID | None) -> None:
        self.head = head
        self._reorder()

    def _begin_turn(self, event: thread.ThreadCompletionRequested) -> None:
        self.active = self._answer(event.completion_id, below=event.message_id)
        self._reorder()
        self._mark("status", "actions")

    def _end_turn(self, event: thread.TurnEnded) -> None:
        answer, self.active = self.answers.get(event.completion_id), None
        if answer is not None and not event.answered:
            self._loose[answer.below].append(answer.id)
        self._move(event.head)
        self._mark("status", "actions")

    def _end(self, ending: completion.Answer, news: str) -> None:
        self.totals.add(ending)
        self.changes.news.append(news)

    def _enqueue(self, said: Said) -> None:
        """At the end; who interrupts stands in front, behind those who did so before."""
        self.said[said.id] = said
        before = len(self.queue)
        if said.mode == "interrupt":
            before = sum(one.mode == "interrupt" for one in self.queue)
        self.queue.insert(before, said)
        self._mark("queue")

    def _leave_queue(self, message_id: UUID, status: SaidStatus) -> Said | None:
        said = self.said.get(message_id)
        if said is None:
            return None
        said.status = status
        self.queue = [one for one in self.queue if one is not said]
        self._mark("queue")
        return said

    def _reorder(self) -> None:
        self._items, self.changes.order = None, True

    def _mark(self, *places: Place) -> None:
        self.changes.places.update(places)

    def _ordered(self) -> list[Item]:
        items: list[Item] = []
        for item in self._branch():
            loose = (self.answers[name] for name in self._loose.get(item.id, ()))
            items += [item, *loose]
        active = self.active
        if active is not None and active.below == self.head:
            items.append(active)
        return items

    def _branch(self) -> list[Item]:
        """The path from the first message to the head."""
        path: list[Item] = []
        met: set[UUID] = set()
        step = self.head
        while step is not None and step not in met:
            met.add(step)
            item = self.said.get(step) or self.answers.get(step)
            if item is None:
                break
            path.append(item)
            step = item.parent_id if isinstance(item, Said) else item.below
        return path[::-1]

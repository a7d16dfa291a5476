"""One answer as pages show it, folded from its completion's events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from domain import completion_events as told
from domain.completion import ENDED, Status
from domain.completion_events import CompletionEvent
from domain.execution_events import ExecutionEvent
from domain.recorded import Recorded
from interfaces.admin.conversation.answer_parts import AnswerParts, Part
from interfaces.admin.conversation.changes import AnswerChanges
from interfaces.admin.conversation.text import Text
from interfaces.admin.conversation.tool_box import Telling, ToolBox


@dataclass(eq=False)
class Answer:
    """How it stands, what it used, and its parts."""

    kind: ClassVar[str] = "answer"
    id: UUID  # of the completion
    below: UUID  # the message that it stands below
    changes: AnswerChanges = field(default_factory=AnswerChanges)
    agent: str | None = None
    model: str | None = None
    status: Status = "pending"
    attempt: int = 0
    requested_at: datetime | None = None
    started_at: datetime | None = None  # the first claim
    ended_at: datetime | None = None
    ending: told.Answer | None = None  # usage, cost and times
    error: told.CompletionFailed | None = None
    stop_asked: bool = False
    stop_reason: str | None = None
    trouble: str | None = None  # why it is tried again
    _parts: AnswerParts = field(init=False)

    def __post_init__(self) -> None:
        self._parts = AnswerParts(self.id, self.changes)

    @property
    def element_id(self) -> str:
        """Of the whole answer."""
        return f"answer-{self.id}"

    @property
    def is_under_way(self) -> bool:
        """May more of it come?"""
        return self.status not in ENDED

    @property
    def parts(self) -> Sequence[Part]:
        """In their order."""
        return self._parts.all

    @property
    def texts(self) -> Iterator[Text]:
        """All that is text."""
        return self._parts.texts

    @property
    def markdown(self) -> str:
        """What it says as its model wrote it, without what the model said to itself."""
        return "\n\n".join(text.text for text in self.texts if text.kind == "text")

    @property
    def unshown(self) -> int:
        """Characters that it said before it broke off, and that only its chunks have."""
        if self.ending is None or self.status == "completed":
            return 0
        shown = sum(len(text.text) for text in self.texts if text.kind == "text")
        return max(0, self.ending.characters - shown)

    @property
    def tools(self) -> dict[str, ToolBox]:
        """By the ids of their calls."""
        return self._parts.tools

    @property
    def waiting_for(self) -> Sequence[ToolBox]:
        """Calls that a person must decide on."""
        return [box for box in self.tools.values() if box.state == "waiting"]

    def hear(self, recorded: Recorded[CompletionEvent]) -> None:
        """One more event of its completion."""
        match event := recorded.event:
            case told.CompletionRequested():
                self.agent, self.model = event.agent, event.model
                self.requested_at = moment(recorded)
            case told.CompletionStarted():
                self.status, self.attempt = "processing", event.attempt
                self.started_at = self.started_at or moment(recorded)
            case told.Chunk():
                self.changes.foot |= self.trouble is not None
                self.trouble = None
                self._parts.say(event)
                return
            case told.MessageRecorded():
                if event.message.get("kind") == "response":
                    self._parts.record(event.message, position=recorded.position)
                return
            case told.ToolCalled(tool_call_id=call, tool=tool):
                self._parts.box(call, tool).called(event, position=recorded.position)
            case told.ToolReturned(tool_call_id=call, tool=tool):
                self._parts.box(call, tool).returned(event)
            case told.ToolDispatched(tool_call_id=call, tool=tool):
                self._parts.box(call, tool).dispatched(event)
            case told.CompletionWaiting():
                self.status = "waiting"
                self._parts.ask(event.tool_call_ids)
            case told.ApprovalAnswered(tool_call_id=call):
                self.status = "pending"
                if call in self.tools:
                    self._parts.box(call, "").answered(event)
            case told.CancelRequested():
                self.stop_asked, self.stop_reason = True, event.reason
            case told.CompletionInterrupted():
                self.status, self.trouble = "pending", event.message
                self._parts.void_after(event.kept_through)
            case told.CompletionFinished():
                self._end(event.answer, "completed", moment(recorded))
            case told.CompletionFailed():
                self.error = event
                self._end(event.answer, "failed", moment(recorded))
            case told.CompletionCancelled():
                self.stop_reason = event.reason
                self._end(event.answer, "cancelled", moment(recorded))
            case told.InputTaken() | told.ModelRequested():
                return
        self.changes.foot = True

    def hear_tool(self, box: ToolBox, event: ExecutionEvent) -> None:
        """One more event of a background tool of this answer."""
        self._change(box, whole=box.hear(event))

    def tell(self, box: ToolBox, telling: Telling) -> None:
        """A background tool's result waits for the model, or has reached it."""
        box.telling = telling
        self._change(box)

    def _change(self, box: ToolBox, *, whole: bool = True) -> None:
        if self.tools.get(box.call_id) is box:  # else it is void
            self.changes.box(box, whole=whole)

    def _end(self, ending: told.Answer, status: Status, at: datetime) -> None:
        self.status, self.ending, self.ended_at, self.trouble = status, ending, at, None
        self.model = ending.model or self.model
        self._parts.end(ending)


def moment(recorded: Recorded[object]) -> datetime:
    """To the millisecond: public events tell no more."""
    return datetime.fromtimestamp(recorded.at // 1000 / 1000, UTC)

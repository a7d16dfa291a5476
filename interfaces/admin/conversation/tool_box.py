"""One call of a tool: what was asked, how far it is, what came of it."""

import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias
from uuid import UUID, uuid5

from domain.completion_events import (
    ApprovalAnswered,
    ToolCalled,
    ToolDispatched,
    ToolOutcome,
    ToolReturned,
)
from domain.execution import Status as ExecutionStatus
from domain.execution_events import (
    ExecutionAwaited,
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionEvent,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
    ExecutionTimedOut,
)
from domain.jsonvalue import JsonObject
from interfaces.admin.conversation.shortened import Shortened, shortened, shortened_json

ToolState: TypeAlias = Literal[
    "running",
    "waiting",
    "pending",
    "completed",
    "failed",
    "cancelled",
    "timed_out",
    "error",
]
NOTE_CHARACTERS = 400
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,100}")

Telling: TypeAlias = Literal["waits", "told"]

_STATES: dict[ToolOutcome, ToolState] = {
    "completed": "completed",
    "pending": "pending",
    "error": "error",
    "failed": "failed",
    "cancelled": "cancelled",
    "outcome_unknown": "error",
}


@dataclass(eq=False)
class ToolBox:
    """A background tool's state is its execution's; of any other tool, what it returned."""

    kind: ClassVar[Literal["tool"]] = "tool"
    answer_id: UUID
    call_id: str  # given by the model provider
    tool: str
    arguments: JsonObject = field(default_factory=dict[str, JsonObject])  # pyright: ignore[reportAssignmentType]
    called_at: int | None = None  # a position; None: the model has only asked
    needs_approval: bool = False
    decision: ApprovalAnswered | None = None
    outcome: ToolOutcome | None = None
    content: str | None = None  # what the model reads
    content_sha256: str | None = None  # of the blob with the whole of it
    message: str | None = None  # for people
    code: str | None = None
    is_over: bool = False  # has the answer ended?
    execution_id: UUID | None = None  # in the background
    execution: ExecutionStatus | None = None
    is_outside: bool = False  # does somebody else's system work on it?
    stop_asked: bool = False
    fraction: float | None = None  # 0 to 1
    progress: str | None = None
    error: str | None = None  # of the execution
    telling: Telling | None = None  # of the execution's result, to the model

    @property
    def element_id(self) -> str:
        """Of the box; a call's id may hold anything, so that another stands for it."""
        call = self.call_id
        if not _PLAIN.fullmatch(call) or call.endswith("-state"):  # as the head of a box has it
            call = uuid5(self.answer_id, call).hex
        return f"tool-{self.answer_id}-{call}"

    @property
    def state(self) -> ToolState:
        """How it stands."""
        if self.execution is not None:
            return self.execution
        if self.outcome is not None:
            return _STATES[self.outcome]
        if self.is_over:
            return "cancelled"
        return "waiting" if self.needs_approval else "running"

    @property
    def may_be_stopped(self) -> bool:
        """Is it a background tool that still works?"""
        return self.execution in ("pending", "running")

    @property
    def shown_arguments(self) -> Shortened | None:
        """Pretty, and not too long; None: there are none."""
        return shortened_json(self.arguments) if self.arguments else None

    @property
    def shown_content(self) -> Shortened | None:
        """The same of the result, unless the note has all of it."""
        if not self.content or self.may_be_stopped or self.note == self.content:
            return None
        return shortened(self.content)

    @property
    def note(self) -> str | None:
        """What came of it, in a sentence for people; where it failed, what the model was told."""
        if self.may_be_stopped:
            return None
        told = self.error or self.message
        if told or self.content is None or self.state == "completed":
            return told
        return self.content if len(self.content) <= NOTE_CHARACTERS else None

    def called(self, event: ToolCalled, *, position: int) -> None:
        """It begins, or begins again."""
        self.tool, self.arguments, self.called_at = event.tool, event.arguments, position
        self.needs_approval = False

    def answered(self, event: ApprovalAnswered) -> None:
        """A person has decided."""
        self.needs_approval, self.decision = False, event

    def returned(self, event: ToolReturned) -> None:
        """The one result; of a background tool, only that it was begun."""
        self.outcome, self.needs_approval = event.outcome, False
        if event.outcome != "pending":
            self.content, self.content_sha256 = event.content, event.content_sha256
            self.message, self.code = event.message, event.code

    def dispatched(self, event: ToolDispatched) -> None:
        """It works in the background from now on."""
        self.execution_id, self.execution = event.execution_id, self.execution or "pending"
        self.arguments = self.arguments or event.arguments

    def hear(self, event: ExecutionEvent) -> bool:
        """What came of it in the background. Is it more than progress?"""
        match event:
            case ExecutionProgressed():
                self.fraction, self.progress = event.fraction, event.message
                return False
            case ExecutionAwaited():
                self.is_outside = True
            case ExecutionStarted():
                self.execution, self.fraction, self.progress = "running", None, None
            case ExecutionCancelRequested():
                self.stop_asked = True
            case ExecutionFinished():
                self.execution = "completed"
                self.content, self.message = event.content, event.message
                self.content_sha256 = event.result_sha256
            case ExecutionFailed():
                self.execution, self.error = "failed", event.message
            case ExecutionCancelled():
                self.execution, self.error = "cancelled", event.reason
            case ExecutionTimedOut(timeout_seconds=seconds):
                self.execution = "timed_out"
                self.error = f"It did not end within {seconds} seconds."
            case _:
                pass
        return True

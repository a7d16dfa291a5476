"""What a thread's events mean, folded by hand: nothing of the read tables' projections is used."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain import completion_events as completion
from domain import execution_events as execution
from domain import thread_events as thread
from domain.catalogue import Event
from domain.content import text_of
from domain.recorded import Recorded


@dataclass
class Written:
    """A user's message."""

    text: str
    parent: UUID | None = None
    status: str = "delivered"
    reserved: UUID | None = None


@dataclass
class Run:
    """A completion, and its answer."""

    below: UUID
    status: str = "pending"
    attempts: int = 0
    said: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    recorded: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    in_tree: bool = False

    @property
    def is_shown(self) -> bool:
        return self.in_tree or bool(self.recorded)

    @property
    def recorded_text(self) -> str:
        return "".join(text for _, text in self.recorded)

    @property
    def text(self) -> str:
        is_open = self.attempts and self.status in ("pending", "processing", "waiting")
        return "".join(text for _, text in self.said) if is_open else self.recorded_text


@dataclass
class ByHand:
    """Fold with `tell`, event by event."""

    id: UUID
    title: str | None = None
    archived: bool = False
    head: UUID | None = None
    active: UUID | None = None
    written: dict[UUID, Written] = field(default_factory=dict[UUID, Written])
    runs: dict[UUID, Run] = field(default_factory=dict[UUID, Run])
    executions: dict[UUID, tuple[str, float | None]] = field(
        default_factory=dict[UUID, tuple[str, float | None]]
    )

    def tell(self, recorded: Recorded[Event]) -> None:
        event = recorded.event
        if recorded.stream_id == self.id:
            self._of_thread(event)
        elif isinstance(event, execution.ExecutionEvent):
            self._of_execution(recorded.stream_id, event)
        else:
            self._of_completion(recorded.stream_id, recorded.position, event)

    def _of_thread(self, event: Event) -> None:
        match event:
            case thread.ThreadStarted(title=title):
                self.title = title
            case thread.MessageAdded():
                self.written[event.message_id] = Written(text_of(event.parts), event.parent_id)
                self.head = event.message_id
            case thread.MessageQueued():
                self.written[event.message_id] = Written(
                    text_of(event.parts), status="queued", reserved=event.completion_id
                )
                self.runs[event.completion_id] = Run(event.message_id)
            case thread.MessageDelivered():
                message = self.written[event.message_id]
                message.status, message.parent = "delivered", event.parent_id
                self.head = event.message_id
            case thread.MessageWithdrawn():
                message = self.written[event.message_id]
                message.status = "withdrawn"
                assert message.reserved is not None
                self.runs[message.reserved].status = "cancelled"
            case thread.ThreadCompletionRequested():
                self.active = event.completion_id
            case thread.TurnEnded():
                self.active, self.head = None, event.head
                self.runs[event.completion_id].in_tree |= event.answered
            case thread.HeadMoved():
                self.head = event.head
            case thread.ThreadRenamed():
                self.title = event.title
            case thread.ThreadArchived():
                self.archived = True
            case _:
                pass

    def _of_execution(self, stream: UUID, event: Event) -> None:
        status, progress = self.executions.get(stream, ("pending", None))
        match event:
            case execution.ExecutionStarted():
                status, progress = "running", None
            case execution.ExecutionProgressed(fraction=fraction):
                progress = fraction
            case execution.ExecutionFinished():
                status = "completed"
            case execution.ExecutionFailed():
                status = "failed"
            case _:
                pass
        self.executions[stream] = (status, progress)

    def _of_completion(self, stream: UUID, position: int, event: Event) -> None:
        if isinstance(event, completion.CompletionRequested):
            self.runs.setdefault(stream, Run(event.message_id))
            return
        run = self.runs[stream]
        match event:
            case completion.CompletionStarted(attempt=attempt):
                run.status, run.attempts = "processing", attempt
            case completion.Chunk(kind="text", text=text):
                run.said.append((position, text))
            case completion.MessageRecorded():
                run.recorded += [(position, text) for text in _texts(event.message)]
            case completion.InputTaken(message_ids=taken):
                for message in taken:
                    reserved = self.written[message].reserved
                    if reserved not in (None, stream):
                        self.runs[reserved].status = "cancelled"
                run.below = taken[-1] if taken else run.below
            case completion.CompletionWaiting():
                run.status = "waiting"
            case completion.ApprovalAnswered():
                run.status = "pending"
            case completion.CompletionInterrupted(kept_through=kept):
                run.status = "pending"
                run.said = [said for said in run.said if said[0] <= kept]
                run.recorded = [said for said in run.recorded if said[0] <= kept]
            case completion.CompletionFinished():
                run.status = "completed"
            case completion.CompletionFailed():
                run.status = "failed"
            case completion.CompletionCancelled():
                run.status = "cancelled"
            case _:
                pass

    # As a standing shows it

    @property
    def thread(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "archived": self.archived,
            "head": _str(self.head),
            "active_completion_id": _str(self.active),
        }

    @property
    def tree(self) -> dict[str, tuple[str | None, str, str, str]]:
        """Parent, role, status and text by id."""
        users = {
            str(name): (_str(one.parent), "user", one.status, one.text)
            for name, one in self.written.items()
        }
        answers = {
            str(name): (str(run.below), "assistant", "delivered", run.recorded_text)
            for name, run in self.runs.items()
            if run.is_shown
        }
        return users | answers

    @property
    def branch(self) -> list[str]:
        """Texts from the first message to the head."""
        texts, step, tree = list[str](), _str(self.head), self.tree
        while step is not None:
            parent, _, _, text = tree[step]
            texts.insert(0, text)
            step = parent
        return texts

    @property
    def completions(self) -> dict[str, tuple[str, int, str]]:
        """Status, attempts and text by id."""
        return {str(name): (run.status, run.attempts, run.text) for name, run in self.runs.items()}

    @property
    def tool_executions(self) -> dict[str, tuple[str, float | None]]:
        """Status and progress by id."""
        return {str(name): told for name, told in self.executions.items()}


def _texts(message: Any) -> list[str]:
    """One for each part that is shown; a tool's call counts as an empty one."""
    return [part.get("content", "") for part in message["parts"]]


def _str(name: UUID | None) -> str | None:
    return None if name is None else str(name)

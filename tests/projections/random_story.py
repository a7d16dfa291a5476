"""Given anything: random conversations that the domain would allow, interleaved in one log."""

from dataclasses import dataclass, field
from random import Random
from uuid import UUID, uuid4

from domain.catalogue import Event
from domain.completion_events import (
    ApprovalAnswered,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionFailed,
    CompletionInterrupted,
    CompletionRequested,
    CompletionStarted,
    CompletionWaiting,
    InputTaken,
    ModelRequested,
)
from domain.execution_events import (
    ExecutionDispatched,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
)
from domain.thread_events import (
    HeadMoved,
    MessageDelivered,
    MessageWithdrawn,
    ResultArrived,
    ThreadArchived,
    ThreadCompletionRequested,
    ThreadRenamed,
    TurnEnded,
)
from tests.projections.story import WORKER, Log, Story, answer, said


def random_log(seed: int, *, events: int, threads: int = 4) -> Log:
    """At least so many events of some threads; the same ones for the same seed, but for ids."""
    random, log = Random(seed), Log()
    told = [RandomStory(random, Story(log).start()) for _ in range(threads)]
    while len(log.events) < events:
        random.choice(told).go_on()
    return log


@dataclass
class RandomStory:
    """One thread in which anything may happen next."""

    random: Random
    story: Story
    head: UUID | None = None
    message: UUID | None = None  # that is being answered
    completion: UUID | None = None  # that answers it
    attempt: int = 0
    recorded: list[int] = field(default_factory=list[int])  # positions of the claim and its steps
    queue: list[tuple[UUID, UUID]] = field(default_factory=list[tuple[UUID, UUID]])
    executions: list[UUID] = field(default_factory=list[UUID])

    def go_on(self) -> None:
        if self.completion is None:
            happening = self.random.choice([self.ask, self.ask, self.rename, self.move, self.tool])
        elif not self.attempt:
            happening = self.random.choice([self.claim, self.claim, self.queue_one, self.withdraw])
        else:
            happening = self.random.choice(
                [
                    *([self.record] * 4),
                    self.stream,
                    self.interrupt,
                    self.wait,
                    self.steer,
                    self.queue_one,
                    self.dispatch,
                    self.tool,
                    self.end,
                    self.end,
                ]
            )
        happening()

    def ask(self) -> None:
        self.message, self.completion = self.story.ask(f"Question {uuid4()}", parent=self.head)
        self.head, self.attempt, self.recorded = self.message, 0, []

    def rename(self) -> None:
        self.story.thread(ThreadRenamed(f"Title {self.random.random()}"))
        if self.random.random() < 0.1:
            self.story.thread(ThreadArchived())

    def move(self) -> None:
        if self.head is not None:
            self.story.thread(HeadMoved(self.head))

    def queue_one(self) -> None:
        self.queue.append(self.story.queue(f"Waiting {uuid4()}"))

    def withdraw(self) -> None:
        if self.queue:
            self.story.thread(MessageWithdrawn(self.queue.pop(0)[0]))

    def claim(self) -> None:
        self.attempt += 1
        self.recorded.append(self._tell(CompletionStarted(self.attempt, WORKER)))
        self._tell(ModelRequested(self.attempt, 1, "demo", {}, None, None, (), "2"))

    def stream(self) -> None:
        self._tell(Chunk(self.attempt, 1, 0, "text", "abc", ((3, 0),)))

    def record(self) -> None:
        assert self.completion is not None
        parts = [said(f"{self.random.random()} ")] * self.random.randint(0, 2)
        self.recorded.append(self.story.record(self.completion, *parts, attempt=self.attempt))

    def interrupt(self) -> None:
        kept = self.random.randint(1, len(self.recorded))
        self.recorded = self.recorded[:kept]
        self._tell(CompletionInterrupted(self.attempt, self.recorded[-1], "handed_over"))
        self.claim()

    def wait(self) -> None:
        self._tell(CompletionWaiting(("c1",)), ApprovalAnswered("c1", approved=True))
        self.claim()

    def steer(self) -> None:
        if self.queue:
            message, _ = self.queue.pop(0)
            self._tell(InputTaken((message,)))
            self.story.thread(MessageDelivered(message, self.head))
            self.head = message

    def dispatch(self) -> None:
        assert self.completion is not None
        execution = uuid4()
        event = ExecutionDispatched(self.completion, "c1", "analyse", "task", {}, 60)
        self.story.stream(execution, event)
        self.executions.append(execution)

    def tool(self) -> None:
        if not self.executions:
            return
        execution = self.executions[-1]
        self.story.stream(execution, ExecutionStarted(1, WORKER), ExecutionProgressed(0.5))
        if self.random.random() < 0.5:
            ending = self.random.choice(
                [ExecutionFinished({"n": 1}), ExecutionFailed("internal_error", "Oh.")]
            )
            self.story.stream(execution, ending)
            self.story.thread(ResultArrived(execution, uuid4()))
            self.executions.pop()

    def end(self) -> None:
        assert self.completion is not None
        assert self.message is not None
        ended, answered = self.completion, self.random.random() < 0.7
        self.completion = None
        if answered:
            head = self.head if self.head != self.message else ended
            self.story.finish(ended, head=head)
            self.head = head
        else:
            failed = CompletionFailed(self.attempt, "internal", "Oh.", answer())
            cancelled = CompletionCancelled(self.attempt, answer(), None)
            self.story.stream(ended, CancelRequested(), self.random.choice([failed, cancelled]))
            self.story.thread(TurnEnded(ended, "failed", False, self.message))
            self.head = self.message
        if self.queue:
            self._next_turn()

    def _next_turn(self) -> None:
        self.message, self.completion = self.queue.pop(0)
        self.story.thread(
            MessageDelivered(self.message, self.head),
            ThreadCompletionRequested(self.completion, self.message),
        )
        requested = CompletionRequested(self.story.id, self.message, "assistant")
        self.story.stream(self.completion, requested)
        self.head, self.attempt, self.recorded = self.message, 0, []

    def _tell(self, *events: Event) -> int:
        assert self.completion is not None
        return self.story.stream(self.completion, *events)

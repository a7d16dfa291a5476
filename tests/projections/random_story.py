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
    QueueMode,
    ResultArrived,
    ResultDelivered,
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
    head: UUID | None = None  # and below it the answer goes
    is_answer: bool = False  # the head
    completion: UUID | None = None  # that answers
    attempt: int = 0
    recorded: list[int] = field(default_factory=list[int])  # positions of the claim and its steps
    queue: list[tuple[UUID, UUID]] = field(default_factory=list[tuple[UUID, UUID]])
    executions: list[UUID] = field(default_factory=list[UUID])
    results: list[UUID] = field(default_factory=list[UUID])  # that have arrived

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
                    self.take_in,
                    self.queue_one,
                    self.queue_one,
                    self.dispatch,
                    self.tool,
                    self.end,
                    self.end,
                ]
            )
        happening()

    def ask(self) -> None:
        self._turn(*self.story.ask(f"Question {uuid4()}", parent=self.head))

    def rename(self) -> None:
        self.story.thread(ThreadRenamed(f"Title {self.random.random()}"))
        if self.random.random() < 0.1:
            self.story.thread(ThreadArchived())

    def move(self) -> None:
        if self.head is not None:
            self.story.thread(HeadMoved(self.head))

    def queue_one(self) -> None:
        mode: QueueMode = self.random.choice(["enqueue", "steer", "interrupt"])
        self.queue.append(self.story.queue(f"Waiting {uuid4()}", mode=mode))

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
        self._tell(CompletionWaiting(("c1", "c2")))
        self._tell(ApprovalAnswered("c1", approved=True), CompletionWaiting(("c2",)))
        self._tell(ApprovalAnswered("c2", approved=False))
        self.claim()

    def take_in(self) -> None:
        """Results that have arrived, and some of the messages that wait."""
        assert self.completion is not None
        assert self.head is not None
        if self.results:
            self._tell(InputTaken((), tuple(self.results)))
            self.story.thread(*(ResultDelivered(one, self.completion) for one in self.results))
            self.results = []
        taken = [message for message, _ in self.queue[:2]]
        if taken:
            self.story.take_in(self.completion, *taken, below=self.head)
            self.queue = self.queue[2:]
            self.head = taken[-1]

    def dispatch(self) -> None:
        assert self.completion is not None
        execution = uuid4()
        event = ExecutionDispatched(self.completion, "c1", "analyse", "task", {}, 60)
        self.story.stream(execution, event)
        self.executions.append(execution)

    def tool(self) -> None:
        if not self.executions:
            return
        execution, continues = self.executions[-1], self.random.random() < 0.7
        self.story.stream(execution, ExecutionStarted(1, WORKER), ExecutionProgressed(0.5))
        if self.random.random() < 0.5:
            ending = self.random.choice(
                [ExecutionFinished({"n": 1}), ExecutionFailed("internal_error", "Oh.")]
            )
            self.story.stream(execution, ending)
            self.story.thread(ResultArrived(execution, uuid4(), continues))
            self.results.append(self.executions.pop())
            if continues and self.completion is None and self.is_answer:
                assert self.head is not None
                self._turn(self.head, self.story.follow_up(self.head))

    def end(self) -> None:
        assert self.completion is not None
        assert self.head is not None
        ended, answered = self.completion, self.random.random() < 0.7
        self.completion = None
        if answered:
            self.story.finish(ended)
            self.head, self.is_answer = ended, True
        else:
            failed = CompletionFailed(self.attempt, "internal", "Oh.", answer())
            cancelled = CompletionCancelled(self.attempt, answer(), None)
            self.story.stream(ended, CancelRequested(), self.random.choice([failed, cancelled]))
            self.story.thread(TurnEnded(ended, "failed", False, self.head))
        if self.queue:
            self._next_turn()

    def _next_turn(self) -> None:
        message, completion = self.queue.pop(0)
        self.story.thread(
            MessageDelivered(message, self.head),
            ThreadCompletionRequested(completion, message),
        )
        requested = CompletionRequested(self.story.id, message, "assistant")
        self.story.stream(completion, requested)
        self._turn(message, completion)

    def _turn(self, message: UUID, completion: UUID) -> None:
        self.is_answer = self.is_answer and message == self.head
        self.head, self.completion = message, completion
        self.attempt, self.recorded = 0, []

    def _tell(self, *events: Event) -> int:
        assert self.completion is not None
        return self.story.stream(self.completion, *events)

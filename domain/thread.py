"""A thread: the tree of its messages, its head, who waits and whose turn it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never
from uuid import UUID

from domain.content import TextPart
from domain.ids import completion_of
from domain.recorded import Recorded
from domain.refusals import (
    BodyDiffers,
    IdIsTaken,
    MessageAlreadyDelivered,
    MessageNotFound,
    ParentNotFound,
    ThreadIsArchived,
    ThreadIsBusy,
)
from domain.thread_events import (
    HeadMoved,
    MessageAdded,
    MessageDelivered,
    MessageQueued,
    MessageWithdrawn,
    Outcome,
    QueueMode,
    ResultArrived,
    ResultDelivered,
    ThreadArchived,
    ThreadCompletionRequested,
    ThreadEvent,
    ThreadRenamed,
    ThreadStarted,
    TurnEnded,
)


@dataclass(frozen=True)
class Posted:
    """A message that a user posted, as a repeat of the same command must find it."""

    request_hash: str | None
    position: int
    withdrawn: bool = False


@dataclass(frozen=True)
class Waiting:
    """A message in the queue."""

    message_id: UUID
    completion_id: UUID
    parent_id: UUID | None


@dataclass(frozen=True)
class Turn:
    """The completion that may answer now, and the message that it answers."""

    completion_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class Thread:
    """What decisions about a thread need."""

    id: UUID
    owner_id: UUID
    agent: str
    request_hash: str | None
    position: int  # of its first event
    version: int
    title: str | None = None
    archived: bool = False
    parents: Mapping[UUID, UUID | None] = field(default_factory=dict[UUID, UUID | None])  # the tree
    posted: Mapping[UUID, Posted] = field(default_factory=dict[UUID, Posted])
    head: UUID | None = None
    turn: Turn | None = None
    queue: tuple[Waiting, ...] = ()
    results: tuple[UUID, ...] = ()  # executions whose result no model has been told

    def path_to(self, message_id: UUID) -> list[UUID]:
        """The branch of the tree from its root to this message."""
        path: list[UUID] = []
        step: UUID | None = message_id
        while step is not None:
            path.append(step)
            step = self.parents[step]
        return path[::-1]

    def post(
        self,
        message_id: UUID,
        *,
        parts: tuple[TextPart, ...],
        parent_id: UUID | None = None,
        when_busy: QueueMode | None = "enqueue",
        request_hash: str | None = None,
    ) -> list[ThreadEvent]:
        """A message asks for an answer; `when_busy=None` refuses where it would have to wait."""
        if (known := self.posted.get(message_id)) is not None:
            if known.request_hash != request_hash:
                raise BodyDiffers
            return []
        if self.archived:
            raise ThreadIsArchived
        if parent_id is not None and parent_id not in self.parents:
            raise ParentNotFound
        completion_id = completion_of(self.id, message_id=message_id)
        if message_id in self._answers() or completion_id in self.posted:
            raise IdIsTaken  # an answer and a message would be one, and the tree a ring
        if self.turn is None:
            below = parent_id or self.head
            added = MessageAdded(message_id, below, parts, request_hash)
            return [added, ThreadCompletionRequested(completion_id, message_id)]
        if when_busy is None:
            raise ThreadIsBusy
        queued = MessageQueued(message_id, completion_id, when_busy, parts, parent_id, request_hash)
        return [queued]

    def _answers(self) -> set[UUID]:
        """Ids of the answers that are given, being given or to be given."""
        given = self.parents.keys() - self.posted.keys()
        waiting = {one.completion_id for one in self.queue}
        return given | waiting | ({self.turn.completion_id} if self.turn else set())

    def withdraw(self, message_id: UUID) -> list[ThreadEvent]:
        """Take back a message that still waits."""
        known = self.posted.get(message_id)
        if known is None:
            raise MessageNotFound
        if known.withdrawn:
            return []
        if all(waiting.message_id != message_id for waiting in self.queue):
            raise MessageAlreadyDelivered
        return [MessageWithdrawn(message_id)]

    def gives_turn_to(self, completion_id: UUID) -> bool:
        """May this completion answer now?"""
        return self.turn is not None and self.turn.completion_id == completion_id

    def end_turn(
        self,
        completion_id: UUID,
        *,
        outcome: Outcome,
        answered: bool,
        taken: frozenset[UUID] = frozenset(),
    ) -> list[ThreadEvent]:
        """Give the turn back and, where a message waits, on to that one.

        A message whose reserved completion id has been taken by something else is withdrawn.
        """
        assert self.turn is not None
        assert self.turn.completion_id == completion_id
        ours = self.head == self.turn.message_id  # else somebody moved the head meanwhile
        head = completion_id if answered and ours else self.head
        assert head is not None
        ended = TurnEnded(completion_id, outcome, answered, head)
        blocked = [one for one in self.queue if one.completion_id in taken]
        withdrawn = [MessageWithdrawn(one.message_id) for one in blocked]
        following = next((one for one in self.queue if one not in blocked), None)
        if following is None:
            return [ended, *withdrawn]
        return [
            ended,
            *withdrawn,
            MessageDelivered(following.message_id, following.parent_id or head),
            ThreadCompletionRequested(following.completion_id, following.message_id),
        ]

    def rename(self, title: str) -> list[ThreadEvent]:
        """Give it another title."""
        return [] if title == self.title else [ThreadRenamed(title)]

    def archive(self) -> list[ThreadEvent]:
        """Take no more messages; what waits is withdrawn."""
        if self.archived:
            return []
        withdrawn = [MessageWithdrawn(waiting.message_id) for waiting in self.queue]
        return [*withdrawn, ThreadArchived()]


def begin(recorded: Recorded[ThreadEvent]) -> Thread:
    """The state after the first event of a stream."""
    started = recorded.event
    assert isinstance(started, ThreadStarted)
    return Thread(
        id=recorded.stream_id,
        owner_id=started.owner_id,
        agent=started.agent,
        request_hash=started.request_hash,
        position=recorded.position,
        version=recorded.version,
        title=started.title,
    )


def evolve(thread: Thread, recorded: Recorded[ThreadEvent]) -> Thread:
    """The state after one more event."""
    return replace(_changed(thread, recorded), version=recorded.version)


def _changed(thread: Thread, recorded: Recorded[ThreadEvent]) -> Thread:
    match event := recorded.event:
        case MessageAdded():
            posted = Posted(event.request_hash, recorded.position)
            return replace(
                _in_tree(thread, event.message_id, parent_id=event.parent_id),
                posted={**thread.posted, event.message_id: posted},
            )
        case MessageQueued():
            posted = Posted(event.request_hash, recorded.position)
            waiting = Waiting(event.message_id, event.completion_id, event.parent_id)
            return replace(
                thread,
                posted={**thread.posted, event.message_id: posted},
                queue=(*thread.queue, waiting),
            )
        case MessageDelivered():
            delivered = _in_tree(thread, event.message_id, parent_id=event.parent_id)
            return replace(delivered, queue=_without(thread.queue, event.message_id))
        case MessageWithdrawn():
            posted = replace(thread.posted[event.message_id], withdrawn=True)
            return replace(
                thread,
                posted={**thread.posted, event.message_id: posted},
                queue=_without(thread.queue, event.message_id),
            )
        case ThreadCompletionRequested():
            return replace(thread, turn=Turn(event.completion_id, event.message_id))
        case TurnEnded():
            return _turn_ended(thread, event)
        case HeadMoved():
            return replace(thread, head=event.head)
        case ResultArrived():
            return replace(thread, results=(*thread.results, event.execution_id))
        case ResultDelivered():
            left = tuple(result for result in thread.results if result != event.execution_id)
            return replace(thread, results=left)
        case ThreadRenamed():
            return replace(thread, title=event.title)
        case ThreadArchived():
            return replace(thread, archived=True)
        case ThreadStarted():
            return thread
        case _:
            assert_never(event)


def _in_tree(thread: Thread, message_id: UUID, *, parent_id: UUID | None) -> Thread:
    return replace(thread, parents={**thread.parents, message_id: parent_id}, head=message_id)


def _without(queue: tuple[Waiting, ...], message_id: UUID) -> tuple[Waiting, ...]:
    return tuple(waiting for waiting in queue if waiting.message_id != message_id)


def _turn_ended(thread: Thread, event: TurnEnded) -> Thread:
    assert thread.turn is not None
    parents = thread.parents
    if event.answered:
        parents = {**parents, event.completion_id: thread.turn.message_id}
    return replace(thread, turn=None, head=event.head, parents=parents)

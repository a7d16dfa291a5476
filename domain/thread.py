"""A thread: the tree of its messages, its head, who waits and whose turn it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from domain.content import TextPart
from domain.ids import completion_of, follow_up_of
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
    TurnEnded,
)

MOST_FOLLOW_UPS = 5  # answers in a row that nobody has asked for


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
    mode: QueueMode = "enqueue"

    @property
    def steers(self) -> bool:
        """Does the running answer take it in? Not where it names a place in the tree."""
        return self.mode == "steer" and self.parent_id is None


@dataclass(frozen=True)
class Arrived:
    """A background tool's result that no model has been told."""

    execution_id: UUID
    completion_id: UUID  # that dispatched it
    continues: bool


@dataclass(frozen=True)
class Turn:
    """The completion that may answer now, and the message that it answers."""

    completion_id: UUID
    message_id: UUID
    below: UUID  # the message that the answer goes below: the last one that it has taken in


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
    results: tuple[Arrived, ...] = ()
    follow_ups: int = 0  # in a row, since the user's last word
    quiet: bool = False  # the user has stopped the last answer

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

    def take_in(self, completion_id: UUID) -> list[ThreadEvent]:
        """The running answer tells its model what tools have brought and what the user steers."""
        if self.turn is None or self.turn.completion_id != completion_id:
            return []
        events: list[ThreadEvent] = [
            ResultDelivered(arrived.execution_id, completion_id) for arrived in self.results
        ]
        below = self.turn.below
        for waiting in self.queue:
            if waiting.steers:
                events.append(MessageDelivered(waiting.message_id, below))
                below = waiting.message_id
        return events

    def arrive(
        self,
        execution_id: UUID,
        *,
        completion_id: UUID,
        continues: bool,
        taken: frozenset[UUID] = frozenset(),
    ) -> list[ThreadEvent]:
        """A background tool has ended; where nobody says anything, an answer follows by itself."""
        events: list[ThreadEvent] = [ResultArrived(execution_id, completion_id, continues)]
        if continues and self.turn is None and not self.quiet:
            arrived = Arrived(execution_id, completion_id, continues)
            with_it = replace(self, results=(*self.results, arrived))
            events += with_it.follow_up(head=self.head, taken=taken)
        return events

    def follow_up(
        self, *, head: UUID | None, taken: frozenset[UUID] = frozenset()
    ) -> list[ThreadEvent]:
        """An answer to what has arrived, below the answer `head`; nothing where it may not be."""
        continuing = [arrived for arrived in self.results if arrived.continues]
        if head is None or not continuing or not self.may_follow(head):
            return []
        completion_id = follow_up_of(self.id, execution_id=continuing[-1].execution_id)
        if completion_id in taken:
            return []
        return [ThreadCompletionRequested(completion_id, head)]

    def may_follow(self, head: UUID) -> bool:
        """May there be an answer below `head` that nobody has asked for? Below an answer only."""
        is_answer = head not in self.posted
        return is_answer and not self.archived and self.follow_ups < MOST_FOLLOW_UPS

    @property
    def goes_on(self) -> bool:
        """Would a result that lands now, and continues, begin an answer by itself?"""
        idle = self.turn is None and not self.quiet
        return idle and self.head is not None and self.may_follow(self.head)

    def end_turn(
        self,
        completion_id: UUID,
        *,
        outcome: Outcome,
        answered: bool,
        taken: frozenset[UUID] = frozenset(),
    ) -> list[ThreadEvent]:
        """Give the turn back and on: to the message that waits first, else to a follow-up.

        A message whose reserved completion id has been taken by something else is withdrawn.
        """
        assert self.turn is not None
        assert self.turn.completion_id == completion_id
        ours = self.head == self.turn.below  # else somebody moved the head meanwhile
        head = completion_id if answered and ours else self.head
        assert head is not None
        ended = TurnEnded(completion_id, outcome, answered, head)
        blocked = [one for one in self.queue if one.completion_id in taken]
        withdrawn = [MessageWithdrawn(one.message_id) for one in blocked]
        following = next((one for one in self.queue if one not in blocked), None)
        if following is None:
            finished = outcome == "finished"
            following_up = self.follow_up(head=head, taken=taken) if finished else []
            return [ended, *withdrawn, *following_up]
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

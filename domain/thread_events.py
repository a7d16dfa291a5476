"""What happens to a thread. Its stream is the inbox and the only arbiter of who may answer."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from uuid import UUID

from domain.content import TextPart
from domain.jsonvalue import JsonObject

QueueMode: TypeAlias = Literal["enqueue", "steer", "interrupt"]
Outcome: TypeAlias = Literal["finished", "failed", "cancelled"]


@dataclass(frozen=True)
class ForkPoint:
    """Where a forked thread leaves another one; nothing is copied."""

    thread_id: UUID
    position: int


@dataclass(frozen=True)
class ThreadStarted:
    """A conversation begins. Owner and agent never change."""

    owner_id: UUID
    agent: str
    title: str | None = None
    metadata: JsonObject = field(default_factory=dict)
    organisation: str | None = None
    forked_from: ForkPoint | None = None
    request_hash: str | None = None  # of the body that chose the id, so that a repeat is known


@dataclass(frozen=True)
class MessageAdded:
    """A user's message entered the tree, below `parent_id`, and became its head."""

    message_id: UUID
    parent_id: UUID | None
    parts: tuple[TextPart, ...]
    request_hash: str | None = None


@dataclass(frozen=True)
class MessageQueued:
    """A message waits for its turn. Its completion's id is reserved; its stream begins later."""

    message_id: UUID
    completion_id: UUID
    mode: QueueMode
    parts: tuple[TextPart, ...]
    parent_id: UUID | None = None  # None: below the head when its turn comes
    request_hash: str | None = None


@dataclass(frozen=True)
class MessageDelivered:
    """A queued message entered the tree and became its head."""

    message_id: UUID
    parent_id: UUID | None


@dataclass(frozen=True)
class MessageWithdrawn:
    """A queued message was taken back before its turn."""

    message_id: UUID


@dataclass(frozen=True)
class ThreadCompletionRequested:
    """The turn belongs to this completion until it ends.

    It answers a user's message, or goes on from an answer that a background tool's result concerns.
    """

    completion_id: UUID
    message_id: UUID


@dataclass(frozen=True)
class TurnEnded:
    """The completion gave the turn back. The next message goes below `head`.

    An answer's message id is its completion's id; `answered` tells whether there is one.
    """

    completion_id: UUID
    outcome: Outcome
    answered: bool
    head: UUID


@dataclass(frozen=True)
class HeadMoved:
    """Another branch of the tree is the current one."""

    head: UUID


@dataclass(frozen=True)
class ResultArrived:
    """A background tool ended and its result waits to be told to the model."""

    execution_id: UUID
    completion_id: UUID  # that dispatched it
    continues: bool = False  # may it begin an answer by itself?


@dataclass(frozen=True)
class ResultDelivered:
    """The model was told the result, in this completion, once."""

    execution_id: UUID
    completion_id: UUID


@dataclass(frozen=True)
class ThreadRenamed:
    """The title changed."""

    title: str


@dataclass(frozen=True)
class ThreadArchived:
    """The thread takes no new messages."""


ThreadEvent: TypeAlias = (
    ThreadStarted
    | MessageAdded
    | MessageQueued
    | MessageDelivered
    | MessageWithdrawn
    | ThreadCompletionRequested
    | TurnEnded
    | HeadMoved
    | ResultArrived
    | ResultDelivered
    | ThreadRenamed
    | ThreadArchived
)

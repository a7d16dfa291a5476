"""What the clients of a storm were told and shown: the evidence from outside."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

Act = Literal["thread", "message", "cancel"]


@dataclass(frozen=True)
class Told:
    """A request that was answered with success: from then on it counts."""

    at: float  # time.monotonic()
    act: Act
    thread_id: UUID
    id: UUID  # of the thread, the message or the completion
    completion_id: UUID | None
    position: int


@dataclass(frozen=True)
class Seen:
    """One event that a stream delivered."""

    at: float
    position: int
    name: str
    body: dict[str, Any]

    @property
    def completion_id(self) -> UUID | None:
        found = self.body.get("completion_id")
        return UUID(found) if found else None


@dataclass(frozen=True)
class Broken:
    """A stream that was cut, and when the next one began to deliver."""

    at: float
    back_at: float


@dataclass
class ThreadJournal:
    """One conversation as its client had it, over all its connections."""

    thread_id: UUID
    seen: list[Seen] = field(default_factory=list[Seen])
    broken: list[Broken] = field(default_factory=list[Broken])


@dataclass
class Journal:
    """Written by the clients, read when all is over."""

    told: list[Told] = field(default_factory=list[Told])
    threads: list[ThreadJournal] = field(default_factory=list[ThreadJournal])
    expected: dict[UUID, str] = field(default_factory=dict[UUID, str])
    """By message: the text of a whole answer."""
    complaints: list[str] = field(default_factory=list[str])
    """Answers that no client should get."""

    def tell(
        self, act: Act, thread_id: UUID, about: UUID, *, completion_id: UUID | None, position: int
    ) -> None:
        self.told.append(Told(time.monotonic(), act, thread_id, about, completion_id, position))

    @property
    def completions(self) -> dict[UUID, Told]:
        """The answers that were promised, by id."""
        return {
            one.completion_id: one for one in self.told if one.act != "cancel" and one.completion_id
        }

    def all_seen(self) -> Iterator[Seen]:
        for thread in self.threads:
            yield from thread.seen

"""What the clients of a storm were told and shown: the evidence from outside."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import httpx2

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
class StreamJournal:
    """One stream as its client had it, over all its connections.

    Of one thread; or, without `thread_id`, of all threads of the user, with the chunks of those in
    `follow`.
    """

    thread_id: UUID | None = None
    follow: frozenset[UUID] = frozenset()
    seen: list[Seen] = field(default_factory=list[Seen])
    broken: list[Broken] = field(default_factory=list[Broken])


@dataclass(frozen=True)
class Sent:
    """A message, and what the model says when nothing disturbs it; None: it is not well."""

    text: str
    answer: str | None


@dataclass
class Journal:
    """Written by the clients, read when all is over."""

    told: list[Told] = field(default_factory=list[Told])
    streams: list[StreamJournal] = field(default_factory=list[StreamJournal])
    sent: dict[UUID, Sent] = field(default_factory=dict[UUID, Sent])
    """By message."""
    complaints: list[str] = field(default_factory=list[str])
    """Answers that no client should get."""
    healed_at: float = 0.0
    """When the last fault had ended, time.monotonic()."""

    def tell(
        self, act: Act, thread_id: UUID, about: UUID, *, completion_id: UUID | None, position: int
    ) -> None:
        self.told.append(Told(time.monotonic(), act, thread_id, about, completion_id, position))

    def complain(self, request: str, answer: httpx2.Response) -> None:
        self.complaints.append(f"{request}: {answer.status_code} {answer.text[:300]}")

    @property
    def completions(self) -> dict[UUID, Told]:
        """The answers that were promised, by id."""
        promised = (one for one in self.told if one.act != "cancel")
        return {one.completion_id: one for one in promised if one.completion_id}

    def all_seen(self) -> Iterator[Seen]:
        """What the streams of single threads delivered."""
        for stream in self.streams:
            if stream.thread_id is not None:
                yield from stream.seen

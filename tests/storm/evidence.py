"""All that is known when a storm is over: the log, the tables, and what the clients noted."""

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from domain.catalogue import BY_NAME, TERMINAL_NAMES
from tests.servers import connected
from tests.storm.journal import Journal, StreamJournal

EVENTS = """
SELECT notification_id, originator_id, originator_version, topic, state, thread_id, recorded_at
  FROM threadlog.chat_events ORDER BY notification_id
"""


@dataclass(frozen=True)
class Event:
    """One row of the log."""

    position: int
    stream: UUID
    version: int
    name: str
    state: dict[str, Any]
    thread_id: UUID | None
    recorded_at: datetime

    @property
    def data(self) -> dict[str, Any]:
        return self.state["data"]

    @property
    def is_public(self) -> bool:
        return BY_NAME[self.name].public

    @property
    def is_terminal(self) -> bool:
        return self.name in TERMINAL_NAMES


@dataclass
class Evidence:
    """What the invariants are checked on."""

    events: list[Event]
    journal: Journal
    live_tables: Mapping[str, str]
    """By table: a hash of all rows as the projector had made them."""
    rebuilt_tables: Mapping[str, str]
    requests: list[str] = field(default_factory=list[str])
    """sha256 of every request body that the model provider has received."""
    left_over: list[str] = field(default_factory=list[str])
    """Processes, connections and rows that should be gone."""

    @cached_property
    def by_position(self) -> dict[int, Event]:
        return {event.position: event for event in self.events}

    @cached_property
    def streams(self) -> dict[UUID, list[Event]]:
        """Each in the order of the log."""
        found: defaultdict[UUID, list[Event]] = defaultdict(list)
        for event in self.events:
            found[event.stream].append(event)
        return dict(found)

    @cached_property
    def completions(self) -> dict[UUID, list[Event]]:
        return {
            stream: events
            for stream, events in self.streams.items()
            if any(event.name.startswith("completion.") for event in events)
        }

    @cached_property
    def messages(self) -> list[tuple[UUID, str]]:
        """Id and text of every message that a user added, or that waits."""
        added = ("thread.message_added", "thread.message_queued")
        return [
            (UUID(event.data["message_id"]), event.data["parts"][0]["content"])
            for event in self.events
            if event.name in added
        ]

    @cached_property
    def answers(self) -> dict[UUID | None, UUID]:
        """By completion, the message that it answers; one that waits has its completion already."""
        found: dict[UUID | None, UUID] = {}
        for event in self.events:
            if event.name == "completion.requested":
                found[event.stream] = UUID(event.data["message_id"])
            elif event.name == "thread.message_queued":
                found[UUID(event.data["completion_id"])] = UUID(event.data["message_id"])
        return found

    def expected(self, completion: UUID) -> str | None:
        """What a whole answer says; None where the model was not well, or nobody asked us."""
        sent = self.journal.sent.get(self.answers[completion])
        return sent.answer if sent else None

    def shown_on(self, stream: StreamJournal) -> list[Event]:
        """What the owner of all threads is shown on this stream."""
        if stream.thread_id is not None:
            return self.public_threads[stream.thread_id]
        return [
            event
            for event in self.events
            if event.thread_id is not None and event.is_public
            if event.name != "completion.chunk" or event.thread_id in stream.follow
        ]

    @cached_property
    def public_threads(self) -> dict[UUID, list[Event]]:
        """What the owner of each thread is shown."""
        found: defaultdict[UUID, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.thread_id is not None and event.is_public:
                found[event.thread_id].append(event)
        return found


async def read_log(owner_url: str) -> list[Event]:
    """The whole log, read past all code of the product."""
    async with connected(owner_url) as connection:
        rows = await connection.fetch(EVENTS)
    return [event_of(row) for row in rows]


def event_of(row: Mapping[str, Any]) -> Event:
    """A row of the log's table."""
    return Event(
        position=row["notification_id"],
        stream=row["originator_id"],
        version=row["originator_version"],
        name=row["topic"].partition("@")[0],
        state=json.loads(row["state"]),
        thread_id=row["thread_id"],
        recorded_at=row["recorded_at"],
    )

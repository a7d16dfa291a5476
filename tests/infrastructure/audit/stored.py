"""Stories of tests as a log would hold them: the real codec's bytes, read from memory."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from domain.catalogue import Event
from domain.completion_events import Chunk, ToolCalled, ToolReturned
from domain.recorded import Recorded
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.entry import LogEntry
from tests.projections.random_story import RandomStory
from tests.projections.story import Log, Story


class StoredLog:
    """Implements `infrastructure.audit.log.AuditedLog`."""

    def __init__(self, events: Iterable[Recorded[Event]]) -> None:
        self.entries = [stored(one) for one in events]

    async def read_thread(
        self, thread_id: UUID, *, after: int = 0, chunks: bool = True, limit: int | None = None
    ) -> list[LogEntry]:
        found = [e for e in self.entries if e.thread_id == thread_id and e.position > after]
        return [e for e in found if chunks or e.name != "completion.chunk"][:limit]

    async def read_stream(self, stream_id: UUID) -> list[LogEntry]:
        return [entry for entry in self.entries if entry.originator_id == stream_id]

    async def read_range(
        self, *, after: int, through: int, topics: Sequence[str], limit: int
    ) -> list[LogEntry]:
        found = [entry for entry in self.entries if after < entry.position <= through]
        return [entry for entry in found if not topics or entry.topic in topics][:limit]

    async def last_position(self) -> int:
        return self.entries[-1].position if self.entries else 0


def stored(recorded: Recorded[Event]) -> LogEntry:
    """The database's clock is the one that decided."""
    topic, state = Codec().encode(recorded.event, at=recorded.at, actor=recorded.actor)
    return LogEntry(
        recorded.stream_id,
        recorded.version,
        topic,
        state,
        recorded.position,
        recorded.thread_id,
        recorded.owner_id,
        datetime.fromtimestamp(recorded.at / 1_000_000, UTC),
    )


def eventful_thread(seed: int, *, events: int) -> Story:
    """One thread with steering, tools, interruptions, cancels, approvals and background tools."""
    random, log = Random(seed), Log()
    story = Story(log).start(title="Begun")
    told = RandomStory(random, story)
    while len(log.events) < events:
        told.go_on()
        if told.completion is not None and told.attempt and random.random() < 0.3:
            _use_tool(story, told.completion, attempt=told.attempt)
    return story


def _use_tool(story: Story, completion: UUID, *, attempt: int) -> None:
    call = f"call-{len(story.log.events)}"
    story.stream(completion, Chunk(attempt, 1, 0, "text", "Let me ", ((4, 10), (3, 5))))
    story.stream(completion, Chunk(attempt, 1, 1, "tool_arguments", "{}", ((2, 7),), call))
    story.record(
        completion,
        {"part_kind": "tool-call", "tool_name": "look", "args": "{}", "tool_call_id": call},
    )
    story.stream(completion, ToolCalled(attempt, 1, call, "look", {}))
    story.stream(completion, ToolReturned(call, "look", "completed", "found"))

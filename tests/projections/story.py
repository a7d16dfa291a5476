"""Given events: conversations as the log would hold them, with positions and versions."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID, uuid4

from domain.catalogue import Event
from domain.completion_events import (
    Answer,
    CompletionFinished,
    CompletionRequested,
    CompletionStarted,
    InputTaken,
    MessageRecorded,
    Usage,
)
from domain.content import TextPart
from domain.ids import uuid7
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.thread_events import (
    MessageAdded,
    MessageDelivered,
    MessageQueued,
    QueueMode,
    ThreadCompletionRequested,
    ThreadStarted,
    TurnEnded,
)

NOON = 1_795_348_800_000_000  # 2026-11-22 12:00 UTC, in microseconds since 1970
SECOND = 1_000_000
WORKER = UUID(int=7)


class Log:
    """Events in the order in which they were told, one second apart."""

    def __init__(self) -> None:
        self.events: list[Recorded[Event]] = []
        self._versions: Counter[UUID] = Counter()
        self._positions = count(1)

    def append(
        self, stream_id: UUID, *events: Event, thread_id: UUID | None, owner_id: UUID | None
    ) -> list[Recorded[Event]]:
        told: list[Recorded[Event]] = []
        for event in events:
            position = next(self._positions)
            self._versions[stream_id] += 1
            told.append(
                Recorded(
                    event,
                    stream_id,
                    version=self._versions[stream_id],
                    position=position,
                    at=NOON + position * SECOND,
                    actor="test",
                    thread_id=thread_id,
                    owner_id=owner_id,
                )
            )
        self.events += told
        return told


@dataclass(frozen=True)
class Reader:
    """Whoever asks."""

    user_id: UUID
    reads_all: bool = False


@dataclass
class Story:
    """One thread and what happens in it."""

    log: Log
    owner: UUID = field(default_factory=uuid4)
    id: UUID = field(default_factory=uuid7)

    @property
    def reader(self) -> Reader:
        """The owner."""
        return Reader(self.owner)

    def start(self, *, title: str | None = None, **metadata: str) -> "Story":
        self.thread(ThreadStarted(self.owner, "assistant", title, dict(metadata)))
        return self

    def thread(self, *events: Event) -> int:
        return self.stream(self.id, *events)

    def stream(self, stream_id: UUID, *events: Event) -> int:
        """Append to a stream of this thread; the position of the last event."""
        told = self.log.append(stream_id, *events, thread_id=self.id, owner_id=self.owner)
        return told[-1].position

    def ask(self, text: str, *, parent: UUID | None = None) -> tuple[UUID, UUID]:
        """A message and the completion that shall answer it."""
        message, completion = uuid7(), uuid7()
        self.thread(
            MessageAdded(message, parent, (TextPart(text),)),
            ThreadCompletionRequested(completion, message),
        )
        self.stream(completion, CompletionRequested(self.id, message, "assistant"))
        return message, completion

    def queue(self, text: str, *, mode: QueueMode = "enqueue") -> tuple[UUID, UUID]:
        message, completion = uuid7(), uuid7()
        self.thread(MessageQueued(message, completion, mode, (TextPart(text),)))
        return message, completion

    def follow_up(self, head: UUID) -> UUID:
        """An answer that goes on from the answer `head`."""
        completion = uuid7()
        self.thread(ThreadCompletionRequested(completion, head))
        self.stream(completion, CompletionRequested(self.id, head, "assistant"))
        return completion

    def take_in(self, completion: UUID, *messages: UUID, below: UUID) -> None:
        """A running completion takes queued messages in, below the one that it answers."""
        self.stream(completion, InputTaken(messages))
        for message in messages:
            self.thread(MessageDelivered(message, below))
            below = message

    def claim(self, completion: UUID, *, attempt: int = 1) -> int:
        return self.stream(completion, CompletionStarted(attempt, WORKER))

    def record(self, completion: UUID, *parts: JsonObject, attempt: int = 1, step: int = 1) -> int:
        message: JsonObject = {"kind": "response", "parts": list(parts)}
        return self.stream(completion, MessageRecorded(attempt, step, message))

    def finish(self, completion: UUID, text: str = "", *, head: UUID | None = None) -> int:
        """The completion ends, and the turn with it; `head`, if another than the answer."""
        self.stream(completion, CompletionFinished(1, answer(text)))
        return self.thread(TurnEnded(completion, "finished", True, head or completion))

    def answer(self, completion: UUID, text: str) -> int:
        """Claimed, answered and ended."""
        self.claim(completion)
        self.record(completion, said(text))
        return self.finish(completion, text)


def said(content: str) -> JsonObject:
    return {"part_kind": "text", "content": content}


def answer(text: str = "") -> Answer:
    usage = Usage(requests=1, input_tokens=20, output_tokens=5)
    return Answer(text, len(text), "5ha", usage, "demo", 12, 250, 3000)

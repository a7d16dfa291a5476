"""Conversations as workers and API write them, without a model: into a log, many at once."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import chain
from uuid import UUID

from application.ports import StreamAppend
from domain.catalogue import Event
from domain.completion_events import (
    Answer,
    Chunk,
    CompletionFinished,
    CompletionRequested,
    CompletionStarted,
    MessageRecorded,
    ModelRequested,
    ToolCalled,
    ToolReturned,
    Usage,
)
from domain.content import TextPart
from domain.ids import uuid7
from domain.jsonvalue import JsonObject
from domain.thread_events import (
    MessageAdded,
    ThreadCompletionRequested,
    ThreadStarted,
    TurnEnded,
)
from infrastructure.event_log import PostgresEventLog

TEXT = "Hello wonderful world, "  # of a chunk: what a model says in a tenth of a second
DELTAS = ((5, 20), (1, 20), (9, 20), (1, 20), (7, 20))
CHUNKS = 10  # of an answer
TOOL_EVERY = 4  # answers, of which one asks for a tool
INSTRUCTIONS = (
    "You are a helpful assistant. Answer in the language of the user, as briefly as the question"
    " allows, in Markdown where it helps. Say so when you do not know something."
)
Step = tuple[StreamAppend, ...]  # what is appended at once


@dataclass
class Conversation:
    """One thread: a question, its answer, and so on."""

    owner_id: UUID
    thread_id: UUID = field(default_factory=uuid7)
    worker_id: UUID = field(default_factory=uuid7)
    head: UUID | None = None
    versions: dict[UUID, int] = field(default_factory=dict[UUID, int])

    def turn(self, number: int) -> Iterator[Step]:
        """A question and its answer, append by append; the first one begins the thread."""
        message, completion = uuid7(), uuid7()
        begun: tuple[Event, ...] = ()
        if not self.versions:
            begun = (ThreadStarted(self.owner_id, "assistant", "About the world"),)
        added = MessageAdded(message, self.head, (TextPart(f"Question {number}: why?"),))
        asked = ThreadCompletionRequested(completion, message)
        requested = CompletionRequested(self.thread_id, message, "assistant")
        yield (
            self._append(self.thread_id, *begun, added, asked),
            self._append(completion, requested),
        )
        yield (self._append(completion, CompletionStarted(1, self.worker_id)),)
        step = 1
        if number % TOOL_EVERY == 0:
            yield from self._tool(completion, number)
            step = 2
        yield (self._append(completion, _question(step, number), _model_requested(step)),)
        for _ in range(CHUNKS):
            yield (self._append(completion, Chunk(1, step, 0, "text", TEXT, DELTAS)),)
        self.head = completion
        text = TEXT * CHUNKS
        finished = CompletionFinished(1, _answer(text))
        ended = TurnEnded(completion, "finished", answered=True, head=completion)
        yield (
            self._append(completion, _said(step, {"content": text, "part_kind": "text"}), finished),
            self._append(self.thread_id, ended),
        )

    def _tool(self, completion: UUID, number: int) -> Iterator[Step]:
        call = "call_0"
        yield (self._append(completion, _question(1, number), _model_requested(1)),)
        chunk = Chunk(1, 1, 0, "tool_arguments", '{"of": "Vienna"}', ((16, 30),), call)
        yield (self._append(completion, chunk),)
        part: JsonObject = {
            "tool_name": "get_current_time",
            "args": '{"of": "Vienna"}',
            "tool_call_id": call,
            "part_kind": "tool-call",
        }
        called = ToolCalled(1, 1, call, "get_current_time", {"of": "Vienna"})
        yield (self._append(completion, _said(1, part), called),)
        returned = ToolReturned(call, "get_current_time", "completed", "12:00")
        yield (self._append(completion, returned),)

    def _append(self, stream_id: UUID, *events: Event) -> StreamAppend:
        version = self.versions.get(stream_id, 0)
        self.versions[stream_id] = version + len(events)
        return StreamAppend(stream_id, version, events, self.thread_id, self.owner_id)


async def converse(log: PostgresEventLog, conversation: Conversation, *, turns: int) -> None:
    """Write so many turns, each append once the one before it is durable."""
    for number in range(1, turns + 1):
        for appends in conversation.turn(number):
            await log.append(*appends, actor=f"worker:{conversation.worker_id}")


async def converse_unseen(log: PostgresEventLog, conversation: Conversation, *, turns: int) -> None:
    """The same with one append for each turn: no worker that is about finds anything to do."""
    for number in range(1, turns + 1):
        turn = chain.from_iterable(conversation.turn(number))
        await log.append(*turn, actor=f"worker:{conversation.worker_id}")


async def fill(
    log: PostgresEventLog, *, conversations: int, turns: int, at_once: int = 100
) -> None:
    """Write conversations of different owners, some at once; their events stand mixed."""
    turn_of = asyncio.Semaphore(at_once)

    async def one() -> None:
        async with turn_of:
            await converse(log, Conversation(uuid7()), turns=turns)

    async with asyncio.TaskGroup() as group:
        for _ in range(conversations):
            group.create_task(one())


def _question(step: int, number: int) -> MessageRecorded:
    content = f"Question {number}: why?"
    parts: Sequence[JsonObject] = [{"content": content, "part_kind": "user-prompt"}]
    message: JsonObject = {"parts": list(parts), "instructions": INSTRUCTIONS, "kind": "request"}
    return MessageRecorded(1, step, message)


def _said(step: int, part: JsonObject) -> MessageRecorded:
    message: JsonObject = {
        "parts": [part],
        "usage": {"input_tokens": 193, "output_tokens": 50, "cache_read_tokens": 0, "details": {}},
        "model_name": "gpt-5",
        "provider_name": "openai",
        "finish_reason": "stop",
        "kind": "response",
    }
    return MessageRecorded(1, step, message)


def _model_requested(step: int) -> ModelRequested:
    known = sha256(INSTRUCTIONS.encode()).hexdigest()
    sdk = "pydantic-ai-slim 2.68.0, openai 3.54.0, anthropic 2.12.0"
    return ModelRequested(
        1, step, "gpt-5", {}, known, known, (), sdk, known, "openai-chat:gpt-5", "http://model/v1/"
    )


def _answer(text: str) -> Answer:
    usage = Usage(requests=1, input_tokens=193, output_tokens=50)
    known = sha256(text.encode()).hexdigest()
    return Answer(text, len(text), known, usage, "gpt-5", 301, 262, 1452)

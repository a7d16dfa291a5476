"""What a model is told of the conversation so far, rebuilt from the log alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import cast
from uuid import UUID

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    UserPromptPart,
    repair_messages,
)

from application.ports import AnyRecorded, EventLog
from application.threads import Threads
from application.transcript import without_void
from domain.completion import Completion
from domain.completion_events import CompletionInterrupted, MessageRecorded
from domain.content import TextPart, text_of
from domain.thread import Thread
from domain.thread_events import MessageAdded, MessageQueued


@dataclass(frozen=True)
class History:
    """The branch of the thread that ends in the message asked."""

    messages: list[ModelMessage]  # valid for every provider, without instructions
    positions: tuple[int, ...]  # of the events that they come from, in order
    prompt: str  # the text of the message asked


@dataclass(frozen=True)
class _Posted:
    """A user's message, by the event that brought its text."""

    position: int
    at: int  # microseconds since 1970
    parts: tuple[TextPart, ...]


async def read_history(log: EventLog, threads: Threads, *, completion: Completion) -> History:
    """What the model is told when it answers this completion. Raises LogUnavailable."""
    thread = await threads.get(completion.thread_id)
    events = await log.read_thread(thread.id)
    return history_of(thread, events, message_id=completion.message_id)


def history_of(thread: Thread, events: Sequence[AnyRecorded], *, message_id: UUID) -> History:
    """From the thread's events without chunks, in order, at least up to the message's.

    An answer on the branch stands with the messages recorded for it, of which the first brings the
    question; a question that was never answered stands with its own text.
    """
    posted, answers = _posted(events), _answers(events)
    path = thread.path_to(message_id)
    messages: list[ModelMessage] = []
    positions: list[int] = []
    for step, following in pairwise(path):
        if step in posted:
            if following in posted:
                messages.append(_request(posted[step]))
                positions.append(posted[step].position)
            continue
        recorded = answers.get(step, [])
        messages += _messages(recorded)
        positions += [one.position for one in recorded]
    prompt = text_of(posted[message_id].parts)
    return History(repair_messages(messages), tuple(positions), prompt)


def _posted(events: Sequence[AnyRecorded]) -> dict[UUID, _Posted]:
    return {
        one.event.message_id: _Posted(one.position, one.at, one.event.parts)
        for one in events
        if isinstance(one.event, MessageAdded | MessageQueued)
    }


def _answers(events: Sequence[AnyRecorded]) -> dict[UUID, list[AnyRecorded]]:
    """What was recorded for each completion and is not void."""
    streams: dict[UUID, list[AnyRecorded]] = {}
    for one in events:
        if isinstance(one.event, MessageRecorded | CompletionInterrupted):
            streams.setdefault(one.stream_id, []).append(one)
    return {
        stream: [one for one in without_void(found) if isinstance(one.event, MessageRecorded)]
        for stream, found in streams.items()
    }


def _request(posted: _Posted) -> ModelRequest:
    at = datetime.fromtimestamp(posted.at / 1_000_000, UTC)
    return ModelRequest(parts=[UserPromptPart(text_of(posted.parts), timestamp=at)])


def _messages(recorded: Sequence[AnyRecorded]) -> list[ModelMessage]:
    stored = [cast("MessageRecorded", one.event).message for one in recorded]
    return [
        replace(message, instructions=None) if isinstance(message, ModelRequest) else message
        for message in ModelMessagesTypeAdapter.validate_python(stored)
    ]

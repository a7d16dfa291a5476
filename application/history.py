"""What a model is told of the conversation so far, rebuilt from the log alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
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


async def read_history(log: EventLog, threads: Threads, *, completion: Completion) -> History:
    """What the model is told when it answers this completion. Raises LogUnavailable."""
    events = await log.read_thread(completion.thread_id)
    thread = threads.learn(completion.thread_id, events)
    return history_of(thread, events, message_id=completion.message_id)


def history_of(thread: Thread, events: Sequence[AnyRecorded], *, message_id: UUID) -> History:
    """From the thread's events without chunks, in order, at least up to the message's.

    An answer on the branch stands with the messages recorded for it, of which the first brings the
    question; a question that was never answered stands with its own text.
    """
    posted, answers = _posted(events), _answers(events)
    told: list[AnyRecorded] = []
    for step, following in pairwise(thread.path_to(message_id)):
        if step not in posted:
            told += answers.get(step, [])
        elif following in posted:
            told.append(posted[step])
    return History(
        messages=messages_told(told),
        positions=tuple(one.position for one in told),
        prompt=text_of(_parts(posted[message_id])),
    )


def messages_told(events: Sequence[AnyRecorded]) -> list[ModelMessage]:
    """What a model is told by events at the positions of a History, in their order."""
    return repair_messages([_message(one) for one in events])


def _posted(events: Sequence[AnyRecorded]) -> dict[UUID, AnyRecorded]:
    """Users' messages, by the event that brought the text."""
    return {
        one.event.message_id: one
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


def _parts(posted: AnyRecorded) -> tuple[TextPart, ...]:
    assert isinstance(posted.event, MessageAdded | MessageQueued)
    return posted.event.parts


def _message(recorded: AnyRecorded) -> ModelMessage:
    if not isinstance(recorded.event, MessageRecorded):
        at = datetime.fromtimestamp(recorded.at / 1_000_000, UTC)
        return ModelRequest([UserPromptPart(text_of(_parts(recorded)), timestamp=at)])
    (message,) = ModelMessagesTypeAdapter.validate_python([recorded.event.message])
    return replace(message, instructions=None) if isinstance(message, ModelRequest) else message

"""What a model is told of the conversation so far, rebuilt from the log alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast
from uuid import UUID

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    repair_messages,
)

from application.ports import AnyRecorded, EventLog
from application.threads import Threads
from application.told import message_part, returned_part, told_by
from application.transcript import without_void
from domain.completion import Completion
from domain.completion_events import (
    CompletionInterrupted,
    CompletionRequested,
    InputTaken,
    MessageRecorded,
    ToolReturned,
)
from domain.content import TextPart, text_of
from domain.jsonvalue import JsonObject
from domain.thread import Thread
from domain.thread_events import MessageAdded, MessageQueued


@dataclass(frozen=True)
class History:
    """The branch of the thread that ends in the message asked."""

    messages: list[ModelMessage]  # valid for every provider, without instructions
    positions: tuple[int, ...]  # of the events that they come from, in order
    prompt: str  # the text of the message asked; empty where it is an answer that is gone on from
    events: Sequence[AnyRecorded] = field(default=(), repr=False)  # the thread's, without chunks


async def read_history(log: EventLog, threads: Threads, *, completion: Completion) -> History:
    """What the model is told when it answers this completion. Raises LogUnavailable."""
    events = await log.read_thread(completion.thread_id)
    thread = threads.learn(completion.thread_id, events)
    return history_of(thread, events, message_id=completion.message_id, but=completion.id)


def history_of(
    thread: Thread, events: Sequence[AnyRecorded], *, message_id: UUID, but: UUID
) -> History:
    """From the thread's events without chunks, in order, at least up to the message's.

    What `but` took in is left out: it is the completion that is to answer.

    An answer on the branch stands with the messages recorded for it, which bring the questions that
    it answers; a question that was never answered stands with its own text.
    """
    brought, runs = _posted(events), _runs(events)
    left = _without_answer(thread, runs, but=but)
    told: list[AnyRecorded] = []
    questions: list[UUID] = []  # that no answer has brought yet
    passed: set[UUID] = set()
    for step in thread.path_to(message_id):
        if step in thread.posted:
            questions += [step] if step not in passed else []
        elif (run := runs.get(step)) is not None:
            told += [brought[one] for one in questions if one not in run.tells]
            told += [*run.recorded, *run.unrecorded, *run.untold]
            questions = []
        for run in left.get(step, []):
            told += [brought[one] for one in questions]
            told += run.taken
            questions = []
            passed |= run.tells
    asked = message_id if message_id in thread.posted else None
    told += [brought[one] for one in questions if one != asked]
    return History(
        messages=messages_told(told, among=events),
        positions=tuple(one.position for one in told),
        prompt="" if asked is None else text_of(_parts(brought[asked])),
        events=events,
    )


def messages_told(
    told: Sequence[AnyRecorded], *, among: Sequence[AnyRecorded]
) -> list[ModelMessage]:
    """What a model is told by events at the positions of a History, in their order.

    `among` holds the thread's events.
    """
    messages: list[ModelMessage] = []
    returns: list[ModelRequestPart] = []
    for one in told:
        if isinstance(one.event, ToolReturned):
            returns.append(returned_part(one))
            continue
        messages += [ModelRequest(returns)] if returns else []
        messages.append(_message(one, among=among))
        returns = []
    return repair_messages([*messages, ModelRequest(returns)] if returns else messages)


def recorded_message(event: MessageRecorded) -> ModelMessage:
    """As pydantic-ai had it, less the instructions, which each request brings anew."""
    (message,) = ModelMessagesTypeAdapter.validate_python([event.message])
    return replace(message, instructions=None) if isinstance(message, ModelRequest) else message


@dataclass
class _Run:
    """What the log tells of one completion: whom it answers, what it took in, what it recorded."""

    asked: UUID | None = None
    recorded: list[AnyRecorded] = field(default_factory=list[AnyRecorded])
    taken: list[AnyRecorded] = field(default_factory=list[AnyRecorded])
    returned: list[AnyRecorded] = field(default_factory=list[AnyRecorded])  # by tools

    @property
    def unrecorded(self) -> list[AnyRecorded]:
        """Results of tools that it never asked its model with."""
        last = self.recorded[-1].position if self.recorded else 0
        return [one for one in self.returned if one.position > last]

    @property
    def _last_request(self) -> int:
        """That brought what was taken in or asked; some bring tools' results alone."""
        requests = (one for one in self.recorded if _is_asking(one))
        return max((one.position for one in requests), default=0)

    @property
    def untold(self) -> list[AnyRecorded]:
        """What it took in and never asked its model with."""
        return [one for one in self.taken if one.position > self._last_request]

    @property
    def tells(self) -> set[UUID]:
        """The users' messages that need not be told beside it."""
        taken = {
            message
            for one in self.taken
            if isinstance(one.event, InputTaken)
            for message in one.event.message_ids
        }
        return taken | ({self.asked} if self.asked and self._last_request else set())


def _runs(events: Sequence[AnyRecorded]) -> Mapping[UUID, _Run]:
    streams: dict[UUID, list[AnyRecorded]] = {}
    runs: dict[UUID, _Run] = {}
    for one in events:
        if isinstance(one.event, CompletionRequested):
            runs[one.stream_id] = _Run(one.event.message_id)
        elif isinstance(one.event, _TELLING):
            streams.setdefault(one.stream_id, []).append(one)
    for stream, found in streams.items():
        run = runs.setdefault(stream, _Run())
        valid = without_void(found)
        run.recorded = [one for one in valid if isinstance(one.event, MessageRecorded)]
        run.taken = [one for one in valid if isinstance(one.event, InputTaken)]
        run.returned = [one for one in valid if isinstance(one.event, ToolReturned)]
    return runs


_TELLING = (MessageRecorded, InputTaken, ToolReturned, CompletionInterrupted)


def _without_answer(
    thread: Thread, runs: Mapping[UUID, _Run], *, but: UUID
) -> Mapping[UUID, list[_Run]]:
    """Runs that took something in and left no answer, by the message that they were to answer."""
    left: dict[UUID, list[_Run]] = {}
    for completion_id, run in runs.items():
        unanswered = completion_id != but and completion_id not in thread.parents
        if run.taken and run.asked is not None and unanswered:
            left.setdefault(run.asked, []).append(run)
    return left


def _posted(events: Sequence[AnyRecorded]) -> dict[UUID, AnyRecorded]:
    """Users' messages, by the event that brought the text."""
    return {
        one.event.message_id: one
        for one in events
        if isinstance(one.event, MessageAdded | MessageQueued)
    }


def _is_asking(recorded: AnyRecorded) -> bool:
    assert isinstance(recorded.event, MessageRecorded)
    message = recorded.event.message
    parts = cast("list[JsonObject]", message["parts"])
    return message["kind"] == "request" and any(part["part_kind"] in _PROMPTS for part in parts)


_PROMPTS = ("user-prompt", "system-prompt")


def _parts(posted: AnyRecorded) -> tuple[TextPart, ...]:
    assert isinstance(posted.event, MessageAdded | MessageQueued)
    return posted.event.parts


def _message(recorded: AnyRecorded, *, among: Sequence[AnyRecorded]) -> ModelMessage:
    match recorded.event:
        case MessageRecorded() as event:
            return recorded_message(event)
        case InputTaken() as taken:
            told = told_by([taken], among=among)
            return ModelRequest([*told.results, *told.messages])
        case _:
            return ModelRequest([message_part(recorded)])

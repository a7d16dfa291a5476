"""What enters an answer from outside, as the model reads it: users' messages, tools' results."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic_ai.messages import (
    ModelRequestPart,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)

from application.ports import AnyRecorded
from domain.completion_events import InputTaken, ToolReturned
from domain.content import text_of
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionDispatched,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionTimedOut,
)
from domain.thread_events import MessageAdded, MessageQueued
from domain.times import time_of


@dataclass(frozen=True)
class Told:
    """Results as words of the system, messages as words of the user, each in their order."""

    results: tuple[ModelRequestPart, ...] = ()
    messages: tuple[ModelRequestPart, ...] = ()

    def __add__(self, other: "Told") -> "Told":
        return Told(self.results + other.results, self.messages + other.messages)


def told_by(taken: Iterable[InputTaken], *, among: Sequence[AnyRecorded]) -> Told:
    """What was taken in; `among` holds the thread's events that brought it."""
    told = Told()
    for one in taken:
        told += Told(
            tuple(result_part(execution, among=among) for execution in one.execution_ids),
            tuple(message_part(posted(message, among=among)) for message in one.message_ids),
        )
    return told


def posted(message_id: UUID, *, among: Iterable[AnyRecorded]) -> AnyRecorded:
    """The event that brought a user's message."""
    return next(
        one
        for one in among
        if isinstance(one.event, MessageAdded | MessageQueued)
        and one.event.message_id == message_id
    )


def message_part(recorded: AnyRecorded) -> UserPromptPart:
    """A user's message, from the event that brought it."""
    assert isinstance(recorded.event, MessageAdded | MessageQueued)
    return UserPromptPart(text_of(recorded.event.parts), timestamp=time_of(recorded.at))


def returned_part(recorded: AnyRecorded) -> ToolReturnPart:
    """A tool's result."""
    returned = recorded.event
    assert isinstance(returned, ToolReturned)
    return ToolReturnPart(
        returned.tool,
        returned.content,
        tool_call_id=returned.tool_call_id,
        outcome="success" if returned.outcome in ("completed", "pending") else "failed",
        timestamp=time_of(recorded.at),
    )


def result_part(execution_id: UUID, *, among: Iterable[AnyRecorded]) -> SystemPromptPart:
    """What came of a background tool, from its stream's events, among others."""
    tool, came, ended = "", "", None
    for one in among:
        if one.stream_id != execution_id:
            continue
        match one.event:
            case ExecutionDispatched(tool=name):
                tool = name
            case ExecutionFinished(content=content):
                came, ended = f"It is completed:\n\n{content}", one
            case ExecutionFailed(message=message):
                came, ended = f"It failed: {message}", one
            case ExecutionTimedOut(timeout_seconds=seconds):
                came, ended = f"It failed: it did not end within {seconds} seconds.", one
            case ExecutionCancelled(reason=reason):
                came, ended = f"It was cancelled{f': {reason}' if reason else '.'}", one
            case _:
                pass
    heading = f"The background tool {tool} (execution {execution_id}) has ended. "
    assert ended is not None
    return SystemPromptPart(heading + came, timestamp=time_of(ended.at))

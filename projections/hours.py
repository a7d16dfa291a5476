"""Hours: how many answers and tools ended in each, how, how quickly, and what that cost."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from domain import completion_events as completion
from domain import execution_events as execution
from domain.catalogue import Event
from domain.recorded import Recorded
from projections.schema import ReadModel, moment

NAME_CHARACTERS = 200  # of a model or tool, at most
NOBODY = UUID(int=0)  # figures of everybody belong to no user
# Milliseconds, each 19 % above the one before: percentiles are as exact as that.
STEPS = tuple(sorted({round(2 ** (power / 4)) for power in range(81)}))


class HourOfAnswers(ReadModel, kw_only=True):
    """Answers that ended in an hour, of one model, in one way."""

    __tablename__ = "hours_of_answers"

    hour: Mapped[datetime] = mapped_column(primary_key=True)  # its beginning
    model: Mapped[str] = mapped_column(primary_key=True)  # "": none was asked
    outcome: Mapped[str] = mapped_column(primary_key=True)  # completed, failed or cancelled
    failure: Mapped[str] = mapped_column(primary_key=True)  # "": it did not fail
    user_id: Mapped[UUID] = mapped_column(default=NOBODY)
    answers: Mapped[int] = mapped_column(default=0)
    input_tokens: Mapped[int] = mapped_column(default=0)
    output_tokens: Mapped[int] = mapped_column(default=0)
    cost_microdollars: Mapped[int] = mapped_column(default=0)  # of those whose price is known
    unpriced: Mapped[int] = mapped_column(default=0)  # answers whose price is not known


class HourOfFirstTokens(ReadModel, kw_only=True):
    """Answers that ended in an hour and whose first token came within about the same time."""

    __tablename__ = "hours_of_first_tokens"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    within_ms: Mapped[int] = mapped_column(primary_key=True)  # one of STEPS
    user_id: Mapped[UUID] = mapped_column(default=NOBODY)
    answers: Mapped[int] = mapped_column(default=0)


class HourOfTools(ReadModel, kw_only=True):
    """Calls of one tool that ended in an hour, in one way. `pending`: it went on by itself."""

    __tablename__ = "hours_of_tools"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    tool: Mapped[str] = mapped_column(primary_key=True)
    outcome: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(default=NOBODY)
    calls: Mapped[int] = mapped_column(default=0)


Hour: TypeAlias = HourOfAnswers | HourOfFirstTokens | HourOfTools
Ended: TypeAlias = (
    completion.CompletionFinished | completion.CompletionFailed | completion.CompletionCancelled
)
OUTCOMES: Mapping[type[Event], str] = {
    completion.CompletionFinished: "completed",
    completion.CompletionFailed: "failed",
    completion.CompletionCancelled: "cancelled",
    execution.ExecutionFinished: "completed",
    execution.ExecutionFailed: "failed",
    execution.ExecutionCancelled: "cancelled",
    execution.ExecutionTimedOut: "timed_out",
}
EVENTS: tuple[type[Event], ...] = (completion.ToolReturned, *OUTCOMES)


def rows_of(recorded: Recorded[Event], *, tool: str | None) -> list[Hour]:
    """Those that an event counts in, as they are before it where there are none yet.

    `tool`: the name of the background tool that the event is about.
    """
    hour = moment(recorded).replace(minute=0, second=0, microsecond=0)
    position = recorded.position
    match event := recorded.event:
        case (
            completion.CompletionFinished()
            | completion.CompletionFailed()
            | completion.CompletionCancelled()
        ):
            answers = HourOfAnswers(
                hour=hour,
                model=_name(event.answer.model or ""),
                outcome=OUTCOMES[type(event)],
                failure=event.type if isinstance(event, completion.CompletionFailed) else "",
                position=position,
            )
            first = event.answer.time_to_first_token_ms
            if first is None:
                return [answers]
            step = step_of(first)
            return [answers, HourOfFirstTokens(hour=hour, within_ms=step, position=position)]
        case completion.ToolReturned():
            named, outcome = event.tool, event.outcome
        case _:
            named, outcome = tool, OUTCOMES.get(type(event))
    if named is None or outcome is None:
        return []
    return [HourOfTools(hour=hour, tool=_name(named), outcome=outcome, position=position)]


def _name(name: str) -> str:
    """Models make up names of tools; PostgreSQL refuses NUL, and keys that are very long."""
    return name.replace("\0", "\ufffd")[:NAME_CHARACTERS]


def count(row: Hour, event: Event) -> None:
    """One more."""
    match row:
        case HourOfFirstTokens():
            row.answers += 1
        case HourOfTools():
            row.calls += 1
        case HourOfAnswers():
            assert isinstance(event, Ended)
            answer = event.answer
            row.answers += 1
            row.input_tokens += answer.usage.input_tokens
            row.output_tokens += answer.usage.output_tokens
            row.cost_microdollars += answer.cost_microdollars or 0
            row.unpriced += answer.cost_microdollars is None and answer.usage.requests > 0


def step_of(milliseconds: int) -> int:
    """The first step that is no shorter; the last one where none is."""
    return STEPS[min(bisect_left(STEPS, milliseconds), len(STEPS) - 1)]

"""The analysis `user_activity`: what a user wrote, day by day, and how it was answered."""

from typing import Any

from sqlalchemy import ColumnElement, Date, cast, func, select

from domain.jsonvalue import JsonObject
from interfaces.agents.span import Span
from projections.completions import Completion
from projections.messages import Message
from projections.threads import Thread


async def analyse(span: Span) -> tuple[str, JsonObject]:
    """A summary in one paragraph, and the figures."""
    tell = span.execution.progress
    await tell(0.0, "Counting threads")
    [(threads,)] = await span.rows(
        select(func.count()).select_from(Thread).where(span.of(Thread, Thread.created_at))
    )
    await tell(0.25, "Counting messages")
    by_day = await _messages_by_day(span)
    await tell(0.5, "Counting answers")
    answers = await _answers(span)
    await tell(0.75, "Adding up tokens")
    tokens = await _tokens(span)
    await tell(1.0, "Done")
    data: JsonObject = {
        "threads": threads,
        "messages": sum(by_day.values()),
        "messages_by_day": {**by_day},
        "answers": {**answers},
        **tokens,
    }
    return _summary(span, threads, by_day, answers), data


async def _messages_by_day(span: Span) -> dict[str, int]:
    day = _day(Message.created_at)
    rows = await span.rows(
        select(day, func.count())
        .where(span.of(Message, Message.created_at), Message.role == "user")
        .group_by(day)
        .order_by(day)
    )
    return {str(day): count for day, count in rows}


async def _answers(span: Span) -> dict[str, int]:
    rows = await span.rows(
        select(Completion.status, func.count())
        .where(span.of(Completion, Completion.created_at))
        .group_by(Completion.status)
        .order_by(Completion.status)
    )
    return dict(rows)


async def _tokens(span: Span) -> dict[str, int]:
    [(given, taken)] = await span.rows(
        select(func.sum(Completion.input_tokens), func.sum(Completion.output_tokens)).where(
            span.of(Completion, Completion.created_at)
        )
    )
    return {"input_tokens": int(given or 0), "output_tokens": int(taken or 0)}


def _summary(span: Span, threads: int, by_day: dict[str, int], answers: dict[str, int]) -> str:
    if not by_day:
        return f"Nothing was written in {span.words}."
    written, busiest = sum(by_day.values()), max(by_day, key=lambda day: by_day[day])
    complete = answers.get("completed", 0)
    return (
        f"In {span.words} {written} messages were written and {threads} threads begun; {complete} "
        f"of {sum(answers.values())} answers are complete. The busiest day was {busiest}, with "
        f"{by_day[busiest]} messages."
    )


def _day(moment: Any) -> ColumnElement[Any]:
    return cast(func.timezone("UTC", moment), Date)

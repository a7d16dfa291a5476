"""The analysis `tool_usage`: which tools the answers called, and how background tools ended."""

from sqlalchemy import Float, Text, cast, extract, func, select
from sqlalchemy.dialects.postgresql import JSONB

from domain.jsonvalue import JsonObject
from interfaces.agents.span import Span
from projections.async_tool_executions import AsyncToolExecution
from projections.messages import Message


async def analyse(span: Span) -> tuple[str, JsonObject]:
    """A summary in one paragraph, and the figures."""
    tell = span.execution.progress
    await tell(0.0, "Counting calls")
    calls = await _calls(span)
    await tell(0.4, "Counting background tools")
    executions = await _executions(span)
    await tell(0.8, "Measuring background tools")
    seconds = await _seconds(span)
    await tell(1.0, "Done")
    data: JsonObject = {
        "calls": {**calls},
        "executions": {tool: {**statuses} for tool, statuses in executions.items()},
        "average_seconds": {**seconds},
    }
    return _summary(span, calls, executions), data


async def _calls(span: Span) -> dict[str, int]:
    """By tool, most called first."""
    part = func.jsonb_array_elements(Message.parts).table_valued("value").lateral()
    said = cast(part.c.value, JSONB)
    name = cast(said["tool_name"].astext, Text)
    rows = await span.rows(
        select(name, func.count())
        .select_from(Message)
        .join(part, said["kind"].astext == "tool_call")
        .where(span.of(Message, Message.created_at))
        .group_by(name)
        .order_by(func.count().desc(), name)
    )
    return dict(rows)


async def _executions(span: Span) -> dict[str, dict[str, int]]:
    """By tool, how many of its executions have which status."""
    row = AsyncToolExecution
    rows = await span.rows(
        select(row.name, row.status, func.count())
        .where(span.of(row, row.created_at))
        .group_by(row.name, row.status)
        .order_by(row.name, row.status)
    )
    found: dict[str, dict[str, int]] = {}
    for name, status, count in rows:
        found.setdefault(name, {})[status] = count
    return found


async def _seconds(span: Span) -> dict[str, float]:
    """By tool, from the first claim to the end, on average."""
    row = AsyncToolExecution
    seconds = cast(func.avg(extract("epoch", row.completed_at - row.started_at)), Float)
    rows = await span.rows(
        select(row.name, seconds)
        .where(span.of(row, row.created_at), row.completed_at.is_not(None))
        .where(row.started_at.is_not(None))
        .group_by(row.name)
        .order_by(row.name)
    )
    return {name: round(float(average), 3) for name, average in rows}


def _summary(span: Span, calls: dict[str, int], executions: dict[str, dict[str, int]]) -> str:
    if not calls:
        return f"No tool was called in {span.words}."
    favourite = next(iter(calls))
    ran = sum(sum(statuses.values()) for statuses in executions.values())
    return (
        f"In {span.words} tools were called {sum(calls.values())} times, most often {favourite} "
        f"({calls[favourite]} times). {ran} of the calls ran in the background."
    )

"""What operators look at as one projection: runs, and the figures of each hour. No contents."""

from collections.abc import Iterator
from typing import TypeVar
from uuid import UUID

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalogue import Event
from domain.execution_events import ExecutionDispatched
from domain.recorded import Recorded
from projections import hours, runs
from projections.hours import Hour, HourOfAnswers, HourOfFirstTokens, HourOfTools
from projections.projection import Batch, Projection
from projections.rows import Rows
from projections.runs import Run

H = TypeVar("H", bound=Hour)


async def load(rows: Rows, session: AsyncSession, batch: Batch) -> None:
    """The runs that the events are about, then the hours that these count in."""
    await rows.load(session, Run, {(recorded.stream_id,) for recorded in batch})
    wanted = list(_hours(rows, batch))
    await rows.load(session, HourOfAnswers, _keys(wanted, HourOfAnswers))
    await rows.load(session, HourOfFirstTokens, _keys(wanted, HourOfFirstTokens))
    await rows.load(session, HourOfTools, _keys(wanted, HourOfTools))


def _hours(rows: Rows, batch: Batch) -> Iterator[Hour]:
    tools = {row.id: row.name for row in rows.all(Run)}
    for recorded in batch:
        if isinstance(recorded.event, ExecutionDispatched):
            tools[recorded.stream_id] = recorded.event.tool
        yield from hours.rows_of(recorded, tool=tools.get(recorded.stream_id))


def _keys(wanted: list[Hour], model: type[H]) -> set[tuple[object, ...]]:
    return {_key(row) for row in wanted if isinstance(row, model)}


def _key(row: Hour) -> tuple[object, ...]:
    return tuple(getattr(row, column.name) for column in inspect(type(row)).primary_key)


def change(rows: Rows, recorded: Recorded[Event]) -> None:
    """An event changes its run, and counts in its hour."""
    runs.change(rows, recorded)
    for empty in hours.rows_of(recorded, tool=_tool(rows, recorded.stream_id)):
        row = rows.find(type(empty), *_key(empty))
        if row is None:
            rows.add(row := empty)
        hours.count(row, recorded.event)


def _tool(rows: Rows, stream_id: UUID) -> str | None:
    row = rows.find(Run, stream_id)
    return row.name if row else None


OPERATIONS = Projection(
    name="operations",
    version=1,
    models=(Run, HourOfAnswers, HourOfFirstTokens, HourOfTools),
    load=load,
    change=change,
    events=tuple(dict.fromkeys((*runs.EVENTS, *hours.EVENTS))),
    pace_seconds=0.25,
)

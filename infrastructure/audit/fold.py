"""A thread as it stood: its events up to a moment, folded by the projection of the read tables."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar, cast
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import to_jsonable_python
from sqlalchemy import inspect

from application.audit.moments import Moment
from application.audit.refusals import EventCannotBeApplied
from application.audit.standing import Standing
from application.transcript import without_void
from domain.completion import ENDED
from domain.completion_events import Chunk
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from infrastructure.audit.log import AuditedLog
from infrastructure.audit.moments import Cut
from infrastructure.audit.skipped import skipped_positions
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.entry import LogEntry
from projections.async_tool_executions import AsyncToolExecution
from projections.completions import Completion
from projections.messages import Message
from projections.record import RECORD
from projections.rows import Rows
from projections.schema import ReadModel
from projections.threads import Thread

R = TypeVar("R", bound=ReadModel)

AT_ONCE = 200  # events or rows, before others have their turn

_BOOKKEEPING = frozenset({"steps", "response"})  # of a completion, whose `text` says more

codec = Codec()


async def standing(log: AuditedLog, thread_id: UUID, moment: Moment | None = None) -> Standing:
    """How the thread stood after the last event at or before the moment; None: now.

    Chunks are read of an answer that was under way then, and of no other. Raises ThreadNotFound,
    ThreadNotStartedThen, PositionIsAhead, TimeIsAhead, and EventCannotBeApplied unless operators
    have decided that the read tables pass over that event.
    """
    cut = await Cut.at(log, moment)
    seen = await cut.read_thread(log, thread_id)
    rows, skipped = await _folded(log, seen)
    last, said = seen[-1], dict[UUID, str]()
    for row in rows.all(Completion):
        if row.attempts and row.status not in ENDED:
            stream = await cut.read_stream(log, row.id)
            said[row.id] = _said([one for one in stream if one.position not in skipped])
            last = max(last, stream[-1], key=_position)
    return Standing(
        position=last.position,
        recorded_at=last.recorded_at,
        thread=_shown(rows.get(Thread, thread_id)),
        messages=await _all(rows, Message, _shown),
        completions=await _all(rows, Completion, lambda row: _completion(row, said)),
        tool_executions=await _all(rows, AsyncToolExecution, _shown),
    )


async def _folded(log: AuditedLog, entries: Sequence[LogEntry]) -> tuple[Rows, frozenset[int]]:
    """The rows, and the positions that had to be skipped. Raises EventCannotBeApplied."""
    try:
        return await _rows_of(entries), frozenset()
    except EventCannotBeApplied:
        skipped = await skipped_positions(log)
        rest = [one for one in entries if one.position not in skipped]
        return await _rows_of(rest), skipped


async def _rows_of(entries: Sequence[LogEntry]) -> Rows:
    rows = Rows()
    for number, entry in enumerate(entries, start=1):
        try:
            RECORD.change(rows, codec.decode(entry))
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise EventCannotBeApplied(entry.position, reason) from error
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return rows


def _said(entries: Sequence[LogEntry]) -> str:
    """The committed text of an open answer that is not void."""
    valid = without_void(map(codec.decode, entries))
    return "".join(
        one.event.text
        for one in cast("list[Recorded[object]]", valid)
        if isinstance(one.event, Chunk) and one.event.kind == "text"
    )


def _position(entry: LogEntry) -> int:
    return entry.position


def _ordered(rows: Rows, model: type[R]) -> list[R]:
    return sorted(rows.all(model), key=lambda row: (row.position, _id(row)))


def _id(row: ReadModel) -> str:
    return str(getattr(row, "id"))  # noqa: B009 - every model of the projection has one


async def _all(rows: Rows, model: type[R], show: Callable[[R], JsonObject]) -> list[JsonObject]:
    shown: list[JsonObject] = []
    for number, row in enumerate(_ordered(rows, model), start=1):
        shown.append(show(row))
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return shown


def _completion(row: Completion, said: dict[UUID, str]) -> JsonObject:
    shown = {name: value for name, value in _shown(row).items() if name not in _BOOKKEEPING}
    return {**shown, "text": said.get(row.id, row.response or "")}


def _shown(row: ReadModel) -> JsonObject:
    """Every column by its name."""
    columns = inspect(type(row)).column_attrs
    values: dict[str, JsonValue] = {
        column.columns[0].name: to_jsonable_python(getattr(row, column.key)) for column in columns
    }
    return values

"""The stretch of time and the rows that an analysis is about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple

from sqlalchemy import ColumnElement, Row, Select, and_, true

from application.executions.tool_execution import ToolExecution
from projections.schema import ReadModel

C = TypeVarTuple("C")


@dataclass(frozen=True)
class Span:
    """From `since` up to now, of the execution's user; of everybody where it has none."""

    execution: ToolExecution
    days: int
    since: datetime

    @property
    def words(self) -> str:
        """How people say it."""
        return "the last day" if self.days == 1 else f"the last {self.days} days"

    def of(self, model: type[ReadModel], created_at: Any) -> ColumnElement[bool]:
        """Is this row part of it?"""
        user_id = self.execution.user_id
        mine = true() if user_id is None else model.user_id == user_id
        return and_(mine, created_at >= self.since)

    async def rows(self, query: Select[*C]) -> Sequence[Row[*C]]:
        """Each query has a connection of its own, only while it runs."""
        async with self.execution.get_session() as session:
            return (await session.execute(query)).all()

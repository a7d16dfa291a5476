"""Figures of a period out of its hours: what charts show and what operators count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from domain.times import EPOCH
from projections.hours import STEPS, HourOfAnswers, HourOfFirstTokens, HourOfTools

LARGEST_NAMES = 1000  # models or tools in a period; what is named at random must not fill a page


@dataclass(frozen=True)
class Span:
    """So many steps of so many hours; the last one is under way."""

    steps: int
    step_hours: int

    @property
    def step(self) -> timedelta:
        return timedelta(hours=self.step_hours)

    def beginnings(self, now: datetime) -> list[datetime]:
        """Of its steps, in UTC, in order."""
        last = EPOCH + (now - EPOCH) // self.step * self.step
        return [last - self.step * back for back in range(self.steps - 1, -1, -1)]


@dataclass(frozen=True)
class ModelUse:
    """What one model was asked, and what that cost."""

    model: str  # "": none was asked
    answers: int
    input_tokens: int
    output_tokens: int
    cost_microdollars: int  # of those whose price is known
    unpriced: int


@dataclass(frozen=True)
class ToolUse:
    """How the calls of one tool ended."""

    tool: str
    completed: int
    failed: int  # or too late, or nobody knows
    cancelled: int

    @property
    def ended(self) -> int:
        """By themselves: who was cancelled tells nothing about the tool."""
        return self.completed + self.failed


async def outcomes(
    session: AsyncSession, *, since: datetime, step: timedelta
) -> Mapping[str, Mapping[datetime, int]]:
    """Answers by outcome and step."""
    slot = _slot(HourOfAnswers.hour, step=step)
    answers = func.sum(HourOfAnswers.answers)
    query = select(HourOfAnswers.outcome, slot, answers).where(HourOfAnswers.hour >= since)
    found: dict[str, dict[datetime, int]] = {}
    for outcome, begins, count in await session.execute(
        query.group_by(HourOfAnswers.outcome, slot)
    ):
        found.setdefault(outcome, {})[begins] = int(count)
    return found


async def first_tokens(
    session: AsyncSession, *, since: datetime, step: timedelta
) -> Mapping[datetime, Mapping[int, int]]:
    """Of each step: how many first tokens came within so many milliseconds, see STEPS."""
    slot = _slot(HourOfFirstTokens.hour, step=step)
    query = (
        select(slot, HourOfFirstTokens.within_ms, func.sum(HourOfFirstTokens.answers))
        .where(HourOfFirstTokens.hour >= since)
        .group_by(slot, HourOfFirstTokens.within_ms)
    )
    found: dict[datetime, dict[int, int]] = {}
    for begins, within_ms, count in await session.execute(query):
        found.setdefault(begins, {})[within_ms] = int(count)
    return found


def percentile(counts: Mapping[int, int], share: float) -> int:
    """Milliseconds within which this share (0 to 1) came; exact to the width of a step."""
    wanted, before = max(ceil(sum(counts.values()) * share), 1), 0
    for within_ms in sorted(counts):
        if before + counts[within_ms] >= wanted:
            lower = max((step for step in STEPS if step < within_ms), default=0)
            part = (wanted - before) / counts[within_ms]
            return round(lower + (within_ms - lower) * part)
        before += counts[within_ms]
    return 0


async def models(session: AsyncSession, *, since: datetime) -> Sequence[ModelUse]:
    """The one with the most answers first."""
    table = HourOfAnswers
    query = (
        select(
            table.model,
            func.sum(table.answers).label("answers"),
            func.sum(table.input_tokens),
            func.sum(table.output_tokens),
            func.sum(table.cost_microdollars),
            func.sum(table.unpriced),
        )
        .where(table.hour >= since)
        .group_by(table.model)
        .order_by(func.sum(table.answers).desc(), table.model)
        .limit(LARGEST_NAMES)
    )
    return [ModelUse(row[0], *map(int, row[1:])) for row in await session.execute(query)]


async def tools(session: AsyncSession, *, since: datetime) -> Sequence[ToolUse]:
    """The one that ended most often first. What went on in the background counts when it ends."""
    table = HourOfTools
    ended = func.sum(table.calls).filter(table.outcome != "pending")
    query = (
        select(
            table.tool,
            func.coalesce(func.sum(table.calls).filter(table.outcome == "completed"), 0),
            func.coalesce(
                func.sum(table.calls).filter(
                    table.outcome.not_in(["completed", "pending", "cancelled"])
                ),
                0,
            ),
            func.coalesce(func.sum(table.calls).filter(table.outcome == "cancelled"), 0),
        )
        .where(table.hour >= since)
        .group_by(table.tool)
        .having(ended > 0)
        .order_by(ended.desc(), table.tool)
        .limit(LARGEST_NAMES)
    )
    return [ToolUse(row[0], *map(int, row[1:])) for row in await session.execute(query)]


async def failures(session: AsyncSession, *, since: datetime) -> Mapping[str, int]:
    """Answers that failed, by class, the most frequent first."""
    answers = func.sum(HourOfAnswers.answers)
    query = (
        select(HourOfAnswers.failure, answers)
        .where(HourOfAnswers.hour >= since, HourOfAnswers.outcome == "failed")
        .group_by(HourOfAnswers.failure)
        .order_by(answers.desc(), HourOfAnswers.failure)
    )
    return {failure: int(count) for failure, count in await session.execute(query)}


def _slot(hour: InstrumentedAttribute[datetime], *, step: timedelta) -> ColumnElement[datetime]:
    return func.date_bin(step, hour, EPOCH)

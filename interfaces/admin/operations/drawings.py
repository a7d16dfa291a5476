"""The charts of a period: answers, first tokens, tokens and cost of models, tools, the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from infrastructure.operations.log_growth import events_since
from interfaces.admin.charts.columns import Part, Steps, columns
from interfaces.admin.charts.lines import Course, lines
from interfaces.admin.charts.shapes import Chart
from interfaces.admin.formats import MONTHS, count
from interfaces.admin.operations.uses import cost_chart, tokens_chart, tools_chart
from interfaces.http.resources import Resources
from projections import figures
from projections.figures import Span, percentile

OUTCOMES = (("completed", 2), ("failed", 4), ("cancelled", 5))  # and their colours


@dataclass(frozen=True)
class Period:
    """What a reader may choose."""

    name: str
    title: str
    span: Span
    each: str  # what one step is called


PERIODS: Mapping[str, Period] = {
    "day": Period("day", "24 hours", Span(24, 1), "hour"),
    "week": Period("week", "7 days", Span(28, 6), "6 hours"),
    "month": Period("month", "30 days", Span(30, 24), "day"),
}


async def drawings(here: Resources, period: Period) -> list[Chart]:
    """Raises LogUnavailable and ReadTablesUnavailable."""
    beginnings = period.span.beginnings(datetime.now(UTC))
    since, step = beginnings[0], period.span.step
    async with here.tables.session() as session:
        outcomes = await figures.outcomes(session, since=since, step=step)
        first = await figures.first_tokens(session, since=since, step=step)
        models = await figures.models(session, since=since)
        tools = await figures.tools(session, since=since)
    events = await events_since(here.reader.database, beginnings)
    steps = _steps(period, beginnings)
    return [
        _answers(period, steps, beginnings, outcomes),
        _first_tokens(period, steps, beginnings, first),
        tokens_chart(models, within=period.title),
        cost_chart(models, within=period.title),
        tools_chart(tools, within=period.title),
        _log(period, steps, events),
    ]


def _steps(period: Period, beginnings: Sequence[datetime]) -> Steps:
    days = [f"{at.day} {MONTHS[at.month - 1]}" for at in beginnings]
    hours = [f"{at:%H:%M}" for at in beginnings]
    whole = days
    if period.span.step_hours < 24:
        whole = [f"{day}, {hour}" for day, hour in zip(days, hours, strict=True)]
    short = hours if period.span.step_hours == 1 else days
    return Steps("From (UTC)", short, whole)


def _answers(
    period: Period,
    steps: Steps,
    beginnings: Sequence[datetime],
    outcomes: Mapping[str, Mapping[datetime, int]],
) -> Chart:
    parts = [
        Part(
            outcome.capitalize(),
            series,
            [outcomes.get(outcome, {}).get(at, 0) for at in beginnings],
        )
        for outcome, series in OUTCOMES
    ]
    told = ", ".join(f"{count(sum(part.values))} {part.title.lower()}" for part in parts)
    return columns(
        "answers",
        title=f"Answers per {period.each}",
        description=f"Answers that ended in the last {period.title}: {told}.",
        steps=steps,
        parts=parts,
    )


def _first_tokens(
    period: Period,
    steps: Steps,
    beginnings: Sequence[datetime],
    first: Mapping[datetime, Mapping[int, int]],
) -> Chart:
    def course(title: str, share: float, series: int) -> Course:
        values = [percentile(first[at], share) if at in first else None for at in beginnings]
        return Course(title, series, values)

    return lines(
        "first-tokens",
        title="Time to the first token",
        description=(
            f"Of the answers that ended in each {period.each} of the last {period.title}: within"
            " which time half of them, and 95 % of them, began to appear."
        ),
        steps=steps,
        courses=[course("Half of the answers", 0.5, 1), course("95 % of the answers", 0.95, 3)],
    )


def _log(period: Period, steps: Steps, events: Sequence[int]) -> Chart:
    return columns(
        "log",
        title=f"Events per {period.each}",
        description=(
            f"The log grew by {count(sum(events))} events in the last {period.title}, pieces of"
            " answers among them."
        ),
        steps=steps,
        parts=[Part("Events", 1, events)],
    )

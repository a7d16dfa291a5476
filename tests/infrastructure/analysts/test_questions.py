"""The ten questions of docs/analytics.md, answered by an analyst's login and from the facts."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, TypeAlias
from uuid import UUID

import pytest

from infrastructure.event_log.connection import connected
from tests.infrastructure.analysts.facts import Call, Turn
from tests.test_repository import ROOT

Rows: TypeAlias = list[tuple[Any, ...]]

PAGE = (ROOT / "docs" / "analytics.md").read_text()
QUESTIONS: list[tuple[str, str]] = re.findall(
    r"^### \d+\. (.+?)$.*?^```sql\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL
)


def at(turn: Turn) -> datetime:
    return datetime.fromtimestamp(turn.asked_at / 1000, UTC)


def percentile(share: str, values: Iterable[int]) -> int | None:
    """Between the two nearest values; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = Fraction(share) * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return round(float(ordered[below] + (ordered[above] - ordered[below]) * (place - below)))


def begun(told: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in told if turn.outcome != "withdrawn"]


def grouped(told: Iterable[Turn], key: Callable[[Turn], Any]) -> list[tuple[Any, list[Turn]]]:
    groups: defaultdict[Any, list[Turn]] = defaultdict(list)
    for turn in told:
        groups[key(turn)].append(turn)
    return sorted(groups.items())


def cost(told: Iterable[Turn]) -> int:
    return sum(turn.cost or 0 for turn in told if turn.outcome != "withdrawn")


def days(told: Sequence[Turn]) -> Rows:
    return [
        (day, len({turn.user for turn in group}), len(group), cost(group))
        for day, group in grouped(told, lambda turn: at(turn).date())
    ]


def first_tokens(told: Sequence[Turn]) -> Rows:
    rows: Rows = []
    for model, group in grouped(begun(told), lambda turn: turn.model):
        times = [turn.first_token for turn in group]
        rows.append((model, len(group), percentile("0.5", times), percentile("0.95", times)))
    return rows


def largest_users(told: Sequence[Turn]) -> Rows:
    rows: Rows = []
    for user, group in grouped(told, lambda turn: turn.user):
        used = [turn.usage for turn in begun(group)]
        tokens = sum(usage.input_tokens + usage.output_tokens for usage in used)
        rows.append((user, len(group), tokens, cost(group)))
    return sorted(rows, key=lambda row: (-row[2], row[0]))[:3]


def failures(told: Sequence[Turn]) -> Rows:
    found: Counter[tuple[str, str, str]] = Counter()
    for turn in begun(told):
        if turn.error:
            found["completion", turn.model, turn.error] += 1
        for call in turn.calls:
            if call.code:
                found["tool_call", call.tool, call.code] += 1
            if call.background == "failed":
                found["tool_execution", call.tool, "not_found"] += 1
    often = sorted((-times, what) for what, times in found.items())
    return [(*what, -times) for times, what in often]


def answer_ms(turn: Turn) -> int:
    """From the first claim to the end."""
    calls = max((call.duration_ms for call in turn.calls), default=0)
    reaction = turn.reaction if turn.outcome == "cancelled" else 0
    return turn.lost_workers * 1000 + turn.model_ms + calls + reaction


def waits(told: Sequence[Turn]) -> Rows:
    def hour(turn: Turn) -> datetime:
        return at(turn).replace(minute=0, second=0, microsecond=0)

    return [
        (
            when,
            len(group),
            max(turn.wait for turn in group),
            percentile("0.95", [turn.queue for turn in group]),
            max(turn.wait + turn.queue + answer_ms(turn) for turn in group),
        )
        for when, group in grouped(begun(told), hour)
    ]


def tools(told: Sequence[Turn]) -> Rows:
    calls: defaultdict[str, list[Call]] = defaultdict(list)
    for turn in begun(told):
        for call in turn.calls:
            calls[call.tool].append(call)
    return [
        (
            tool,
            len(group),
            percentile("0.95", [call.duration_ms for call in group]),
            sum(call.code is not None for call in group),
            sum(call.background is not None for call in group),
            sum(call.background == "failed" for call in group),
        )
        for tool, group in sorted(calls.items())
    ]


def cancellations(told: Sequence[Turn]) -> Rows:
    stopped = [turn for turn in told if turn.outcome == "cancelled"]
    withdrawn = [turn for turn in told if turn.outcome == "withdrawn"]
    reaction = percentile("0.5", [turn.reaction for turn in stopped])
    characters = sum(turn.characters for turn in stopped)
    return [
        ("completion", "user", len(stopped), reaction, characters),
        ("completion", "withdrawn", len(withdrawn), None, None),
    ]


def lost_workers(told: Sequence[Turn]) -> Rows:
    again = [turn for turn in begun(told) if turn.lost_workers]
    return [
        (*what, len(group), sum(turn.lost_workers for turn in group))
        for what, group in grouped(again, lambda turn: (turn.lost_workers + 1, turn.outcome))
    ]


def lengths(told: Sequence[Turn]) -> Rows:
    threads: Counter[UUID] = Counter(turn.thread for turn in begun(told))
    return sorted(Counter(threads.values()).items())


def speeds(told: Sequence[Turn]) -> Rows:
    completed = [turn for turn in told if turn.outcome == "completed"]
    rows: Rows = []
    for what, group in grouped(completed, lambda turn: (turn.provider, turn.model)):
        used = [turn.usage for turn in group]
        model_ms = sum(turn.model_ms for turn in group)
        written = sum(usage.output_tokens for usage in used)
        cached = sum(usage.cache_read_tokens for usage in used)
        read = sum(usage.input_tokens for usage in used)
        speed, percent = round(written * 1000 / model_ms, 2), round(100 * cached / read, 2)
        rows.append((*what, len(group), model_ms, speed, percent))
    return rows


ANSWERS: list[Callable[[Sequence[Turn]], Rows]] = [
    days,
    first_tokens,
    largest_users,
    failures,
    waits,
    tools,
    cancellations,
    lost_workers,
    lengths,
    speeds,
]


def test_there_are_ten_questions() -> None:
    assert len(QUESTIONS) == len(ANSWERS) == 10


@pytest.mark.parametrize("number", range(10), ids=[title for title, _ in QUESTIONS])
async def test_a_question_of_the_documentation_is_answered_rightly(
    analyst_url: str, told: list[Turn], number: int
) -> None:
    _, sql = QUESTIONS[number]
    expected = ANSWERS[number](told)
    async with connected(analyst_url) as analyst:
        found = [tuple(row.values()) for row in await analyst.fetch(sql)]
    assert expected, "the data say nothing about it"
    assert found == expected

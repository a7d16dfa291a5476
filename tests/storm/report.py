"""The table of a storm: for each fault what was acknowledged under it, and how long things took."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.storm.storm import Injected, Outcome
from tests.system.client import ENDINGS

HEADINGS = (
    "fault", "times", "processes killed", "and back ends", "acknowledged", "lost", "doubled",
    "longest to the end, s", "longest reconnect, s",
)  # fmt: skip


@dataclass
class Row:
    """One kind of fault. A moment belongs to the last fault that began before it."""

    times: int = 0
    killed: int = 0
    backends: int = 0  # of PostgreSQL, killed with it
    acknowledged: int = 0  # requests answered with 2xx and events seen on streams
    lost: int = 0  # of those, how many the log does not have
    doubled: int = 0  # of the events seen, how many had been seen before
    end_seconds: float = 0.0  # of an answer it fell upon: from the fault to the ending at a client
    reconnect_seconds: float = 0.0


def rows(outcomes: Iterable[Outcome]) -> dict[str, Row]:
    """By the fault's name, over all these storms."""
    table: defaultdict[str, Row] = defaultdict(Row)
    for outcome in outcomes:
        _add(table, outcome)
    return dict(sorted(table.items()))


def markdown(table: dict[str, Row]) -> str:
    """The table, and a line with its sums and maxima."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---" + "|---:" * (len(HEADINGS) - 1) + "|"]
    lines += [_line(name, row) for name, row in table.items()]
    every = list(table.values())
    total = Row(
        times=sum(row.times for row in every),
        killed=sum(row.killed for row in every),
        backends=sum(row.backends for row in every),
        acknowledged=sum(row.acknowledged for row in every),
        lost=sum(row.lost for row in every),
        doubled=sum(row.doubled for row in every),
        end_seconds=max((row.end_seconds for row in every), default=0.0),
        reconnect_seconds=max((row.reconnect_seconds for row in every), default=0.0),
    )
    return "\n".join([*lines, _line("**all**", total)])


def _line(name: str, row: Row) -> str:
    return (
        f"| {name} | {row.times} | {row.killed} | {row.backends} | {row.acknowledged} | {row.lost} "
        f"| {row.doubled} | {row.end_seconds:.1f} | {row.reconnect_seconds:.1f} |"
    )


def _add(table: defaultdict[str, Row], outcome: Outcome) -> None:
    faults = sorted(outcome.injected, key=lambda one: one.at)
    journal, log = outcome.evidence.journal, outcome.evidence.by_position
    for fault in faults:
        table[fault.name].times += bool(fault.struck.hits)
        table[fault.name].killed += fault.struck.processes
        table[fault.name].backends += fault.struck.backends
    for told in journal.told:
        row = table[_during(faults, told.at)]
        row.acknowledged += 1
        row.lost += told.position not in log
    for thread in journal.streams:
        known: set[int] = set()
        for seen in thread.seen:
            row = table[_during(faults, seen.at)]
            row.acknowledged += 1
            row.lost += seen.position not in log
            row.doubled += seen.position in known
            known.add(seen.position)
        for broken in thread.broken:
            row = table[_during(faults, broken.at)]
            row.reconnect_seconds = max(row.reconnect_seconds, broken.back_at - broken.at)
    for asked_at, ended_at in _answers(outcome):
        for fault in faults:
            if asked_at <= fault.at <= ended_at:
                row = table[fault.name]
                row.end_seconds = max(row.end_seconds, ended_at - fault.at)


def _answers(outcome: Outcome) -> Iterable[tuple[float, float]]:
    """When each answer was promised to a client, and when it saw its ending."""
    endings = {
        seen.completion_id: seen.at
        for seen in outcome.evidence.journal.all_seen()
        if seen.name in ENDINGS
    }
    for completion_id, told in outcome.evidence.journal.completions.items():
        if completion_id in endings:
            yield told.at, endings[completion_id]


def _during(faults: Sequence[Injected], at: float) -> str:
    place = bisect_right(faults, at, key=lambda one: one.at)
    return faults[place - 1].name if place else "(before the first)"

"""Figures: how a measure is spread, a table for people, one line of JSON for programs."""

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import cast


@dataclass(frozen=True)
class Spread:
    """Percentiles of a measure, by nearest rank."""

    n: int
    p50: float
    p95: float
    p99: float
    max: float

    @staticmethod
    def of(values: Sequence[float], *, digits: int = 1) -> "Spread":
        """AssertionError when there is nothing to tell."""
        assert values, "nothing was measured"
        ranked = sorted(values)

        def rank(share: float) -> float:
            return round(ranked[max(0, -(-len(ranked) * int(share * 100) // 100) - 1)], digits)

        return Spread(len(ranked), rank(0.5), rank(0.95), rank(0.99), round(ranked[-1], digits))


@dataclass(frozen=True)
class Goal:
    """A figure and what it should be: at most, or at least, so much. The label names its unit."""

    value: float
    most: float | None = None
    least: float | None = None

    @property
    def reached(self) -> bool:
        """Is it as good as it should be?"""
        over = self.most is not None and self.value > self.most
        under = self.least is not None and self.value < self.least
        return not (over or under)

    def __str__(self) -> str:
        """The figure, the goal, and a word when it is missed."""
        bound = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"
        return f"{self.value:g} ({bound}){'' if self.reached else ' MISSED'}"


@dataclass
class Report:
    """What a benchmark found, in the order in which it is told."""

    title: str
    load_before: tuple[float, ...] = field(default_factory=os.getloadavg)
    spreads: dict[str, Spread] = field(default_factory=dict[str, Spread])
    facts: dict[str, object] = field(default_factory=dict[str, object])
    goals: dict[str, Goal] = field(default_factory=dict[str, Goal])
    wrong: list[str] = field(default_factory=list[str])

    def spread(self, label: str, values: Sequence[float], *, digits: int = 1) -> Spread:
        """Tell how a measure is spread; the label names its unit."""
        self.spreads[label] = Spread.of(values, digits=digits)
        return self.spreads[label]

    def fact(self, label: str, value: object) -> None:
        """Tell one thing."""
        self.facts[label] = value

    def goal(
        self, label: str, value: float, *, most: float | None = None, least: float | None = None
    ) -> None:
        """Tell a figure for which the project has a goal."""
        self.goals[label] = Goal(round(value, 3), most, least)

    def expect(self, holds: bool, otherwise: str) -> None:
        """A result that is wrong fails the benchmark, once everything is told."""
        if not holds:
            self.wrong.append(otherwise)

    def show(self) -> None:
        """Print the table, the JSON, and what is wrong."""
        print(f"\n{self.title.strip()}\n")
        if self.spreads:
            print(f"{'':56}{'n':>6}{'p50':>10}{'p95':>10}{'p99':>10}{'max':>10}")
        for label, one in self.spreads.items():
            print(f"{label:56}{one.n:6d}{one.p50:10g}{one.p95:10g}{one.p99:10g}{one.max:10g}")
        for label, value in self.facts.items():
            print(f"{label:56}  {_shown(value)}")
        for label, goal in self.goals.items():
            print(f"{label:56}  {goal}")
        found = self.plain()
        print(f"{'load of the machine (1, 5, 15 minutes)':56}  {_shown(found['load'])}")
        print("\n" + json.dumps(found))
        for one in self.wrong:
            print(f"WRONG: {one}")

    def plain(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {
            "spreads": {label: asdict(one) for label, one in self.spreads.items()},
            "facts": self.facts,
            "goals": {
                label: {**asdict(goal), "reached": goal.reached}
                for label, goal in self.goals.items()
            },
            "load": {
                "before": [round(one, 1) for one in self.load_before],
                "after": [round(one, 1) for one in os.getloadavg()],
            },
        }


def median(values: Sequence[float], *, digits: int = 1) -> float:
    """For tables in which a whole spread would be too much."""
    return round(statistics.median(values), digits)


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        named = cast("Mapping[str, object]", value)
        return ", ".join(f"{name} {_shown(one)}" for name, one in named.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(map(str, cast("Sequence[object]", value)))
    return str(value)

"""What a chart is made of, in units of its view box: templates write it as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

WIDTH = 480

Anchor: TypeAlias = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Bar:
    """A part of a column or row. `series` (1 to 6) is its colour, `told` what a pointer is told."""

    x: float
    y: float
    width: float
    height: float
    series: int
    told: str


@dataclass(frozen=True)
class Line:
    """Straight from point to point."""

    points: Sequence[tuple[float, float]]
    series: int

    @property
    def path(self) -> str:
        """For the attribute `points` of a polyline."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.points)


@dataclass(frozen=True)
class Dot:
    """One value of a line."""

    x: float
    y: float
    series: int
    told: str


@dataclass(frozen=True)
class Label:
    """A piece of text; its baseline begins, has its middle, or ends at the place."""

    x: float
    y: float
    text: str
    anchor: Anchor = "start"


@dataclass(frozen=True)
class Table:
    """The same figures in words; the first column names the row."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """One chart. `description` says in a sentence what it shows, to those who do not see it."""

    name: str  # unique in its page
    title: str
    description: str
    height: float
    table: Table
    legend: Sequence[tuple[int, str]] = ()  # series and their names
    grid: Sequence[float] = ()  # heights of lines
    left: float = 0.0  # where these begin
    bars: Sequence[Bar] = ()
    lines: Sequence[Line] = ()
    dots: Sequence[Dot] = ()
    labels: Sequence[Label] = ()
    is_empty: bool = False
    note: str = ""  # below it
    width: float = field(default=WIDTH, init=False)

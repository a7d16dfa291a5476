"""Axes: round values beside the grid, and as many names below it as there is room for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TypeAlias

from interfaces.admin.charts.shapes import WIDTH, Label

LEFT = 46.0
RIGHT = WIDTH - 4.0
TOP = 12.0
BOTTOM = 172.0
HEIGHT = 200.0
MOST_TICKS = 4
MOST_NAMES = 5

Written: TypeAlias = Callable[[float], str]


@dataclass(frozen=True)
class Axis:
    """From 0 up to a round value."""

    top: float
    step: float

    @classmethod
    def up_to(cls, highest: float) -> "Axis":
        """Of whole numbers, with steps of 1, 2 or 5 times a power of ten."""
        step = _round_step(max(highest / MOST_TICKS, 1.0))
        return cls(top=max(ceil(highest / step), 1) * step, step=step)

    @property
    def ticks(self) -> list[float]:
        """0 and the values with a line."""
        return [self.step * n for n in range(round(self.top / self.step) + 1)]

    def y(self, value: float) -> float:
        """Where a value stands."""
        return round(BOTTOM - (BOTTOM - TOP) * value / self.top, 2)

    def labels(self, written: Written) -> list[Label]:
        """Beside the lines."""
        return [Label(LEFT - 6, self.y(tick) + 4, written(tick), "end") for tick in self.ticks]

    @property
    def grid(self) -> list[float]:
        """Where the lines are."""
        return [self.y(tick) for tick in self.ticks]


def below(names: Sequence[str]) -> list[Label]:
    """Some of the names of columns, evenly apart, below their middles."""
    every = ceil(len(names) / MOST_NAMES)
    chosen = range((len(names) - 1) % every // 2, len(names), every)
    return [Label(middle(n, of=len(names)), HEIGHT - 8, names[n], "middle") for n in chosen]


def middle(n: int, *, of: int) -> float:
    """The middle of a column."""
    return round(LEFT + (RIGHT - LEFT) * (n + 0.5) / of, 2)


def compact(value: float) -> str:
    """A number in few characters: `950`, `1.2k`, `3M`."""
    value = float(f"{value:.3g}")  # what rounds up to a thousand is one of the next unit
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def seconds(milliseconds: float) -> str:
    """A time in few characters: `250 ms`, `1.5 s`."""
    return f"{milliseconds:g} ms" if milliseconds < 1000 else f"{milliseconds / 1000:g} s"


def _round_step(least: float) -> float:
    power: float = 10.0 ** floor(log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)

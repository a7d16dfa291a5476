"""A column for each step of time, with parts above each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interfaces.admin.charts.axis import HEIGHT, LEFT, RIGHT, Axis, below, compact, middle
from interfaces.admin.charts.shapes import Bar, Chart, Table
from interfaces.admin.formats import count


@dataclass(frozen=True)
class Part:
    """One colour of all columns: a value for each."""

    title: str
    series: int
    values: Sequence[int]


@dataclass(frozen=True)
class Steps:
    """The columns: their short names below them, and whole ones elsewhere."""

    title: str  # what one is, such as "Hour (UTC)"
    short: Sequence[str]
    whole: Sequence[str]

    def table(self, columns: Mapping[str, Sequence[str]]) -> Table:
        """The same with these columns of figures, by their titles; the last step first."""
        rows = [list(row) for row in zip(self.whole, *columns.values(), strict=True)]
        return Table([self.title, *columns], rows[::-1])


def columns(
    name: str, *, title: str, description: str, steps: Steps, parts: Sequence[Part]
) -> Chart:
    """The first part is the lowest."""
    sums = [sum(values) for values in zip(*(part.values for part in parts), strict=True)]
    axis = Axis.up_to(max(sums, default=0))
    several = len(parts) > 1
    return Chart(
        name=name,
        title=title,
        description=description,
        height=HEIGHT,
        table=steps.table({part.title: list(map(count, part.values)) for part in parts}),
        legend=[(part.series, part.title) for part in parts] if several else (),
        grid=axis.grid,
        left=LEFT,
        bars=_bars(axis, steps, parts),
        labels=[*axis.labels(compact), *below(steps.short)],
        is_empty=not any(sums),
    )


def _bars(axis: Axis, steps: Steps, parts: Sequence[Part]) -> list[Bar]:
    number = len(steps.short)
    width = round((RIGHT - LEFT) / number * 0.78, 2)
    bars: list[Bar] = []
    for n, step in enumerate(steps.whole):
        below_it = 0
        for part in parts:
            value = part.values[n]
            if value:
                top = axis.y(below_it + value)
                height = round(axis.y(below_it) - top, 2)
                told = f"{step}: {count(value)} {part.title.lower()}"
                x = round(middle(n, of=number) - width / 2, 2)
                bars.append(Bar(x, top, width, height, part.series, told))
            below_it += value
    return bars

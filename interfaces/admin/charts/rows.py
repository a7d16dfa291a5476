"""A row for each name, as long as its figure, with parts behind each other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from interfaces.admin.charts.shapes import WIDTH, Bar, Chart, Label, Table
from interfaces.admin.formats import cut

ROW_HEIGHT = 36.0
BAR_HEIGHT = 10.0
MOST_ROWS = 8
NAME_CHARACTERS = 30


@dataclass(frozen=True)
class Row:
    """One name: a value for each part, and what stands at its end."""

    name: str
    values: Sequence[int]
    told: str


@dataclass(frozen=True)
class Parts:
    """What the values of every row are: their titles, colours, and how they are written."""

    titles: Sequence[str]
    series: Sequence[int]
    written: Callable[[int], str]


def rows(
    name: str,
    *,
    title: str,
    description: str,
    parts: Parts,
    shown: Sequence[Row],
    table: Table,
    as_shares: bool = False,
) -> Chart:
    """The first rows; the table has all. `as_shares`: all are as long, and parts are shares."""
    drawn = shown[:MOST_ROWS]
    longest = max((sum(row.values) for row in drawn), default=0)
    bars: list[Bar] = []
    labels: list[Label] = []
    for n, row in enumerate(drawn):
        labels.append(Label(0, n * ROW_HEIGHT + 13, cut(row.name, most=NAME_CHARACTERS)))
        labels.append(Label(WIDTH, n * ROW_HEIGHT + 13, row.told, "end"))
        whole = sum(row.values) if as_shares else longest
        bars += _bars(row, parts, whole=whole, y=n * ROW_HEIGHT + 19)
    left_out = len(shown) - len(drawn)
    return Chart(
        name=name,
        title=title,
        description=description,
        height=max(len(drawn), 1) * ROW_HEIGHT,
        table=table,
        legend=list(zip(parts.series, parts.titles, strict=True)) if len(parts.series) > 1 else (),
        bars=bars,
        labels=labels,
        is_empty=not drawn,
        note=f"{left_out} more below." if left_out else "",
    )


def _bars(row: Row, parts: Parts, *, whole: int, y: float) -> list[Bar]:
    x, bars = 0.0, list[Bar]()
    for title, series, value in zip(parts.titles, parts.series, row.values, strict=True):
        width = round(WIDTH * value / whole, 2) if whole else 0.0
        if value:
            told = f"{row.name}: {parts.written(value)} {title.lower()}"
            bars.append(Bar(round(x, 2), y, max(width, 1.0), BAR_HEIGHT, series, told))
        x += width
    return bars

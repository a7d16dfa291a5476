"""Bar charts as SVG, drawn from saved figures. Small enough not to make every newcomer install a
drawing library."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
LABELS = 270  # for the names of the rows
VALUES = 70  # for the figures behind the bars
BAR, GAP, GROUP_GAP, HEAD = 16, 4, 12, 46
COLOURS = ("#a9adb5", "#4269d0", "#efb118")
FONT = "font-family='Helvetica, Arial, DejaVu Sans, sans-serif'"


@dataclass(frozen=True)
class Row:
    """A name, and a value for each series, in their order."""

    label: str
    values: Sequence[float]


def bars(title: str, *, series: Sequence[str], rows: Sequence[Row]) -> str:
    """A horizontal bar chart; the title names the unit. AssertionError when there is nothing."""
    longest = max((max(row.values) for row in rows), default=0)
    assert longest > 0, title
    scale = (WIDTH - LABELS - VALUES) / longest
    drawn: list[str] = []
    top = HEAD
    for row in rows:
        height, shapes = _group(row, top=top, scale=scale)
        drawn += [_text(LABELS - 8, top + height / 2, row.label, anchor="end"), *shapes]
        top += height + GROUP_GAP
    return _page(title, [*_legend(series), *drawn], height=top)


def _group(row: Row, *, top: float, scale: float) -> tuple[float, list[str]]:
    shapes: list[str] = []
    for number, value in enumerate(row.values):
        at = top + number * (BAR + GAP)
        shapes += [
            _box(LABELS, at, value * scale, number),
            _text(LABELS + value * scale + 5, at + BAR / 2, _figure(value)),
        ]
    return len(row.values) * (BAR + GAP) - GAP, shapes


def _legend(series: Sequence[str]) -> list[str]:
    """What the colours mean; of one series the title says it."""
    if len(series) == 1:
        return []
    shapes: list[str] = []
    left = float(LABELS)
    for number, name in enumerate(series):
        shapes += [_box(left, 26, 10, number, height=10), _text(left + 14, 31, name)]
        left += 28 + 6.3 * len(name)
    return shapes


def _page(title: str, shapes: Sequence[str], *, height: float) -> str:
    return "\n".join(
        [
            f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height:g}'"
            f" width='{WIDTH}' height='{height:g}' role='img'>",
            f"<title>{escape(title)}</title>",
            f"<rect width='{WIDTH}' height='{height:g}' fill='#ffffff'/>",
            f"<text x='8' y='16' font-size='13' font-weight='bold' {FONT}>{escape(title)}</text>",
            *shapes,
            "</svg>\n",
        ]
    )


def _box(left: float, top: float, width: float, number: int, *, height: float = BAR) -> str:
    return (
        f"<rect x='{left:.1f}' y='{top:g}' width='{width:.1f}' height='{height:g}'"
        f" fill='{COLOURS[number]}'/>"
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return (
        f"<text x='{x:.1f}' y='{y + 4:g}' font-size='11' text-anchor='{anchor}' {FONT}>"
        f"{escape(text)}</text>"
    )


def _figure(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"

"""Lines over steps of time; a step without a value is a gap."""

from collections.abc import Sequence
from dataclasses import dataclass

from interfaces.admin.charts.axis import HEIGHT, LEFT, Axis, below, middle, seconds
from interfaces.admin.charts.columns import Steps
from interfaces.admin.charts.shapes import Chart, Dot, Line
from interfaces.admin.formats import duration


@dataclass(frozen=True)
class Course:
    """One line: milliseconds at each step, None where there is nothing to tell."""

    title: str
    series: int
    values: Sequence[int | None]


def lines(
    name: str, *, title: str, description: str, steps: Steps, courses: Sequence[Course]
) -> Chart:
    """Of durations."""
    known = [value for course in courses for value in course.values if value is not None]
    axis = Axis.up_to(max(known, default=0))
    return Chart(
        name=name,
        title=title,
        description=description,
        height=HEIGHT,
        table=steps.table({one.title: list(map(duration, one.values)) for one in courses}),
        legend=[(course.series, course.title) for course in courses],
        grid=axis.grid,
        left=LEFT,
        lines=[line for course in courses for line in _lines(axis, course)],
        dots=[dot for course in courses for dot in _dots(axis, steps, course)],
        labels=[*axis.labels(seconds), *below(steps.short)],
        is_empty=not known,
    )


def _lines(axis: Axis, course: Course) -> list[Line]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for n, value in enumerate(course.values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((middle(n, of=len(course.values)), axis.y(value)))
    return [Line(piece, course.series) for piece in pieces if len(piece) > 1]


def _dots(axis: Axis, steps: Steps, course: Course) -> list[Dot]:
    return [
        Dot(
            middle(n, of=len(course.values)),
            axis.y(value),
            course.series,
            f"{steps.whole[n]}: {duration(value)} ({course.title})",
        )
        for n, value in enumerate(course.values)
        if value is not None
    ]

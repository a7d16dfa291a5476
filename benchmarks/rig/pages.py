"""`./do docs`: the charts of docs/performance/ and the tables of docs/performance.md, from what was
saved; a test fails when they are stale."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.rig.chart import Row, bars
from benchmarks.rig.results import FOLDER, saved

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "performance.md"
BENCHMARKS = (
    "first_token",
    "sustained",
    "flood",
    "short",
    "watchers",
    "append",
    "projection",
    "reads",
    "recovery",
    "size",
    "buffers",
    "startup",
    "memory",
    "million",
    "export",
)
MANY = 6  # goals of one benchmark that are told one by one
BOTH = ("baseline", "threadlog")
Saved = Mapping[str, Any]


def pages() -> Iterator[tuple[Path, str]]:
    """Every generated file with its content."""
    figures = {name: saved(name) for name in BENCHMARKS}
    for name, chart in _charts(figures):
        yield DOCS / "performance" / f"{name}.svg", chart
    text = PAGE.read_text()
    for mark, table in (("goals", _goals(figures)), ("machine", _machine(figures))):
        text, found = re.subn(
            rf"(<!-- {mark} -->\n).*(<!-- /{mark} -->)",
            lambda match, table=table: f"{match[1]}{table}{match[2]}",
            text,
            flags=re.DOTALL,
        )
        assert found == 1, mark
    yield PAGE, text


def _charts(of: Mapping[str, Saved]) -> Iterator[tuple[str, str]]:
    rates = [
        Row("sustained at 20/s each", _of_both(of["sustained"], "sustainable chunks/s")),
        Row("flood, 8 answers at once", _of_both(of["flood"], "chunks/s")),
    ]
    yield "rates", bars("Provider chunks per second, medians", series=BOTH, rows=rates)
    answers = of["sustained"]["facts"]["at half of the baseline's: answers at once"]
    cost = "CPU seconds per 1,000 chunks"
    costs = [
        Row(f"{answers} answers, 20 chunks/s each", _of_both(of["sustained"], cost, times=1000)),
        Row("flood, 8 answers at once", _of_both(of["flood"], cost, times=1000)),
    ]
    yield "cpu", bars("CPU per chunk, µs, all processes", series=BOTH, rows=costs)
    yield "first-text", _first_text(of["first_token"])
    yield (
        "lateness",
        _percentiles(
            "Lateness of every word at half of the baseline's rate, ms",
            {one: of["sustained"]["spreads"][f"{one}: lateness at half, ms"] for one in BOTH},
        ),
    )
    yield "watchers", _watchers(of["watchers"])
    yield "append", _append(of["append"])


def _of_both(of: Saved, label: str, *, times: float = 1) -> list[float]:
    """The medians."""
    return [times * of["spreads"][f"{one}: {label}"]["p50"] for one in BOTH]


def _first_text(of: Saved) -> str:
    steps = [(k.strip(), s["p50"]) for k, s in of["spreads"].items() if k.startswith("  ")]
    whole = [("direct, ms", "pydantic-ai alone"), ("open stream, ms", "Threadlog")]
    rows = [Row(label, [of["spreads"][name]["p50"]]) for name, label in whole]
    rows += [Row(label.partition(":")[0], [value]) for label, value in steps]
    return bars("Time to first text, ms, medians, and its steps", series=["p50"], rows=rows)


def _watchers(of: Saved) -> str:
    late = {
        label.partition(":")[0]: spread
        for label, spread in of["spreads"].items()
        if label.endswith("from the log to the client, ms")
    }
    title = "One answer, many watchers: from the log's clock to the client, ms"
    return _percentiles(title, late)


def _percentiles(title: str, spreads: Mapping[str, Mapping[str, float]]) -> str:
    names = ("p50", "p95", "p99")
    rows = [Row(label, [spread[name] for name in names]) for label, spread in spreads.items()]
    return bars(title, series=names, rows=rows)


def _append(of: Saved) -> str:
    rows = [
        Row(
            f"{streams} streams at once",
            [of["facts"][f"{streams} streams, {way}"]["events/s"] for way in ("bare", "ours")],
        )
        for streams in (1, 10, 100, 1000)
    ]
    series = ("bare INSERT, no order", "append")
    return bars("Events per second, one process, closed loop", series=series, rows=rows)


def _goals(of: Mapping[str, Saved]) -> str:
    lines = ["| benchmark | figure | measured | goal | reached |\n|---|---|---:|---:|---|\n"]
    for name in BENCHMARKS:
        goals: dict[str, Any] = of[name]["goals"]
        few = len(goals) <= MANY
        told = {label: goal for label, goal in goals.items() if few or not goal["reached"]}
        lines += [_goal(name, label, goal) for label, goal in told.items()]
        rest = [goal["value"] for label, goal in goals.items() if label not in told]
        if rest:
            lines.append(f"| `{name}` | the {len(rest)} others | ≤ {max(rest):g} | | yes |\n")
    return "".join(lines)


def _goal(name: str, label: str, goal: Mapping[str, Any]) -> str:
    bound = f"≤ {goal['most']:,g}" if goal["most"] is not None else f"≥ {goal['least']:,g}"
    reached = "yes" if goal["reached"] else "**no**"
    return f"| `{name}` | {label} | {goal['value']:,.5g} | {bound} | {reached} |\n"


def _machine(of: Mapping[str, Saved]) -> str:
    days = sorted({one["day"] for one in of.values()})
    machine: dict[str, Any] = of["sustained"]["machine"]
    others = [name for name, one in of.items() if one["machine"] != machine]
    assert not others, f"measured on another machine, or with other libraries: {others}"
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"{machine['cores']} cores of {machine['processor']}, {machine['memory_gb']:g} GB,"
        f" {machine['system']}; Python {machine['python']}; {libraries}."
        f" Measured on {', '.join(days)}.\n"
    )


def main() -> None:
    """Write them."""
    (DOCS / "performance").mkdir(exist_ok=True)
    for path, content in pages():
        path.write_text(content)


if __name__ == "__main__":
    assert FOLDER.is_dir(), "nothing was saved: ./do bench NAME --save"
    main()

"""The figures that the documentation shows: one JSON file for each benchmark."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.rig.figures import Report
from benchmarks.rig.machine import machine

FOLDER = Path(__file__).parents[1] / "results"


def save(benchmark: str, report: Report) -> Path:
    """Keep a report instead of the one before it."""
    FOLDER.mkdir(exist_ok=True)
    measured_on = {"day": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
    path = FOLDER / f"{benchmark}.json"
    path.write_text(json.dumps({**measured_on, **report.plain()}, indent=1) + "\n")
    return path


def saved(benchmark: str) -> dict[str, Any]:
    """What was kept last: `day`, `machine`, `spreads`, `facts`, `goals`, `load`."""
    kept: dict[str, Any] = json.loads((FOLDER / f"{benchmark}.json").read_text())
    return kept

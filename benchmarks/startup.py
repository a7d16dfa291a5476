"""How long the command and the roles take to load, and what of it takes longest.

Measures, each in a new process and with warm bytecode: seconds of `threadlog --help` and of
`threadlog keys --help`; seconds, modules and memory (RSS) of importing what each role imports; and
the packages whose own modules take most of that (`-X importtime`, which itself costs a little).
In turn, several rounds. Checks that only the worker loads pydantic-ai, and that none loads the
packages of model providers (a worker does once it knows its models). Leaves out: reading from a
cold disk, starting servers (see `memory`).
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report

COMMANDS = {"threadlog --help": ["--help"], "threadlog keys --help": ["keys", "--help"]}
ROLES = {
    "api": "interfaces.api",
    "worker": "interfaces.worker",
    "projector": "interfaces.projector",
}
PROVIDERS = ("openai", "anthropic")
MOST_SECONDS = 0.4
HEAVIEST = 8

_LOAD = """
import sys, time
began = time.perf_counter()
import {module}
seconds = time.perf_counter() - began
import psutil
print(seconds, len(sys.modules), psutil.Process().memory_info().rss / 1e6,
      *{{name.partition(".")[0] for name in sys.modules}} & {{"pydantic_ai", *{providers}}})
"""


def help_seconds(arguments: Sequence[str]) -> float:
    """From starting Python to its end."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "interfaces.cli", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def load(module: str) -> tuple[float, int, float, list[str]]:
    """Seconds, modules, megabytes, and which of the heavy packages it has loaded."""
    program = _LOAD.format(module=module, providers=PROVIDERS)
    ran = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    seconds, modules, megabytes, *heavy = ran.stdout.split()
    return float(seconds), int(modules), float(megabytes), heavy


def heaviest(module: str) -> dict[str, int]:
    """Milliseconds that a package's own modules take, those it imports from others left out."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    spent = Counter[str]()
    for line in ran.stderr.splitlines():
        own, _, name = line.removeprefix("import time:").split("|")
        if own.strip().isdecimal():
            spent[name.strip().partition(".")[0]] += int(own)
    return {name: round(used / 1000) for name, used in spent.most_common(HEAVIEST)}


async def measure(report: Report, *, rounds: int) -> None:
    """Round after round, after one that compiles what is not compiled."""
    await asyncio.to_thread(_measure, report, rounds)


def _measure(report: Report, rounds: int) -> None:
    helped = {label: list[float]() for label in COMMANDS}
    loaded = {role: list[tuple[float, int, float, list[str]]]() for role in ROLES}
    for _ in range(rounds + 1):
        for label, arguments in COMMANDS.items():
            helped[label].append(help_seconds(arguments))
        for role, module in ROLES.items():
            loaded[role].append(load(module))
    for label, seconds in helped.items():
        report.spread(f"{label}, s", seconds[1:], digits=2)
        report.goal(f"{label}, s, median", statistics.median(seconds[1:]), most=MOST_SECONDS)
    for role, found in loaded.items():
        report.spread(f"importing the {role}, s", [one[0] for one in found[1:]], digits=2)
        _, modules, megabytes, heavy = found[-1]
        report.fact(f"{role}: modules, MB", [modules, round(megabytes, 1)])
        report.fact(f"{role}: packages by their own ms", heaviest(ROLES[role]))
        expected = ["pydantic_ai"] if role == "worker" else []
        report.expect(heavy == expected, f"the {role} loads {heavy}, not {expected}")


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("startup", __doc__)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args(arguments)

    return measured(partial(measure, rounds=given.rounds), given)

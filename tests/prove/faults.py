"""`./do prove faults`: thirty conversations in two storms, and what must hold when they are over.

First the fixed cases that need a compiler and a disk; then `threadlog up` as a newcomer runs it,
whose processes and servers are killed and paused; then two APIs, two workers and a projector on
servers of their own, whose links, clocks and disk fail too. The storms are decided by one seed; a
failure prints it.
"""

import argparse
import asyncio
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.faults.missing import ToolIsMissing
from tests.model_server import ModelServer
from tests.storm.apart import Apart
from tests.storm.deployment import Deployment, Together
from tests.storm.faults import LAUNCHED, LINKS, MACHINE, PROCESSES, Fault
from tests.storm.report import markdown, rows
from tests.storm.storm import Outcome, Storm, Strength

PRODUCT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "machine"
SECONDS = 280  # of faults, in both storms together
STORMS: dict[str, tuple[type[Deployment], tuple[Fault, ...], float]] = {
    "together": (Together, (*PROCESSES, *LAUNCHED), 0.4),
    "apart": (Apart, (*PROCESSES, *LINKS, *MACHINE), 0.6),
}


def main(options: Sequence[str] = ()) -> int:
    """Exit code 0, or 1 when an invariant was broken or a tool is missing."""
    parser = argparse.ArgumentParser(prog="./do prove faults")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of faults")
    parser.add_argument("--only", choices=STORMS, help="one of the two storms")
    parser.add_argument("--code", type=Path, default=PRODUCT, help="folder of another build")
    chosen = parser.parse_args(options)
    cases = subprocess.run([sys.executable, "-m", "pytest", str(CASES)], cwd=PRODUCT, check=False)
    print(f"seed {chosen.seed}, {chosen.seconds:.0f} s of faults", flush=True)
    outcomes: list[Outcome] = []
    for name, (kind, faults, share) in STORMS.items():
        if chosen.only in (None, name):
            seconds = chosen.seconds * (1.0 if chosen.only else share)
            try:
                outcome = asyncio.run(
                    storm(kind, faults, strength=Strength(chosen.seed, seconds), code=chosen.code)
                )
            except ToolIsMissing as missing:
                print(missing)
                return 1
            outcomes.append(outcome)
            tell(name, outcome)
    print(markdown(rows(outcomes)))
    if not any(outcome.violations for outcome in outcomes):
        return cases.returncode
    only = f" --only {chosen.only}" if chosen.only else ""
    print(
        f"run it again: ./do prove faults --seed {chosen.seed} --seconds {chosen.seconds:g}{only}"
    )
    return 1


async def storm(
    kind: type[Deployment],
    faults: Sequence[Fault],
    *,
    strength: Strength,
    code: Path = PRODUCT,
    keep: bool = True,
) -> Outcome:
    """One storm over a new deployment, of which nothing is left.

    `keep`: but what the processes said, when an invariant was broken.
    """
    place = Path(tempfile.mkdtemp(prefix="threadlog-storm-", dir="/tmp"))
    place.chmod(0o755)
    with ModelServer() as provider:
        variables = {**provider.environment, "THREADLOG_MODEL": "openai-chat:gpt-5"}
        deployment = kind(place, environment=variables, code=code)
        try:
            outcome = await Storm(deployment, provider, faults=faults, strength=strength).run()
        finally:
            await deployment.stop()
            deployment.erase()
    if not (outcome.violations and keep):
        shutil.rmtree(place)
    else:
        print(f"what the processes said is in {place}")
    return outcome


def tell(name: str, outcome: Outcome) -> None:
    evidence = outcome.evidence
    seconds = time.monotonic() - outcome.injected[0].at if outcome.injected else 0.0
    print(
        f"\n{name}: {len(outcome.injected)} faults in {seconds:.0f} s, "
        f"{sum(fault.struck.processes for fault in outcome.injected)} processes killed; "
        f"{len(evidence.events)} events, {len(evidence.completions)} answers, "
        f"{len(evidence.journal.told)} requests acknowledged, "
        f"{sum(len(stream.seen) for stream in evidence.journal.streams)} events seen on streams"
    )
    for invariant, lines in outcome.violations.items():
        print(f"BROKEN {invariant}: {len(lines)} times")
        for line in lines[:5]:
            print(f"    {line[:500]}")
    if not outcome.violations:
        print("all invariants hold", flush=True)

"""The library's test classes on each PostgreSQL, run by pytest and counted."""

import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

MAJORS = (16, 18)
SUITES = "tests/infrastructure/event_sourcing/test_library_suites.py"


def prove_conformance() -> bool:
    """The library's test classes on each major, counted."""
    outcomes = {major: suites(major) for major in MAJORS}
    names = sorted(set[str]().union(*(passed for passed, _ in outcomes.values())))
    sys.stdout.write("\nthe library's test classes, passed on " + " and ".join(map(str, MAJORS)))
    sys.stdout.write("\n")
    for name in names:
        counts = "".join(f"{passed[name]:>5}" for passed, _ in outcomes.values())
        sys.stdout.write(f"{name:<44}{counts}\n")
    totals = "".join(f"{passed.total():>5}" for passed, _ in outcomes.values())
    sys.stdout.write(f"{'all':<44}{totals}\n")
    return all(code == 0 and passed.total() > 0 for passed, code in outcomes.values())


def suites(major: int) -> tuple[Counter[str], int]:
    """How many tests of each class passed, and pytest's exit code; failures are printed."""
    with tempfile.TemporaryDirectory(prefix="threadlog-suites-") as folder:
        results = Path(folder) / "results.xml"
        pytest = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", SUITES, "-q", "-p", "no:cacheprovider"),
                *("-n", "2", f"--postgres-major={major}", f"--junitxml={results}"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if pytest.returncode:
            sys.stdout.write(pytest.stdout)
        passed: Counter[str] = Counter()
        for case in ET.parse(results).iter("testcase"):
            if not len(case):  # no failure, error or skip inside
                passed[case.attrib["classname"].rpartition(".")[2]] += 1
    return passed, pytest.returncode

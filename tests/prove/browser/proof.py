"""`./do prove browser`: what a person sees, in a real Chromium, on a system as people start it.

From the first visit to a streamed answer; stop, tools, approvals, results that come later, the
queue; reloads, tabs, devices, a network and an API that go away in mid-answer; hostile answers;
the keyboard alone; every page, light and dark, wide and narrow, checked by axe-core. Within 8
minutes on two cores.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.faults.missing import ToolIsMissing
from tests.prove.browser.chromium import find_chromium

PRODUCT = Path(__file__).parents[3]
CASES = Path(__file__).parent / "cases"


def main(options: Sequence[str] = ()) -> int:
    """Exit code 0, or 1 when a case failed or there is no browser. `options` are pytest's."""
    try:
        print(f"browser {find_chromium()}", flush=True)
    except ToolIsMissing as missing:
        print(missing)
        return 1
    command = [sys.executable, "-m", "pytest", "--durations=10", *options, str(CASES)]
    return min(subprocess.run(command, cwd=PRODUCT, check=False).returncode, 1)

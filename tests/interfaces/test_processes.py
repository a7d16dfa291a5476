"""What every role's process does before its own work."""

import subprocess
import sys

LIMITED = """
import resource
from interfaces import processes

_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
processes.begin("api", log_level="info", with_parent=False)
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], most)
"""


def test_a_process_may_have_more_streams_than_systems_allow_to_who_does_not_ask() -> None:
    told = subprocess.run(
        [sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True, timeout=30
    )
    allowed, most = map(int, told.stdout.split())
    assert allowed == (65_536 if most == -1 else min(most, 65_536))

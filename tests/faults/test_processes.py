"""A family of processes stops, goes on and dies as one."""

import signal
import subprocess
import sys
from collections.abc import Generator

import psutil
import pytest

from tests.faults.processes import family, kill, resume, stop

PARENT = "import subprocess, sys; subprocess.run(['sleep', '60']); print('reacted', flush=True)"


@pytest.fixture
def parent() -> Generator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-S", "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        root = psutil.Process(process.pid)
        while len(family(root)) < 2:
            pass
        yield process
        kill(root)  # what a test has left standing would never end


def test_a_killed_family_has_no_time_to_react(parent: subprocess.Popen[bytes]) -> None:
    root = psutil.Process(parent.pid)
    members = family(root)
    assert [one.name() for one in members][1:] == ["sleep"]
    assert kill(root) == 2
    assert family(*members) == []
    assert kill(root) == 0
    assert parent.communicate()[0] == b""
    assert parent.returncode == -signal.SIGKILL


def test_a_stopped_family_goes_on_when_it_is_told_to(parent: subprocess.Popen[bytes]) -> None:
    stopped = stop(psutil.Process(parent.pid))
    assert [one.status() for one in stopped] == [psutil.STATUS_STOPPED] * 2
    resume(stopped)
    assert psutil.STATUS_STOPPED not in [one.status() for one in stopped]
    stopped[1].kill()
    assert parent.communicate()[0] == b"reacted\n"

"""Programs with a clock and a disk of their own, steered while they run."""

import errno
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clock import SkewedClock
from tests.faults.fsync import SlowDisk
from tests.faults.shim import together

PROGRAM = """
import json, os, sys, tempfile, time
file = tempfile.TemporaryFile()
for line in sys.stdin:
    wall, steady, failed = time.time(), time.monotonic(), 0
    try:
        os.fsync(file)
    except OSError as error:
        failed = error.errno
    print(json.dumps([wall, steady, time.monotonic() - steady, failed]), flush=True)
"""
HOUR = 3600.0


class Program:
    """Tells its clocks, and what an fsync took and answered."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self) -> list[Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def clock_error(self) -> float:
        """How far its wall clock is ahead; the other one is always right."""
        wall, steady, _, _ = self.ask()
        assert abs(steady - time.monotonic()) < 1
        return wall - time.time()


@contextmanager
def running(environment: Mapping[str, str]) -> Generator[Program]:
    command = [sys.executable, "-I", "-S", "-c", PROGRAM]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Program(process)


@pytest.fixture
def folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="threadlog-shim-", dir="/tmp") as folder:
        yield Path(folder)


def test_a_clock_is_moved_while_its_program_runs(folder: Path) -> None:
    clock = SkewedClock(folder)
    with running(clock.environment()) as program:
        assert program.clock_error() == pytest.approx(0, abs=1)
        clock.set(-HOUR)
        assert program.clock_error() == pytest.approx(-HOUR, abs=1)
        clock.set(HOUR)
        assert program.clock_error() == pytest.approx(HOUR, abs=1)
        clock.freeze()
        assert program.ask()[0] == program.ask()[0]
        clock.set(0)
        assert program.clock_error() == pytest.approx(0, abs=1)


def test_a_program_may_have_both(folder: Path) -> None:
    clock, disk = SkewedClock(folder), SlowDisk(folder)
    clock.set(HOUR)
    disk.fail(errno.EIO)
    with running(together(clock.environment(), disk.environment())) as program:
        assert program.clock_error() == pytest.approx(HOUR, abs=1)
        assert program.ask()[3] == errno.EIO


def test_a_disk_becomes_slow_fails_and_works_again(folder: Path) -> None:
    disk = SlowDisk(folder)
    with running(disk.environment()) as program:
        disk.delay(0.1)
        assert 0.1 <= program.ask()[2] < 2
        disk.fail(errno.EIO)
        assert program.ask()[3] == errno.EIO
        disk.heal()
        assert program.ask()[3] == 0

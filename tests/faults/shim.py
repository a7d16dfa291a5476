"""A library that is loaded into a program before its own, and steered while the program runs."""

import mmap
import os
import shutil
import struct
import subprocess
import sys
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

from tests.faults.missing import ToolIsMissing

INSTALL = ("apt-get", "install", "-y", "--no-install-recommends", "gcc", "libc6-dev")


class Shim:
    """`<name>.c` of this folder, built in `folder`, which every user must be able to pass."""

    def __init__(self, name: str, folder: Path) -> None:
        self._variable = f"THREADLOG_TEST_{name.upper()}"
        self._library = _build(Path(__file__).with_name(f"{name}.c"), folder)
        self._file = folder / f"{name}.control"
        self._file.write_bytes(bytes(16))
        self._file.chmod(0o644)
        with self._file.open("r+b") as opened:
            self._control = mmap.mmap(opened.fileno(), 16)

    def environment(self) -> dict[str, str]:
        """The variables that the program, and all that it starts, must have."""
        return {"LD_PRELOAD": str(self._library), self._variable: str(self._file)}

    def steer(self, first: int, second: int) -> None:
        """Both numbers of the control file; seen at once, not together."""
        struct.pack_into("=q", self._control, 8, second)
        struct.pack_into("=q", self._control, 0, first)


def together(*environments: Mapping[str, str]) -> dict[str, str]:
    """The variables of a program with several shims."""
    libraries = ":".join(one["LD_PRELOAD"] for one in environments)
    return {**ChainMap(*map(dict, environments)), "LD_PRELOAD": libraries}


def _build(source: Path, folder: Path) -> Path:
    library = folder / f"{source.stem}.so"
    command = [_compiler(), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library)]
    subprocess.run([*command, str(source)], check=True)
    library.chmod(0o755)
    return library


def _compiler() -> str:
    """A C compiler; as root on Debian it is installed. Raises ToolIsMissing."""
    if sys.platform != "linux":
        raise ToolIsMissing("the clock of one process can be moved on Linux only")
    if not shutil.which("cc") and os.geteuid() == 0 and shutil.which("apt-get"):
        for command in (("apt-get", "update"), INSTALL):
            subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if found := shutil.which("cc"):
        return found
    raise ToolIsMissing(f"a C compiler is needed to move a clock: {' '.join(INSTALL)}")

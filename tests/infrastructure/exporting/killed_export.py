"""Exports and dies, as by kill -9: `killed_export URL FOLDER FORMAT written|recorded`."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import cast

from domain.account_events import DataExported
from infrastructure.exporting import Order, export
from infrastructure.exporting.manifest import FormatName


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Dying:
    """When some rows of the second dataset have been written."""

    def __init__(self, when: str) -> None:
        self._when = when
        self._dataset = ""

    def begin(self, dataset: str, *, rows: int) -> None:
        del rows
        self._dataset = dataset

    def add(self, rows: int) -> None:
        del rows
        if self._dataset == "sample" and self._when == "written":
            die()

    def end(self, dataset: str, *, rows: int) -> None: ...

    async def record(self, exported: DataExported) -> None:
        if exported.dataset == "sample":
            die()


def main(url: str, folder: str, kind: str, when: str) -> None:
    dying = Dying(when)
    order = Order(Path(folder), format=cast("FormatName", kind))
    asyncio.run(export(url, order, record=dying.record, progress=dying))


if __name__ == "__main__":
    main(*sys.argv[1:])

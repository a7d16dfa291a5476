"""What `threadlog export` does: the export or the check, and what is said about it."""

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from asyncpg import PostgresError

from application.ports import LogUnavailable, OutcomeUnknown
from domain.account_events import DataExported
from infrastructure.embedded import EmbeddedServerError
from infrastructure.event_log import PostgresEventLog
from infrastructure.exporting import (
    ExportFailed,
    Order,
    Summary,
    WronglyAsked,
    check,
    export,
    manifest,
)
from infrastructure.migrations import check_schema
from infrastructure.migrations.problems import SchemaProblem
from infrastructure.settings import Settings
from interfaces.cli.export_progress import Shown
from interfaces.cli.operator import record_access
from interfaces.cli.servers import Servers

RECORD_SECONDS = 30.0
_TROUBLE = (
    ExportFailed,
    SchemaProblem,
    EmbeddedServerError,
    LogUnavailable,
    OutcomeUnknown,
    PostgresError,
    OSError,
)


def export_to(settings: Settings, order: Order, *, reason: str | None) -> int:
    """Exit code 0; 1: it ended early, and the same again goes on; 2: it was asked wrongly."""
    try:
        with Servers(settings) as servers:
            summary = asyncio.run(_export(servers.addresses.database, order, reason=reason))
    except WronglyAsked as refused:
        print(f"threadlog export: {refused}", file=sys.stderr)
        return 2
    except _TROUBLE as problem:
        print(f"threadlog export: {_told(problem)}", file=sys.stderr)
        if (order.folder / manifest.NAME).exists():
            print("What is in the folder is good; the same command goes on.", file=sys.stderr)
        return 1
    _tell(summary, order)
    return 0


async def _export(url: str, order: Order, *, reason: str | None) -> Summary:
    await check_schema(url)
    async with AsyncExitStack() as stack:
        log: PostgresEventLog | None = None

        async def record(exported: DataExported) -> None:
            nonlocal log
            if log is None:  # most of what can be wrong is found without it
                log = await stack.enter_async_context(PostgresEventLog(url, connections=1))
            given = replace(exported, reason=reason)
            await record_access(log, given, wait_seconds=RECORD_SECONDS)

        return await export(url, order, record=record, progress=Shown(sys.stderr))


def _told(problem: Exception) -> str:
    if isinstance(problem, OSError) and problem.strerror:
        where = f": {problem.filename}" if problem.filename else ""
        return f"{problem.strerror}{where}"
    return str(problem) or repr(problem)


def _tell(summary: Summary, order: Order) -> None:
    rows = ", ".join(f"{name} {count:,}" for name, count in summary.rows.items())
    print(f"{order.folder} stands at position {summary.through}; new rows: {rows}")
    if summary.behind:
        print(f"the tables have not yet seen the last {summary.behind:,} events", file=sys.stderr)


def check_folder(folder: Path) -> int:
    """One line for each file. Exit code 0: whole and unchanged; 1: not; 2: no export."""
    wrong = False
    try:
        for what, problem in check(folder):
            print(f"{what}: {problem or 'ok'}")
            wrong = wrong or problem is not None
    except WronglyAsked as refused:
        print(f"threadlog export: {refused}", file=sys.stderr)
        return 2
    return 1 if wrong else 0

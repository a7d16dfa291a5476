"""Which statements of the event log PostgreSQL has run, and how often: read in its own log."""

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

from benchmarks.rig.system import System
from tests.servers import connected
from tests.system.stack import eventually

_LAST = b"SELECT 'nothing more is counted'"


@asynccontextmanager
async def counted(system: System) -> AsyncGenerator[Counter[str]]:
    """What all processes run in the block, by the name of its SQL file; filled when it ends.

    Each statement costs PostgreSQL a line in its log, whatever it does.
    """
    found = Counter[str]()
    log = system.postgres.home / "postgres.log"
    async with connected(system.postgres.owner_url) as connection:
        await connection.execute("ALTER SYSTEM SET log_statement = 'all'")
        await connection.execute("SELECT pg_reload_conf()")
        begin = log.stat().st_size
        try:
            yield found
        finally:
            await connection.execute(_LAST.decode())
            await connection.execute("ALTER SYSTEM RESET log_statement")
            await connection.execute("SELECT pg_reload_conf()")
    await eventually(lambda: _LAST in log.read_bytes()[begin:])
    text = log.read_bytes()[begin:].decode(errors="replace")
    names = {f": {line}\n": name for name, line in _first_lines()}
    found.update({name: count for mark, name in names.items() if (count := text.count(mark))})


def _first_lines() -> list[tuple[str, str]]:
    """Each statement begins with a comment of its own."""
    folder = Path(str(files("infrastructure.event_log"))) / "sql"
    return [(file.stem, file.read_text().split("\n", 1)[0]) for file in folder.glob("*.sql")]

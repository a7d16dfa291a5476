"""Many processes that begin at one moment on an empty database, and one that dies migrating it."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from infrastructure.migrations.files import migrations, read_sql
from tests.servers import connected, new_database
from tests.storm.figures import Figures
from tests.system.stack import KEY, eventually, free_port, is_ready

START_SECONDS = 60.0
APPLIED = "SELECT count(*) FROM threadlog.migrations"
WAITS = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"


async def prove_starts(
    figures: Figures, *, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, place: Path
) -> None:
    """Both servers run already; each proof has an empty database of its own."""
    await _prove_a_role_that_is_too_early(figures, postgres, valkey, place)
    await _prove_four_at_once(figures, postgres, valkey, place)
    await _prove_a_killed_migration(figures, postgres, valkey, place)


async def _prove_a_role_that_is_too_early(
    figures: Figures, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, place: Path
) -> None:
    variables = await _variables(postgres, valkey, place)
    process = await threadlog("worker", variables)
    told = await _end(process)
    kept = process.returncode == 1 and "run `threadlog migrate`" in told
    figures.tell(
        "a role before the first migration",
        told.strip().partition(": ")[2],
        promised="says what to do",
        kept=kept,
    )


async def _prove_four_at_once(
    figures: Figures, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, place: Path
) -> None:
    """`threadlog migrate` twice and `threadlog up` twice, each with its own port."""
    variables = await _variables(postgres, valkey, place)
    ports = [free_port(), free_port()]
    ups = [
        await threadlog("up", {**variables, "THREADLOG_PORT": str(port), "THREADLOG_WORKERS": "1"})
        for port in ports
    ]
    migrating = [await threadlog("migrate", variables) for _ in range(2)]
    told = [await _end(process) for process in migrating]
    figures.equal(
        "two `migrate` at once: exit codes", [one.returncode for one in migrating], [0, 0]
    )
    seconds = await asyncio.gather(*(_ready(port) for port in ports))
    figures.at_most("two `up` beside them: ready after", max(seconds), START_SECONDS, unit=" s")
    async with connected(variables["THREADLOG_OWNER_DATABASE_URL"]) as superuser:
        applied = await superuser.fetchval(APPLIED)
    figures.equal("migrations applied", applied, len(migrations()))
    named = sum(text.count(file.name) for text in told for file in migrations())
    figures.at_most("each by one process: named by the two `migrate`", named, len(migrations()))
    for process in ups:
        process.terminate()
    told = [await _end(process) for process in ups]
    figures.equal("both `up` leave: exit codes", [process.returncode for process in ups], [0, 0])
    errors = [
        line
        for text in told
        for line in text.splitlines()
        if " ERROR " in line or "Traceback" in line
    ]
    figures.tell("errors that they logged", len(errors), promised="0", kept=not errors)
    for line in errors[:5]:
        print(f"    {line}")


async def _prove_a_killed_migration(
    figures: Figures, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, place: Path
) -> None:
    """It is killed when its first file has run and its record cannot be written."""
    variables = await _variables(postgres, valkey, place)
    async with connected(variables["THREADLOG_OWNER_DATABASE_URL"]) as superuser:
        await superuser.execute("BEGIN")
        await superuser.execute(read_sql("roles.sql"))
        await superuser.execute("COMMIT")
        await superuser.execute("BEGIN")
        await superuser.execute("RESET ROLE")
        await superuser.execute("LOCK TABLE threadlog.migrations IN SHARE MODE")
        process = await threadlog("migrate", variables)

        async def waits() -> bool:
            assert process.returncode is None
            found: bool = await superuser.fetchval(WAITS)
            return found

        await eventually(waits, seconds=30)
        process.kill()
        await _end(process)
        half = await superuser.fetchval("SELECT to_regclass('threadlog.chat_events')::text")
        await superuser.execute("COMMIT")
    figures.equal("killed -9 in the middle of a migration: half done", half, None)
    finishing = await threadlog("migrate", variables)
    told = await _end(finishing)
    applied = [file.name for file in migrations() if file.name in told]
    figures.equal("the next one finishes it", len(applied), len(migrations()))


async def _variables(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey, place: Path
) -> Mapping[str, str]:
    url, owner_url = await new_database(postgres)
    return {
        "THREADLOG_DATABASE_URL": url,
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_REDIS_URL": valkey.url,
        "THREADLOG_REDIS_PREFIX": f"{url[-6:]}:",
        "THREADLOG_API_KEY": KEY,
        "THREADLOG_DATA_DIR": str(place / "none"),
        "THREADLOG_MODEL": "demo",
    }


async def threadlog(command: str, variables: Mapping[str, str]) -> asyncio.subprocess.Process:
    """`threadlog COMMAND`; everything that it says goes to one pipe."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "interfaces.cli", command),
        env={**os.environ, **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def _end(process: asyncio.subprocess.Process) -> str:
    told, _ = await asyncio.wait_for(process.communicate(), START_SECONDS)
    return told.decode(errors="replace")


async def _ready(port: int) -> float:
    url = f"http://127.0.0.1:{port}"
    async with httpx2.AsyncClient(timeout=5) as http:
        return await eventually(
            lambda: is_ready(http, url), seconds=START_SECONDS, every_seconds=0.1
        )

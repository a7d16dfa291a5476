"""The schema is brought up to date once, whoever tries, however often, whatever dies meanwhile."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from domain.catalogue import BY_NAME, TERMINAL_NAMES
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import LogReader
from infrastructure.event_log.connection import Connection, connected
from infrastructure.event_log.result_secret import PostgresResultSecret
from infrastructure.migrations import check_schema, migrate, pending
from infrastructure.migrations.files import migrations, read_sql
from infrastructure.migrations.problems import (
    DatabasesDiffer,
    MigrationChanged,
    RolesMissing,
    SchemaIsOld,
)
from tests.infrastructure.event_log.appending import until
from tests.servers import FAST, data_folder, erase, new_database

NAMES = [file.name for file in migrations()]
TRY = """
import asyncio, sys
from infrastructure.migrations import migrate
print(asyncio.run(migrate(*sys.argv[1:])))
"""


async def as_process(owner_url: str, url: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", TRY, owner_url, url, stdout=asyncio.subprocess.PIPE
    )


async def test_an_empty_database_is_migrated_once(postgres: EmbeddedPostgres) -> None:
    url, owner_url = await new_database(postgres)
    assert await pending(url) == NAMES
    with pytest.raises(SchemaIsOld, match=NAMES[0]):
        await check_schema(url)
    assert await migrate(owner_url, url) == NAMES
    assert await pending(url) == []
    await check_schema(url)
    assert await migrate(owner_url, url) == []


async def test_several_processes_at_once_apply_each_file_once(postgres: EmbeddedPostgres) -> None:
    url, owner_url = await new_database(postgres)
    processes = [await as_process(owner_url, url) for _ in range(4)]
    outputs = [(await process.communicate())[0].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(outputs) == sorted([f"{NAMES}\n", "[]\n", "[]\n", "[]\n"])


@pytest.fixture
def new_server() -> Iterator[EmbeddedPostgres]:
    """A server that has never seen our roles."""
    with data_folder() as folder:
        server = EmbeddedPostgres(folder, major=16, settings=FAST)
        server.start()
        yield server
        erase(server)


async def test_several_databases_of_one_new_server_may_be_migrated_at_once(
    new_server: EmbeddedPostgres,
) -> None:
    databases = [await new_database(new_server) for _ in range(4)]
    answers = await asyncio.gather(*(migrate(owner_url, url) for url, owner_url in databases))
    assert answers == [NAMES] * 4


async def test_a_process_killed_in_the_middle_leaves_nothing_half_done(
    postgres: EmbeddedPostgres,
) -> None:
    url, owner_url = await new_database(postgres)
    async with connected(owner_url) as superuser:
        async with superuser.transaction():
            await superuser.execute(read_sql("roles.sql"))
        async with superuser.transaction():
            # The first file runs, but that it was applied cannot be recorded.
            await superuser.execute("LOCK TABLE threadlog.migrations IN SHARE MODE")
            process = await as_process(owner_url, url)

            async def waits() -> bool:
                assert process.returncode is None
                return await superuser.fetchval(
                    "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"
                )

            await until(waits, seconds=30)
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()
        assert await superuser.fetchval("SELECT to_regclass('threadlog.chat_events')") is None
    assert await pending(url) == NAMES
    assert await migrate(owner_url, url) == NAMES


async def test_a_released_file_that_was_changed_is_refused(postgres: EmbeddedPostgres) -> None:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    async with connected(owner_url) as superuser:
        await superuser.execute(
            "UPDATE threadlog.migrations SET sha256 = 'other' WHERE name = $1", NAMES[0]
        )
    with pytest.raises(MigrationChanged, match=NAMES[0]):
        await migrate(owner_url, url)
    with pytest.raises(MigrationChanged, match=NAMES[0]):
        await check_schema(url)


async def test_a_newer_schema_is_accepted(postgres: EmbeddedPostgres) -> None:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    async with connected(owner_url) as superuser:
        await superuser.execute("INSERT INTO threadlog.migrations VALUES ('9999_later.sql', 'x')")
    assert await migrate(owner_url, url) == []
    await check_schema(url)


async def test_urls_of_different_databases_are_refused(postgres: EmbeddedPostgres) -> None:
    _, owner_url = await new_database(postgres)
    other_url, _ = await new_database(postgres)
    with pytest.raises(DatabasesDiffer):
        await migrate(owner_url, other_url)


async def new_login(postgres: EmbeddedPostgres, *attributes: str) -> tuple[str, str, str]:
    """A login of its own with a database of its own: its name, its url, the superuser's url."""
    name = f"login_{uuid4().hex}"
    url, owner_url = await new_database(postgres)
    async with connected(owner_url) as superuser:
        await superuser.execute(
            f"CREATE ROLE {name} LOGIN PASSWORD 'secret' {' '.join(attributes)}"
        )
        database = urlsplit(url).path[1:]
        await superuser.execute(f"GRANT CREATE ON DATABASE {database} TO {name}")
    parts = urlsplit(url)
    netloc = f"{name}:secret@{parts.netloc.rpartition('@')[2]}"
    return name, parts._replace(netloc=netloc).geturl(), owner_url


async def roles_of(superuser: Connection, login: str) -> list[str]:
    """Those granted to it, and not what these have been granted: logins of analysts, meanwhile."""
    rows = await superuser.fetch(
        "SELECT DISTINCT roleid::regrole::text FROM pg_auth_members"
        " WHERE member = to_regrole($1) AND roleid::regrole::text LIKE 'threadlog_%' ORDER BY 1",
        login,
    )
    return [row[0] for row in rows]


@pytest.fixture
async def fresh_server_roles(postgres: EmbeddedPostgres) -> None:
    """All roles exist on this server already, and belong to its superuser."""
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)


@pytest.mark.usefixtures("fresh_server_roles")
async def test_a_login_that_may_not_take_the_roles_is_told_what_it_needs(
    postgres: EmbeddedPostgres,
) -> None:
    _, url, _ = await new_login(postgres)
    with pytest.raises(RolesMissing, match="CREATEROLE"):
        await migrate(url, url)


@pytest.mark.usefixtures("fresh_server_roles")
async def test_a_plain_login_with_the_roles_migrates_and_works_as_owner_and_runtime(
    postgres: EmbeddedPostgres,
) -> None:
    name, url, owner_url = await new_login(postgres)
    async with connected(owner_url) as superuser:
        for role in ("owner", "projector", "runtime"):
            await superuser.execute(f"GRANT threadlog_{role} TO {name}")
    assert await migrate(url, url) == NAMES
    assert await migrate(url, url) == []


async def test_a_login_that_may_create_roles_needs_no_superuser(
    new_server: EmbeddedPostgres,
) -> None:
    _, owner_url, _ = await new_login(new_server, "CREATEROLE")
    name, url, superuser_url = await new_login(new_server)
    url = urlsplit(url)._replace(path=urlsplit(owner_url).path).geturl()
    assert await migrate(owner_url, url) == NAMES
    assert await migrate(owner_url, owner_url) == []
    async with connected(superuser_url) as superuser:
        assert await roles_of(superuser, name) == ["threadlog_projector", "threadlog_runtime"]


@pytest.mark.usefixtures("fresh_server_roles")
async def test_the_runtime_login_gets_its_roles_and_no_more(postgres: EmbeddedPostgres) -> None:
    name, url, owner_url = await new_login(postgres)
    with pytest.raises(SchemaIsOld):
        await check_schema(url)
    await migrate(owner_url, url)
    async with connected(owner_url) as superuser:
        assert await roles_of(superuser, name) == ["threadlog_projector", "threadlog_runtime"]


async def test_the_terminal_names_in_the_database_are_those_of_the_catalogue(
    postgres: EmbeddedPostgres,
) -> None:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    async with connected(owner_url) as superuser:
        function = await superuser.fetchval(
            "SELECT prosrc FROM pg_proc WHERE proname = 'chat_events_append'"
        )
        index = await superuser.fetchval(
            "SELECT indexdef FROM pg_indexes WHERE indexname = 'chat_events_terminal_idx'"
        )
    listed = function.partition("terminal CONSTANT text[] := ARRAY[")[2].partition("]")[0]
    assert {part.strip(" \n'") for part in listed.split(",")} == set(TERMINAL_NAMES)
    assert {part.partition("'")[0] for part in index.split("'")[3::2]} == set(TERMINAL_NAMES)


async def test_every_name_that_the_append_function_looks_for_is_in_the_catalogue(
    postgres: EmbeddedPostgres,
) -> None:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    async with connected(owner_url) as superuser:
        function = await superuser.fetchval(
            "SELECT prosrc FROM pg_proc WHERE proname = 'chat_events_append'"
        )
    names = set(re.findall(r"'((?:completion|tool)\.[a-z_]+)'", function))
    assert names > set(TERMINAL_NAMES)
    assert names <= set(BY_NAME)


async def test_each_installation_has_a_secret_of_its_own(postgres: EmbeddedPostgres) -> None:
    secrets: set[bytes] = set()
    for _ in range(2):
        url, owner_url = await new_database(postgres)
        await migrate(owner_url, url)
        for _ in range(2):
            async with LogReader(url) as reader:
                secrets.add(await PostgresResultSecret(reader.database).read())
    assert [len(secret) for secret in secrets] == [32, 32]


async def test_a_wrong_password_is_not_taken_for_an_old_schema(postgres: EmbeddedPostgres) -> None:
    url, _ = await new_database(postgres)
    parts = urlsplit(url)
    wrong = parts._replace(netloc=f"threadlog:wrong@{parts.netloc.rpartition('@')[2]}").geturl()
    with pytest.raises(asyncpg.InvalidPasswordError):
        await pending(wrong)

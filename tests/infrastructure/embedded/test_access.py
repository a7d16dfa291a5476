"""Who can reach the embedded servers, and with which rights."""

from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from infrastructure.embedded import EmbeddedPostgres
from tests.infrastructure.embedded.processes import Server, Servers, using
from tests.servers import connected, redis_client


@pytest.fixture
def started(servers: Servers) -> EmbeddedPostgres:
    server = servers.postgres()
    server.start()
    return server


async def test_a_wrong_password_is_refused(started: EmbeddedPostgres) -> None:
    for url in (started.url, started.owner_url):
        user, password = url.removeprefix("postgresql://").split("@")[0].split(":")
        with pytest.raises(asyncpg.InvalidPasswordError):
            async with connected(url.replace(f"{user}:{password}", f"{user}:guess")):
                pass


async def test_the_product_logs_in_without_rights_over_the_server(
    started: EmbeddedPostgres,
) -> None:
    async with connected(started.url) as connection:
        row = await connection.fetchrow("select * from pg_roles where rolname = current_user")
        assert row
        assert row["rolname"] == "threadlog"
        rights = ("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication", "rolbypassrls")
        assert not any(row[right] for right in rights)
        assert await connection.fetchval("select current_database()") == "threadlog"


async def test_the_owner_is_superuser(started: EmbeddedPostgres) -> None:
    async with connected(started.owner_url) as connection:
        assert await connection.fetchval("show is_superuser") == "on"


def test_password_files_are_for_their_owner_only(started: EmbeddedPostgres) -> None:
    files = list(started.home.glob("*.password"))
    assert {file.name for file in files} == {"postgres.password", "threadlog.password"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_no_file_of_the_data_folder_is_for_others(server: Server) -> None:
    server.start()
    files = [path for path in server.home.iterdir() if path.is_file()]
    assert {file.name for file in files if file.stat().st_mode & 0o077} == set()
    assert server.data.stat().st_mode & 0o777 == 0o700


def test_the_socket_lies_in_a_folder_for_its_owner_only(server: Server) -> None:
    server.start()
    assert server.socket_dir.stat().st_mode & 0o777 == 0o700


async def test_postgres_listens_on_no_tcp_port(started: EmbeddedPostgres) -> None:
    async with connected(started.url) as connection:
        assert await connection.fetchval("show listen_addresses") == ""


async def test_valkey_listens_on_no_tcp_port(servers: Servers) -> None:
    server = servers.valkey()
    server.start()
    async with redis_client(server.url) as redis:
        port = await redis.config_get("port")  # pyright: ignore[reportUnknownMemberType]
    assert port == {"port": "0"}


async def test_what_is_committed_is_on_the_disk_and_has_checksums(servers: Servers) -> None:
    server = servers.postgres(settings={})
    server.start()
    async with connected(server.url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert await connection.fetchval(f"show {setting}") == "on", setting


async def test_the_urls_hold_whatever_port_libpq_variables_name(servers: Servers) -> None:
    server = servers.postgres()
    other = using(server, variables={"PGPORT": "6000"})
    async with connected(server.url) as connection:
        assert await connection.fetchval("select 1") == 1
    other.leave()


async def test_the_url_suits_sqlalchemy(started: EmbeddedPostgres) -> None:
    engine = create_async_engine(started.url.replace("postgresql", "postgresql+asyncpg", 1))
    async with engine.connect() as connection:
        assert await connection.scalar(text("select current_user")) == "threadlog"
    await engine.dispose()


async def test_refused_rows_do_not_reach_the_log(started: EmbeddedPostgres) -> None:
    async with connected(started.owner_url) as connection:
        await connection.execute("create table words (word text unique)")
        for _ in range(2):
            with suppress(asyncpg.UniqueViolationError):
                await connection.execute("insert into words values ($1)", "confidential")
    log = (started.home / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "confidential" not in log

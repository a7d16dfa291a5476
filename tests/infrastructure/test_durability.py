"""The gate before a database that may lose what it has acknowledged."""

import logging
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest

from infrastructure.durability import DatabaseIsUnsafe, check_durability
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.migrations import migrate
from tests.servers import connected, new_database, serving


@pytest.fixture(scope="module")
def durable_postgres(postgres_major: int) -> Iterator[EmbeddedPostgres]:
    """As users have it, without the settings of tests."""
    with serving(partial(EmbeddedPostgres, major=postgres_major)) as server:
        yield server


async def test_a_durable_database_is_good_and_one_without_a_setting_is_refused_by_its_name(
    durable_postgres: EmbeddedPostgres, caplog: pytest.LogCaptureFixture
) -> None:
    url, owner_url = await new_database(durable_postgres)
    await migrate(owner_url, url)
    await check_durability(url, allow_unsafe=False)
    name = urlsplit(url).path.removeprefix("/")
    async with connected(owner_url) as superuser:
        for setting in ("remote_write", "local"):  # which wait for this machine's disk, too
            await superuser.execute(f"ALTER DATABASE {name} SET synchronous_commit = {setting}")
            await check_durability(url, allow_unsafe=False)
        await superuser.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(DatabaseIsUnsafe, match="has synchronous_commit = off: "):
        await check_durability(url, allow_unsafe=False)
    with caplog.at_level(logging.WARNING):
        await check_durability(url, allow_unsafe=True)
    assert "synchronous_commit = off: for tests only" in caplog.text


async def test_every_unsafe_setting_is_named(postgres: EmbeddedPostgres) -> None:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    with pytest.raises(DatabaseIsUnsafe) as refused:
        await check_durability(url, allow_unsafe=False)
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        assert f"{setting} = off" in str(refused.value)

"""The servers that the other tests share."""

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.servers import connected, new_database, redis_client


async def test_postgres_has_the_major_version_asked_for(
    postgres: EmbeddedPostgres, postgres_major: int
) -> None:
    async with connected(postgres.url) as connection:
        assert int(await connection.fetchval("show server_version_num")) // 10000 == postgres_major


async def test_new_databases_are_empty_and_apart(postgres: EmbeddedPostgres) -> None:
    (url, owner_url), (other_url, _) = await new_database(postgres), await new_database(postgres)
    async with connected(owner_url) as owner, connected(url) as product:
        await owner.execute("create table here ()")
        assert await product.fetchval("select to_regclass('here')") is not None
        assert await owner.fetchval("select current_user") == "postgres"
        assert await product.fetchval("select current_user") == "threadlog"
    async with connected(other_url) as other:
        assert await other.fetchval("select to_regclass('here')") is None


async def test_valkey_keeps_what_it_is_given(valkey: EmbeddedValkey) -> None:
    async with redis_client(valkey.url) as redis:
        await redis.set("tests.infrastructure.embedded", "kept")
        assert await redis.get("tests.infrastructure.embedded") == b"kept"

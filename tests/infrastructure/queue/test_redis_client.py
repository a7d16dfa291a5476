"""A client heals by itself, whatever happens to its connections."""

import asyncio

import pytest
from redis.exceptions import ReadOnlyError

from infrastructure.embedded import EmbeddedValkey
from infrastructure.redis_client import connect_redis, connection_settings
from tests.infrastructure.queue.wake_ups import command, eventually


async def test_a_command_outlives_the_loss_of_its_connection(own_valkey: EmbeddedValkey) -> None:
    client, admin = connect_redis(own_valkey.url), connect_redis(own_valkey.url)
    lost = await command(client, "CLIENT ID")
    waiting = asyncio.create_task(command(client, "BLPOP", "letters", 4))

    async def is_waiting() -> bool:
        return (await command(admin, "INFO", "clients"))["blocked_clients"] == 1

    await eventually(is_waiting)
    await command(admin, "CLIENT KILL", "ID", lost)
    await command(admin, "RPUSH", "letters", "at last")
    assert await waiting == [b"letters", b"at last"]
    assert await command(client, "CLIENT ID") != lost
    await client.aclose()
    await admin.aclose()


async def test_a_client_leaves_a_primary_that_became_a_replica(own_valkey: EmbeddedValkey) -> None:
    client, admin = connect_redis(own_valkey.url), connect_redis(own_valkey.url)
    before = await command(client, "CLIENT ID")
    await command(admin, "REPLICAOF", "127.0.0.1", 1)
    try:
        with pytest.raises(ReadOnlyError):
            await client.set("key", "value")
        assert await command(client, "CLIENT ID") != before
    finally:
        await command(admin, "REPLICAOF", "NO", "ONE")
        await client.aclose()
        await admin.aclose()


@pytest.mark.parametrize(
    ("url", "kept_alive"),
    [("redis://h:6379/0", True), ("rediss://h:6379/0", True), ("unix:///s.sock", False)],
)
def test_only_network_connections_are_kept_alive(url: str, *, kept_alive: bool) -> None:
    """Otherwise a cable that is pulled out is never noticed by a connection that only listens."""
    assert connection_settings(url).get("socket_keepalive", False) is kept_alive

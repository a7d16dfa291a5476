"""The read tables as the projector had made them, and made again from the log."""

import asyncio

from infrastructure.projector import Projector
from infrastructure.read_database import projector_engine
from infrastructure.tasks import end
from projections import group
from tests.servers import Connection, connected
from tests.system.stack import eventually

TABLES = ("threads", "messages", "completions", "async_tool_executions")
PATIENCE_SECONDS = 60.0
BEHIND = """
SELECT (SELECT max(notification_id) FROM threadlog.chat_events)
     - coalesce((SELECT min(position) FROM read.checkpoints), 0)
"""


async def live_tables(owner_url: str) -> dict[str, str]:
    """By table: a hash of its rows, once the projector has applied the whole log."""
    async with connected(owner_url) as connection:
        return await _hashes(connection)


async def rebuilt_tables(url: str, owner_url: str) -> dict[str, str]:
    """Empty the tables, let a projector make them again; then as `live_tables`."""
    engine = projector_engine(url)
    async with engine.begin() as transaction:
        await group.empty(transaction)
    await engine.dispose()
    projector = asyncio.create_task(Projector(url).run())
    try:
        async with connected(owner_url) as connection:
            return await _hashes(connection)
    finally:
        await end({projector})


async def _hashes(connection: Connection) -> dict[str, str]:
    async def caught_up() -> bool:
        return await connection.fetchval(BEHIND) <= 0

    await eventually(caught_up, seconds=PATIENCE_SECONDS, every_seconds=0.1)
    return {table: await _hash(connection, table) for table in TABLES}


async def _hash(connection: Connection, table: str) -> str:
    rows = "coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')"
    query = f"SELECT count(*) || ' rows, ' || md5({rows}) FROM read.{table} t"
    found: str = await connection.fetchval(query)
    return found

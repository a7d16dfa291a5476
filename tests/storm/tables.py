"""The read tables as the projector had made them, and made again from the log."""

from infrastructure.projecting.swapping import rebuild
from projections.registry import BUILT_IN
from tests.servers import Connection, connected
from tests.system.stack import eventually

TABLES = [model.__tablename__ for projection in BUILT_IN for model in projection.models]
PATIENCE_SECONDS = 60.0
BEHIND = """
SELECT (SELECT max(notification_id) FROM threadlog.chat_events)
     - coalesce((SELECT min(position) FROM threadlog.projections WHERE active), 0)
"""


async def live_tables(owner_url: str) -> dict[str, str]:
    """By table: a hash of its rows, once the projector has applied the whole log."""
    async with connected(owner_url) as connection:

        async def caught_up() -> bool:
            return await connection.fetchval(BEHIND) <= 0

        await eventually(caught_up, seconds=PATIENCE_SECONDS, every_seconds=0.1)
    return await shown_tables(owner_url)


async def rebuilt_tables(url: str, owner_url: str) -> dict[str, str]:
    """Have every read model made again beside and swapped; then as `live_tables`."""
    for projection in BUILT_IN:
        await rebuild(url, projection, actor="test")
    return await shown_tables(owner_url)


async def shown_tables(owner_url: str) -> dict[str, str]:
    """By table: a hash of the rows that readers see now."""
    async with connected(owner_url) as connection:
        return {table: await _hash(connection, table) for table in TABLES}


async def _hash(connection: Connection, table: str) -> str:
    rows = "coalesce(string_agg(t::text, ' ' ORDER BY t::text), '')"
    query = f"SELECT count(*) || ' rows, ' || md5({rows}) FROM read.{table} t"
    found: str = await connection.fetchval(query)
    return found

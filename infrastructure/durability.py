"""PostgreSQL's settings on which "acknowledged is kept" rests; the refusal to go without them."""

import logging

from infrastructure.event_log.connection import RUNTIME, Connection, connected
from infrastructure.migrations.problems import SchemaProblem

NEEDED = ("fsync", "full_page_writes", "synchronous_commit")

logger = logging.getLogger(__name__)


class DatabaseIsUnsafe(SchemaProblem):
    """PostgreSQL is set so that a power failure may take back what it has acknowledged."""


async def unsafe_settings(connection: Connection) -> list[str]:
    """Names of the NEEDED settings that are off for this login; good: an empty list."""
    return [name for name in NEEDED if await connection.fetchval(f"SHOW {name}") == "off"]


async def check_durability(url: str, *, allow_unsafe: bool) -> None:
    """Refuse a database that may lose events; with `allow_unsafe` warn instead.

    Raises DatabaseIsUnsafe.
    """
    async with connected(url, role=RUNTIME) as connection:
        unsafe = await unsafe_settings(connection)
    if not unsafe:
        return
    said = f"PostgreSQL has {' and '.join(f'{name} = off' for name in unsafe)}"
    if not allow_unsafe:
        raise DatabaseIsUnsafe(
            f"{said}: what is acknowledged may be lost at a power failure. Set it to on"
            " (postgresql.conf, ALTER SYSTEM, ALTER ROLE or ALTER DATABASE) and start again"
        )
    logger.warning("%s: for tests only, events may be lost", said)

"""Content-addressed bytes beside the log."""

import hashlib
from uuid import UUID

from infrastructure.event_log.database import Database

REMEMBERED = 10_000


class PostgresBlobStore:
    """Implements `application.ports.BlobStore`; raises LogUnavailable like a read.

    It remembers what this process has written: the same tools and instructions come many times.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written: dict[tuple[UUID, str], None] = {}

    async def put(self, owner_id: UUID, content: bytes, *, media_type: str) -> str:
        """Keep the bytes and return their sha256 in hexadecimal; safe to repeat."""
        sha256 = hashlib.sha256(content).hexdigest()
        key = (owner_id, sha256)
        if key not in self._written:
            await self._database.fetch("put_blob", owner_id, sha256, media_type, content)
            self._remember(key)
        return sha256

    async def get(self, owner_id: UUID, sha256: str) -> bytes | None:
        """The bytes, if this owner has them."""
        rows = await self._database.fetch("get_blob", owner_id, sha256)
        return rows[0][0] if rows else None

    def _remember(self, key: tuple[UUID, str]) -> None:
        if len(self._written) >= REMEMBERED:
            del self._written[next(iter(self._written))]
        self._written[key] = None

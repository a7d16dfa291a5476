"""The blobs of one run: each is put once, and waits for the log as the run does."""

from functools import partial
from uuid import UUID

from application.journal import Journal
from application.ports import BlobStore

REMEMBERED_BYTES = 1_000_000  # of one content; larger ones hardly come twice


class Kept:
    """What a run keeps beside the log for its completion's owner."""

    def __init__(self, blobs: BlobStore, journal: Journal, *, owner_id: UUID) -> None:
        self._blobs = blobs
        self._journal = journal
        self._owner_id = owner_id
        self._hashes: dict[bytes, str] = {}

    async def keep(self, content: bytes, media_type: str) -> str:
        """The sha256 of what is durable now. Raises JournalStopped where nothing may follow."""
        if (known := self._hashes.get(content)) is not None:
            return known
        put = partial(self._blobs.put, self._owner_id, content, media_type=media_type)
        sha256 = await self._journal.insist(put)
        if len(content) <= REMEMBERED_BYTES:
            self._hashes[content] = sha256
        return sha256

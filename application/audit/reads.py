"""What is asked of a log and of the blobs beside it to rebuild what a model was asked."""

from typing import Protocol
from uuid import UUID

from application.ports import AnyRecorded


class ThreadReads(Protocol):
    """A part of `application.ports.EventLog`."""

    async def read_stream(self, stream_id: UUID, *, chunks: bool = True) -> list[AnyRecorded]:
        """Events of one stream in order; without chunks if asked."""
        ...

    async def read_thread(self, thread_id: UUID) -> list[AnyRecorded]:
        """Events of all streams of a thread in order, without chunks."""
        ...


class BlobReads(Protocol):
    """A part of `application.ports.BlobStore`."""

    async def get(self, owner_id: UUID, sha256: str) -> bytes | None:
        """The bytes, if this owner has them."""
        ...

"""What `threadlog audit` reads: a live log, where each read is written down, or an export."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol
from uuid import UUID

from application.audit.reads import BlobReads
from application.commands.context import COMMAND_WAIT_SECONDS
from domain.account_events import AccessEvent
from infrastructure.audit.exported import RecordedLog
from infrastructure.audit.log import AuditedLog, LiveLog
from infrastructure.event_log import PostgresBlobStore, PostgresEventLog
from infrastructure.event_sourcing.exported import ExportedLogRecorder
from interfaces.cli.operator import record_access


class Note(Protocol):
    """Returns once the read is durable; nothing may be shown before."""

    def __call__(self, read: AccessEvent, /) -> Awaitable[None]: ...


@dataclass(frozen=True)
class Source:
    """A log, what stands beside it, and the book of its readers."""

    log: AuditedLog
    blobs: BlobReads
    note: Note


@asynccontextmanager
async def live(url: str) -> AsyncGenerator[Source]:
    """The log in a database. Reads and `note` raise LogUnavailable."""
    async with PostgresEventLog(url, connections=2) as log:
        note = partial(record_access, log, wait_seconds=COMMAND_WAIT_SECONDS)
        blobs = PostgresBlobStore(log.reader.database)
        yield Source(LiveLog(log.reader), blobs, note)


@asynccontextmanager
async def exported(path: Path) -> AsyncGenerator[Source]:
    """An export, which has no blobs and keeps no book. Raises NotAnExport."""
    yield Source(RecordedLog(ExportedLogRecorder(path)), _NoBlobs(), _forget)


class _NoBlobs:
    async def get(self, owner_id: UUID, sha256: str) -> bytes | None:
        return None


async def _forget(_: AccessEvent) -> None:
    pass

"""The append-only log on PostgreSQL: one call per batch, reads by stream, thread and position."""

from infrastructure.event_log.blobs import PostgresBlobStore
from infrastructure.event_log.codec import BrokenEvent, Codec, UnknownEvent
from infrastructure.event_log.connection import PROJECTOR, RUNTIME
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.log import PostgresEventLog
from infrastructure.event_log.mapper import EventMapper, MappedEvent
from infrastructure.event_log.reader import LogReader, Scan
from infrastructure.event_log.writer import GroupCommitWriter

__all__ = [
    "PROJECTOR",
    "RUNTIME",
    "BrokenEvent",
    "Codec",
    "EventMapper",
    "GroupCommitWriter",
    "LogEntry",
    "LogReader",
    "MappedEvent",
    "PostgresBlobStore",
    "PostgresEventLog",
    "Scan",
    "UnknownEvent",
]

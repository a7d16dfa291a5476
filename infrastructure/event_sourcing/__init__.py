"""The event log as a persistence module of the library `eventsourcing`.

    PERSISTENCE_MODULE=infrastructure.event_sourcing
    MAPPER_TOPIC=infrastructure.event_log:EventMapper

and THREADLOG_DATABASE_URL let plain code of the library read, follow and replay the log.
docs/reading-the-log.md tells more.
"""

from infrastructure.event_sourcing.application import LogApplicationRecorder
from infrastructure.event_sourcing.factory import Factory
from infrastructure.event_sourcing.process import LogProcessRecorder
from infrastructure.event_sourcing.subscription import LogSubscription
from infrastructure.event_sourcing.table import TableRecorder
from infrastructure.event_sourcing.tracking import LogTrackingRecorder

__all__ = [
    "Factory",
    "LogApplicationRecorder",
    "LogProcessRecorder",
    "LogSubscription",
    "LogTrackingRecorder",
    "TableRecorder",
]

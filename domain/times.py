"""Times as events have them, in microseconds since 1970, and as people read them."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MILLISECOND = timedelta(milliseconds=1)


def time_of(microseconds: int) -> datetime:
    """In UTC. Raises OverflowError beyond the year 9999."""
    return EPOCH + microseconds * MICROSECOND


def microseconds_of(time: datetime) -> int:
    """Of a time that knows its offset."""
    return (time - EPOCH) // MICROSECOND

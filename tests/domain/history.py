"""Given events: a stream's history with made-up places in the log."""

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from domain.recorded import Recorded

E = TypeVar("E")
STREAM = UUID(int=1)
OWNER = UUID(int=2)


def recorded(events: Iterable[E], *, stream: UUID = STREAM) -> list[Recorded[E]]:
    """The events as if they stood alone in the log, at positions ten times their version."""
    return [
        Recorded(
            event,
            stream,
            version,
            position=version * 10,
            at=0,
            actor="",
            thread_id=STREAM,
            owner_id=OWNER,
        )
        for version, event in enumerate(events, start=1)
    ]

"""A read model as the projector sees it: its tables, and how events change them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncSession

from domain.catalogue import Event
from domain.recorded import Recorded
from projections.rows import Rows
from projections.schema import ReadModel

Batch: TypeAlias = Sequence[Recorded[Event]]


@dataclass(frozen=True)
class Projection:
    """Tables that move together: one checkpoint, one transaction for each batch of events.

    `load` copies the rows that a batch may change, `change` changes them, event by event. Neither
    looks at a clock or at anything but rows and events: the same events make the same rows.
    """

    name: str
    version: int  # a higher one has the tables made again from the whole log
    models: tuple[type[ReadModel], ...]
    load: Callable[[Rows, AsyncSession, Batch], Awaitable[None]]
    change: Callable[[Rows, Recorded[Event]], None]
    events: tuple[type[Event], ...] | None = None  # only these; None: all but chunks
    pace_seconds: float = 0.05  # between two looks at a busy log, so that it is taken in batches


class Poisoned(Exception):
    """An event cannot be applied. Nothing of its batch was written."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"position {position}: {reason}")
        self.position = position
        self.reason = reason

"""An event with its place in the log: the envelope that every reader gets."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

E_co = TypeVar("E_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E_co]):
    """One committed event. Who, when and why stand here: events hold business facts only."""

    event: E_co
    stream_id: UUID
    version: int  # 1, 2, 3 … within the stream
    position: int  # place in the whole log, dense, the cursor of every protocol
    at: int  # microseconds since 1970 on the clock of the process that decided
    actor: str  # "user:<id>", "worker:<id>", "system"
    cause: str | None = None  # the command that it follows from; None: its stream alone
    thread_id: UUID | None = None
    owner_id: UUID | None = None

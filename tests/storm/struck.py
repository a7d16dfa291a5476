"""What a fault has met."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Struck:
    """`hits`: processes, servers or connections that it fell upon; 0: nothing was there."""

    hits: int
    processes: int = 0  # killed: Threadlog's own, and the servers themselves
    backends: int = 0  # killed with their PostgreSQL

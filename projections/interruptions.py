"""Attempts that ended without an answer: counted alike by each read model that has the columns."""

from typing import Protocol, assert_never

from sqlalchemy.orm import Mapped

from domain.completion_events import InterruptReason


class Interrupted(Protocol):
    """A row with a column for each reason."""

    lost_workers: Mapped[int]
    model_retries: Mapped[int]
    handovers: Mapped[int]


def count(row: Interrupted, reason: InterruptReason) -> None:
    """One more."""
    match reason:
        case "worker_lost":
            row.lost_workers += 1
        case "model_retried":
            row.model_retries += 1
        case "handed_over":
            row.handovers += 1
        case _:
            assert_never(reason)

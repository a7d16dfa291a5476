"""Which workers are dead: decided on this process's monotonic clock alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from infrastructure.worker.open_runs import WorkerSeen

LOOK_SECONDS = 0.5  # between two looks
HUNG_SECONDS = 30.0  # an unchanged beat for so long is a hanging process
GRACE_SECONDS = 10.0  # after an outage everybody gets so long to come back


@dataclass(frozen=True)
class _Known:
    beat: int | None
    changed_at: float
    unlocked_looks: int


class Judge:
    """Remembers earlier looks. A crash shows in the lock, a hang in the beat."""

    def __init__(self, *, now: float) -> None:
        self._known: dict[UUID, _Known] = {}
        self._silent_until = now

    def outage(self, *, now: float) -> None:
        """The database was away: what was seen before means nothing."""
        self._known.clear()
        self._silent_until = now + GRACE_SECONDS

    def dead(self, seen: Iterable[WorkerSeen], *, now: float) -> set[UUID]:
        """The workers whose runs may be taken over; `now` in monotonic seconds."""
        self._known = {worker.worker_id: self._updated(worker, now=now) for worker in seen}
        if now < self._silent_until:
            return set()
        return {
            worker_id
            for worker_id, known in self._known.items()
            if known.unlocked_looks >= 2 or now - known.changed_at >= HUNG_SECONDS
        }

    def _updated(self, worker: WorkerSeen, *, now: float) -> _Known:
        known = self._known.get(worker.worker_id, _Known(worker.beat, now, 0))
        if worker.beat != known.beat:
            known = _Known(worker.beat, now, known.unlocked_looks)
        looks = 0 if worker.locked else known.unlocked_looks + 1
        return replace(known, unlocked_looks=looks)

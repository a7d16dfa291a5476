"""What one webhook's sender has to do next: in order within each thread, threads side by side."""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from domain.webhook import Webhook
from infrastructure.webhooks.table import Waiting

MOST_AT_ONCE = 10  # requests of one webhook
MOST_WAITING = 20_000  # events of one webhook; what comes after them waits in the log


@dataclass
class Delivery:
    """An event that waits, or is under way."""

    position: int
    thread_id: UUID
    attempts: int
    due: float  # monotonic seconds


@dataclass
class Lane:
    """One webhook's. A thread's first event stands in `_due`, or is under way; the others wait."""

    webhook: Webhook
    position: int  # planned up to here
    saved: int  # the position in the database
    backed: bool = True  # its owner has a key that is good for it
    failing: bool = False  # the last try failed: one at a time until one arrives
    under_way: int = 0
    size: int = 0
    _threads: dict[UUID, deque[Delivery]] = field(default_factory=dict[UUID, deque[Delivery]])
    _due: list[tuple[float, int, UUID]] = field(default_factory=list[tuple[float, int, UUID]])

    @property
    def is_open(self) -> bool:
        """Shall anything be sent, or planned?"""
        return self.backed and self.webhook.enabled

    def add(self, waiting: Iterable[Waiting], *, now: float) -> None:
        """In order of position, each one once."""
        for one in waiting:
            delivery = Delivery(one.position, one.thread_id, one.attempts, now + one.due_in_seconds)
            thread = self._threads.setdefault(one.thread_id, deque())
            thread.append(delivery)
            self.size += 1
            if len(thread) == 1:
                self._await(delivery)

    def due_at(self) -> float | None:
        """When there is something to begin; None: nothing, or not before something has ended."""
        most = 1 if self.failing else MOST_AT_ONCE
        if not self._due or self.under_way >= most or not self.is_open:
            return None
        return self._due[0][0]

    def take(self) -> Delivery:
        """Begin what is due first; it ends with one of the three below."""
        *_, thread_id = heapq.heappop(self._due)
        self.under_way += 1
        return self._threads[thread_id][0]

    def arrived(self, delivery: Delivery) -> None:
        """The next one of its thread may go."""
        self.failing = False
        self._next(delivery)

    def given_up(self, delivery: Delivery) -> None:
        """The thread goes on without it."""
        self.failing = True
        self._next(delivery)

    def again(self, delivery: Delivery, *, due: float) -> None:
        """Its thread waits for it."""
        self.failing = True
        self.under_way -= 1
        delivery.due = due
        self._await(delivery)

    def _next(self, delivery: Delivery) -> None:
        self.under_way -= 1
        self.size -= 1
        thread = self._threads[delivery.thread_id]
        thread.popleft()
        if thread:
            self._await(thread[0])
        else:
            del self._threads[delivery.thread_id]

    def _await(self, delivery: Delivery) -> None:
        heapq.heappush(self._due, (delivery.due, delivery.position, delivery.thread_id))

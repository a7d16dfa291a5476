"""What a live stream shows, a thread or all threads of a user, and how each is read in the log."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from uuid import UUID

from infrastructure.event_log.entry import LogEntry


@dataclass(frozen=True)
class ThreadEvents:
    """Everything of one thread."""

    thread_id: UUID


@dataclass(frozen=True)
class OwnerEvents:
    """Everything but chunks of all threads of a user; chunks too of `follow`, which are theirs."""

    owner_id: UUID
    follow: frozenset[UUID] = frozenset()


Subject: TypeAlias = ThreadEvents | OwnerEvents


class LogReads(Protocol):
    """What the relay asks of the log. All raise LogUnavailable and are safe to repeat."""

    async def read_thread_public(
        self, thread_id: UUID, *, after: int, limit: int
    ) -> list[LogEntry]:
        """All events of a thread after a position, in order, each with its `previous`.

        Those that are not public come too, without their state.
        """
        ...

    async def read_owner_public(
        self, owner_id: UUID, *, follow: Collection[UUID], after: int, limit: int
    ) -> list[LogEntry]:
        """The same of a user's threads; chunks of those in `follow` only."""
        ...

    async def thread_tails(self, thread_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last position of each thread, 0 for one without events."""
        ...

    async def owner_tails(self, owner_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last position of each user's events that are not chunks, 0 for none."""
        ...


async def read_subject(
    log: LogReads, subject: Subject, *, after: int, limit: int
) -> list[LogEntry]:
    """The next events after a position, public or not; fewer than `limit`: there are no more.

    Positions become visible in order and one statement sees one state of the log: what it leaves
    out before its last event will never be there.
    """
    match subject:
        case ThreadEvents(thread_id):
            return await log.read_thread_public(thread_id, after=after, limit=limit)
        case OwnerEvents(owner_id, follow):
            return await log.read_owner_public(owner_id, follow=follow, after=after, limit=limit)


async def tails_of(log: LogReads, subjects: Iterable[Subject]) -> dict[Subject, int]:
    """The last position of each, 0 for none; in two queries at most."""
    wanted = set(subjects)
    owners = [subject.owner_id for subject in wanted if isinstance(subject, OwnerEvents)]
    threads = {thread_id for subject in wanted for thread_id in _threads(subject)}
    of_owner = await log.owner_tails(owners) if owners else {}
    of_thread = await log.thread_tails(list(threads)) if threads else {}
    return {
        subject: max(
            of_owner.get(subject.owner_id, 0) if isinstance(subject, OwnerEvents) else 0,
            *(of_thread.get(thread_id, 0) for thread_id in _threads(subject)),
            0,
        )
        for subject in wanted
    }


def _threads(subject: Subject) -> Collection[UUID]:
    """Those of which every event counts."""
    match subject:
        case ThreadEvents(thread_id):
            return (thread_id,)
        case OwnerEvents(follow=follow):
            return follow

"""What every command works with, and who asks."""

from dataclasses import dataclass
from uuid import UUID

from application.ports import AnyRecorded, BlobStore, CancelHint, EventLog, WakeUp
from application.result_tokens import ReadSecret
from application.threads import Threads
from application.turns import Turns
from domain.account_events import Role
from domain.refusals import ThreadNotFound
from domain.thread import Thread

COMMAND_WAIT_SECONDS = 3.0  # then the caller is told that the log is away


@dataclass(frozen=True)
class Principal:
    """Who asks: a user, in the role of the key that was shown."""

    user_id: UUID
    role: Role
    key_id: UUID
    expires_at: int | None = None  # of the key, microseconds since 1970

    @property
    def actor(self) -> str:
        """As it stands in the log."""
        return f"user:{self.user_id}"

    @property
    def reads_all(self) -> bool:
        """May this role read other people's threads?"""
        return self.role == "auditor"

    @property
    def operates(self) -> bool:
        """May this role stop what belongs to other people? It sees no contents of theirs."""
        return self.role == "admin"


@dataclass(frozen=True)
class Application:
    """The ports behind the commands, one of each per process."""

    log: EventLog
    threads: Threads
    turns: Turns
    wake_up: WakeUp
    cancel_hint: CancelHint
    blobs: BlobStore
    result_secret: ReadSecret
    agents: frozenset[str]  # names
    default_agent: str


async def owned_thread(app: Application, thread_id: UUID, *, by: Principal) -> Thread:
    """The caller's own thread; anybody else's is as good as none: raises ThreadNotFound."""
    thread = await app.threads.get(thread_id)
    if thread.owner_id != by.user_id:
        raise ThreadNotFound
    return thread


async def readable_thread(app: Application, thread_id: UUID, *, by: Principal) -> Thread:
    """A thread that the caller may read; raises ThreadNotFound."""
    thread = await app.threads.get(thread_id)
    if thread.owner_id != by.user_id and not by.reads_all:
        raise ThreadNotFound
    return thread


async def position_of(app: Application, thread_id: UUID, *, since: int) -> int:
    """The last position of an earlier append that began at `since`, so a repeat answers alike."""
    events = await app.log.read_thread(thread_id, after=since - 1, limit=8)
    return _last_of(events)


async def last_position(log: EventLog, stream_id: UUID, *, version: int) -> int:
    """Where a stream's event of this version stands: the answer where nothing had to change."""
    events = await log.read_stream(stream_id, after=version - 1, limit=1)
    return events[0].position


def _last_of(events: list[AnyRecorded]) -> int:
    position, cause = events[0].position, events[0].cause
    for recorded in events:
        if recorded.cause != cause or recorded.position > position + 1:
            break
        position = recorded.position
    return position

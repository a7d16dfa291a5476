"""What of each webhook is on its way, as the leading sender keeps it in the database."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.recorded import Recorded
from domain.webhook_events import (
    WebhookChanged,
    WebhookCreated,
    WebhookDeleted,
    WebhookEvent,
    WebhookReplayed,
    WebhookRetried,
    WebhookSecretRotated,
)
from infrastructure.event_log.connection import Connection, Row
from infrastructure.event_log.statements import statement

CALL_SECONDS = 10.0  # until a server that does not answer counts as away
EVERYTHING = 2**63 - 1  # a position behind every other


@dataclass(frozen=True)
class Cursor:
    """How far one webhook is."""

    version: int  # of its stream, done
    position: int  # of the log, planned


@dataclass(frozen=True)
class Waiting:
    """An event that has not arrived."""

    position: int
    thread_id: UUID
    attempts: int = 0
    due_in_seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A try that failed; `again_in_seconds` None: the last one."""

    webhook_id: UUID
    position: int
    attempts: int
    error: str
    again_in_seconds: float | None


class Table:
    """Writes over the connection that holds the sender's lock: who has lost it writes no more.

    Losing the last few writes in a crash of the server makes duplicates and nothing else, so they
    need not wait for its disk. Every call raises TimeoutError when the server does not answer.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def cursors(self) -> Mapping[UUID, Cursor]:
        """Of all webhooks."""
        rows = await self._fetch("cursors")
        return {row["webhook_id"]: Cursor(row["version"], row["position"]) for row in rows}

    async def waiting(self, webhook_id: UUID) -> list[Waiting]:
        """In order of position; not what is dead."""
        return [Waiting(*row) for row in await self._fetch("waiting", webhook_id)]

    async def follow(self, recorded: Recorded[WebhookEvent]) -> None:
        """Do what an event of a webhook asks for; safe to repeat."""
        webhook_id, version = recorded.stream_id, recorded.version
        match event := recorded.event:
            case WebhookCreated():
                await self._run("begin", webhook_id, version, recorded.position)
                return
            case WebhookDeleted():
                await self._run("drop", webhook_id)
                return
            case WebhookChanged():
                await self._done(webhook_id, version, "retry", False)
            case WebhookRetried():
                await self._done(webhook_id, version, "retry", True)
            case WebhookReplayed():
                await self._replay(webhook_id, version, after=event.after)
            case WebhookSecretRotated():
                await self._run("done", webhook_id, version, EVERYTHING)

    async def plan(
        self, positions: Mapping[UUID, int], waiting: Mapping[UUID, Sequence[Waiting]]
    ) -> None:
        """Cursors move, and what they have passed is on its way: both or nothing."""
        rows = [(webhook_id, one) for webhook_id, some in waiting.items() for one in some]
        await self._run(
            "plan",
            list(positions),
            list(positions.values()),
            [webhook_id for webhook_id, _ in rows],
            [one.position for _, one in rows],
            [one.thread_id for _, one in rows],
        )

    async def arrived(self, which: Sequence[tuple[UUID, int]]) -> None:
        """Of webhooks, these positions."""
        await self._run("arrived", [one for one, _ in which], [position for _, position in which])

    async def failed(self, failures: Sequence[Failure]) -> None:
        """For another try, or as dead."""
        await self._run(
            "failed",
            [one.webhook_id for one in failures],
            [one.position for one in failures],
            [one.attempts for one in failures],
            [one.error for one in failures],
            [one.again_in_seconds or 0.0 for one in failures],
            [one.again_in_seconds is None for one in failures],
        )

    async def _replay(self, webhook_id: UUID, version: int, *, after: int) -> None:
        async with self._connection.transaction():
            await self._run("forget", webhook_id, after)
            await self._run("done", webhook_id, version, after)

    async def _done(self, webhook_id: UUID, version: int, name: str, *arguments: object) -> None:
        async with self._connection.transaction():
            await self._run(name, webhook_id, *arguments)
            await self._run("done", webhook_id, version, EVERYTHING)

    async def _run(self, name: str, *arguments: object) -> None:
        async with asyncio.timeout(CALL_SECONDS):
            await self._connection.execute(_sql(name), *arguments)

    async def _fetch(self, name: str, *arguments: object) -> list[Row]:
        async with asyncio.timeout(CALL_SECONDS):
            return await self._connection.fetch(_sql(name), *arguments)


def _sql(name: str) -> str:
    return statement(name, package="infrastructure.webhooks")

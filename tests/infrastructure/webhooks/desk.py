"""A log with threads and webhooks, and senders that deliver."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from application.commands.context import Principal
from application.commands.keys import IssueKey, issue_key
from application.commands.webhooks import CreateWebhook, create_webhook
from application.keys import ADMINISTRATOR, Accounts
from application.ports import StreamAppend
from application.webhooks import Webhooks
from domain.account_events import Role
from domain.catalogue import Event
from domain.thread_events import ThreadRenamed, ThreadStarted
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import RUNTIME, PostgresEventLog
from infrastructure.event_log.connection import connected
from infrastructure.event_log.result_secret import WEBHOOKS, PostgresResultSecret
from infrastructure.webhooks.deliveries import Patience
from infrastructure.webhooks.events import WebhookEvents
from infrastructure.webhooks.sender import WebhookSender
from tests.infrastructure.event_log.databases import empty_log
from tests.infrastructure.webhooks.receiver import Post

EMPTY = "DELETE FROM threadlog.webhook_cursors; DELETE FROM threadlog.webhook_deliveries"
QUICK = Patience(pauses_seconds=(0.05,) * 400)
ANSWER_SECONDS = 20.0


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 20) -> None:
    """Wait until it is true."""
    async with asyncio.timeout(seconds):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)


@dataclass
class Desk:
    """`log` is real; nobody sends until `sending`."""

    url: str
    log: PostgresEventLog
    webhooks: Webhooks
    threads: dict[UUID, int] = field(default_factory=dict[UUID, int])  # versions

    async def person(self, role: Role = "user") -> Principal:
        """Somebody new, with a key."""
        admin = Principal(ADMINISTRATOR, "admin", uuid4())
        command = IssueKey(admin, uuid4(), role, key_id=uuid4())
        issued = await issue_key(self.log, Accounts(self.log), command)
        return Principal(command.user_id, role, issued.key_id)

    async def webhook(self, url: str, *, by: Principal, **options: Any) -> UUID:
        """A new one."""
        webhook_id = uuid4()
        command = CreateWebhook(by, webhook_id, url, **options)
        await create_webhook(self.log, self.webhooks, command)
        return webhook_id

    async def say(self, thread_id: UUID, *events: Event, by: Principal) -> list[int]:
        """More events of a thread, which begins with them; their positions."""
        version = self.threads.get(thread_id, 0)
        new = list(events) or [ThreadRenamed(f"title {version}")]
        if version == 0:
            new.insert(0, ThreadStarted(by.user_id, "assistant"))
        append = StreamAppend(thread_id, version, new, thread_id, by.user_id)
        recorded = await self.log.append(append, actor=by.actor)
        self.threads[thread_id] = version + len(new)
        return [one.position for one in recorded]

    async def said(self, stream_id: UUID, event: Event, *, thread: UUID, by: Principal) -> int:
        """One event of another stream of a thread; its position."""
        version = self.threads.get(stream_id, 0)
        append = StreamAppend(stream_id, version, [event], thread, by.user_id)
        [recorded] = await self.log.append(append, actor=by.actor)
        self.threads[stream_id] = version + 1
        return recorded.position

    async def has_rows(self, webhook_id: UUID, count: int) -> bool:
        return len(await self.rows(webhook_id)) == count

    async def has_failed(self, webhook_id: UUID) -> bool:
        return any(row["attempts"] for row in await self.rows(webhook_id))

    async def rows(self, webhook_id: UUID) -> list[dict[str, Any]]:
        """What has not arrived."""
        query = "SELECT * FROM threadlog.webhook_deliveries WHERE webhook_id = $1 ORDER BY position"
        async with connected(self.url, role=RUNTIME) as connection:
            return [dict(row) for row in await connection.fetch(query, webhook_id)]

    async def secret(self) -> bytes:
        return await PostgresResultSecret(self.log.reader.database, name=WEBHOOKS).read()

    @asynccontextmanager
    async def sending(self, **options: Any) -> AsyncGenerator[WebhookSender]:
        """A sender in this process that is patient for a short time only."""
        chosen: dict[str, Any] = {"private": True, "patience": QUICK, **options}
        async with running(WebhookSender(self.url, **chosen)) as sender:
            yield sender


@asynccontextmanager
async def running(sender: WebhookSender) -> AsyncGenerator[WebhookSender]:
    """It sends for as long as the block lasts."""
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), task.exception()


@asynccontextmanager
async def open_desk(url: str) -> AsyncGenerator[Desk]:
    async with PostgresEventLog(url) as log:
        yield Desk(url, log, Webhooks(WebhookEvents(log.reader.database).after))


@asynccontextmanager
async def empty_desk(postgres: EmbeddedPostgres) -> AsyncGenerator[Desk]:
    database = await empty_log(postgres)
    async with connected(database.owner_url) as superuser:
        await superuser.execute(EMPTY)
    async with open_desk(database.url) as desk:
        yield desk


def first_arrivals(posts: Iterable[Post]) -> dict[str, list[int]]:
    """The positions of each thread in the order in which they came first."""
    seen: set[str] = set()
    found: dict[str, list[int]] = {}
    for post in posts:
        if post.id not in seen:
            seen.add(post.id)
            event = post.event
            found.setdefault(event["thread_id"], []).append(event["position"])
    return found


def assert_all_in_order(posts: Sequence[Post], expected: Iterable[int]) -> int:
    """Each arrived, each thread's in order; how many came more than once."""
    arrivals = first_arrivals(posts)
    for positions in arrivals.values():
        assert positions == sorted(positions)
    assert sorted(one for some in arrivals.values() for one in some) == sorted(expected)
    return len(posts) - len({post.id for post in posts})

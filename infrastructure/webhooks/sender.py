"""The sender: one leader follows the log and delivers its events to the webhooks."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from application.ports import LogUnavailable, OutcomeUnknown
from infrastructure.event_log.codec import BrokenEvent, UnknownEvent
from infrastructure.event_log.connection import (
    RUNTIME,
    Connection,
    connect,
    is_lost,
    is_passing,
)
from infrastructure.event_log.log import PostgresEventLog
from infrastructure.event_log.result_secret import WEBHOOKS, PostgresResultSecret
from infrastructure.webhooks.connecting import Resolve
from infrastructure.webhooks.deliveries import Patience
from infrastructure.webhooks.messages import Messenger
from infrastructure.webhooks.posting import Poster
from infrastructure.webhooks.term import Term

POLL_SECONDS = 1.0
PACE_SECONDS = 0.02  # between two looks at the log
STANDBY_SECONDS = 0.5  # between two tries to lead
LONGEST_PAUSE_SECONDS = 1.0  # between two tries to reach the database

LEAD = "SELECT pg_try_advisory_lock(hashtextextended('threadlog.webhooks', 0))"
EVERYWHERE = Patience()

logger = logging.getLogger(__name__)


class WebhookSender:
    """Any number may run: one leads, the others wait for its lock.

    An event is sent again when its try failed, or when it is not known whether it arrived: at least
    once. It is sent for the first time when every earlier one of its thread has arrived or was
    given up, by whatever sender: that is the order of first arrivals.

    `private`: may receivers stand in private networks? `timeout_seconds`: of one request;
    `check_seconds`: between two looks at whether owners still have a key.
    """

    def __init__(
        self,
        url: str,
        *,
        private: bool,
        patience: Patience = EVERYWHERE,
        timeout_seconds: float = 10.0,
        check_seconds: float = 5.0,
        resolve: Resolve | None = None,
    ) -> None:
        self._url = url
        self._private = private
        self._patience = patience
        self._timeout_seconds = timeout_seconds
        self._check_seconds = check_seconds
        self._resolve = resolve
        self._pause = 0.0

    async def run(self) -> None:
        """Lead or wait for ever, through every outage of the database."""
        async with (
            PostgresEventLog(self._url, connections=2) as log,
            Poster(
                private=self._private,
                resolve=self._resolve,
                timeout_seconds=self._timeout_seconds,
            ) as poster,
        ):
            secret = PostgresResultSecret(log.reader.database, name=WEBHOOKS)
            messenger = Messenger(poster, secret=secret.read)
            while True:
                try:
                    await self._lead(log, messenger)
                except (LogUnavailable, OutcomeUnknown, UnknownEvent, BrokenEvent) as error:
                    await self._again(error)
                except Exception as error:
                    if not (is_lost(error) or is_passing(error)):
                        raise
                    await self._again(error)

    async def _again(self, error: Exception) -> None:
        if not self._pause:
            logger.warning("webhooks: starting again: %r", error)
        self._pause = min(self._pause * 2 or 0.1, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(self._pause)

    async def _lead(self, log: PostgresEventLog, messenger: Messenger) -> None:
        wake = asyncio.Event()
        async with _leadership(self._url, wake=wake) as connection:
            term = Term(
                connection,
                log,
                messenger=messenger,
                patience=self._patience,
                check_seconds=self._check_seconds,
                wake=wake,
            )
            try:
                await term.begin()
                logger.info("webhooks: leads, %d webhooks", len(term.deliveries.lanes))
                while not connection.is_closed():
                    await self._go_on(term, wake)
                    self._pause = 0.0
            finally:
                await term.deliveries.close()
        raise ConnectionError("the connection that holds the lock is gone")

    async def _go_on(self, term: Term, wake: asyncio.Event) -> None:
        """Do what there is to do, then wait for more."""
        wake.clear()
        due_in = await term.step()
        await asyncio.sleep(PACE_SECONDS if term.deliveries.lanes else POLL_SECONDS)
        if due_in > 0 and term.deliveries.lanes:
            await _wait(wake, seconds=min(POLL_SECONDS, due_in))


@asynccontextmanager
async def _leadership(url: str, *, wake: asyncio.Event) -> AsyncGenerator[Connection]:
    """Wait for the lock and hold it; `wake` is set by every append, and when the lock is lost."""

    def woken(*_: object) -> None:
        wake.set()

    connection = await connect(url, role=RUNTIME)
    try:
        connection.add_termination_listener(woken)
        while True:
            if await connection.fetchval(LEAD):
                break
            await asyncio.sleep(STANDBY_SECONDS)
        await connection.add_listener("chat_events", woken)
        await connection.execute("SET synchronous_commit TO off")
        yield connection
    finally:
        connection.terminate()


async def _wait(wake: asyncio.Event, *, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        pass

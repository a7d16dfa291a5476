"""The sender: one leader follows the log and delivers its events to the webhooks."""

import asyncio
import logging

from application.ports import LogUnavailable, OutcomeUnknown
from infrastructure.event_log.codec import BrokenEvent, UnknownEvent
from infrastructure.event_log.connection import RUNTIME, is_lost, is_passing
from infrastructure.event_log.log import PostgresEventLog
from infrastructure.event_log.result_secret import WEBHOOKS, PostgresResultSecret
from infrastructure.leadership import LeadershipLost, Outage, leadership, wait_for
from infrastructure.webhooks.connecting import Resolve
from infrastructure.webhooks.deliveries import Patience
from infrastructure.webhooks.messages import Messenger
from infrastructure.webhooks.posting import Poster
from infrastructure.webhooks.term import Term

POLL_SECONDS = 1.0
PACE_SECONDS = 0.02  # between two looks at the log

LEAD = "SELECT pg_try_advisory_lock(hashtextextended('threadlog.webhooks', 0))"
EVERYWHERE = Patience()
AGAIN = (LogUnavailable, OutcomeUnknown, UnknownEvent, BrokenEvent)  # they may be over later

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
        self._outage = Outage("webhooks", logger=logger)

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
                except Exception as error:
                    if not (isinstance(error, AGAIN) or is_lost(error) or is_passing(error)):
                        raise
                    await self._outage.wait(error)

    async def _lead(self, log: PostgresEventLog, messenger: Messenger) -> None:
        async with leadership(LEAD, url=self._url, role=RUNTIME) as lead:
            await lead.connection.execute("SET synchronous_commit TO off")
            wake = lead.wake()
            term = Term(
                lead.connection,
                log,
                messenger=messenger,
                patience=self._patience,
                check_seconds=self._check_seconds,
                wake=wake,
            )
            try:
                await term.begin()
                logger.info("webhooks: leads, %d webhooks", len(term.deliveries.lanes))
                while not lead.connection.is_closed():
                    await self._go_on(term, wake)
                    self._outage.over()
            finally:
                await term.deliveries.close()
        raise LeadershipLost

    async def _go_on(self, term: Term, wake: asyncio.Event) -> None:
        """Do what there is to do, then wait for more."""
        wake.clear()
        due_in = await term.step()
        await asyncio.sleep(PACE_SECONDS if term.deliveries.lanes else POLL_SECONDS)
        if due_in > 0 and term.deliveries.lanes:
            await wait_for(wake, seconds=min(POLL_SECONDS, due_in))

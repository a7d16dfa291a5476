"""Ends what analysts do for too long, also where they have lifted the limits of their logins."""

import asyncio
import logging

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from infrastructure.analysts.limits import (
    GRACE_SECONDS,
    IDLE_IN_TRANSACTION_SECONDS,
    NOTIFICATIONS_SHARE,
    STATEMENT_SECONDS,
    TRANSACTION_SECONDS,
)
from infrastructure.event_log.statements import statement
from infrastructure.read_database import is_outage, projector_engine

LOOK_SECONDS = 5.0

_OVER_LIMIT = text(statement("over_limit", package="infrastructure.analysts"))

logger = logging.getLogger(__name__)


class AnalystWatch:
    """Looks every few seconds. Any number may run.

    A statement may last `statement_seconds`, a pause in a transaction `idle_seconds`, a whole
    transaction `transaction_seconds`; nobody holds an advisory lock, and nobody is there while
    notifications fill more than `queue_share` of their queue.
    """

    def __init__(
        self,
        url: str,
        *,
        statement_seconds: float = STATEMENT_SECONDS + GRACE_SECONDS,
        idle_seconds: float = IDLE_IN_TRANSACTION_SECONDS + GRACE_SECONDS,
        transaction_seconds: float = TRANSACTION_SECONDS,
        queue_share: float = NOTIFICATIONS_SHARE,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._url = url
        self._limits = {
            "statement_seconds": statement_seconds,
            "idle_seconds": idle_seconds,
            "transaction_seconds": transaction_seconds,
            "queue_share": queue_share,
        }
        self._look_seconds = look_seconds

    async def run(self) -> None:
        """Look for ever, through every outage of the database."""
        engine = projector_engine(self._url)
        away = False
        try:
            while True:
                try:
                    await self._look(engine)
                    away = False
                except Exception as error:
                    if not is_outage(error):
                        raise
                    if not away:
                        logger.warning("analysts: not looked after just now: %r", error)
                    away = True
                await asyncio.sleep(self._look_seconds)
        finally:
            await engine.dispose()

    async def _look(self, engine: AsyncEngine) -> None:
        async with engine.begin() as connection:
            for login, at_what, seconds in await connection.execute(_OVER_LIMIT, self._limits):
                logger.warning("analysts: ended %s of %s, %d s old", at_what, login, seconds)

"""Keeps the views of analysts on top of what readers see."""

import asyncio
import logging

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from infrastructure.read_database import is_lock_trouble
from projections.analytics import ReadTablesMissing, publish

LOCK_MILLISECONDS = 300  # others wait so long behind us for a view that somebody reads
AGAIN_SECONDS = 1.0

logger = logging.getLogger(__name__)


class AnalystViews:
    """Published by whoever leads. Call `look` when a read model is ready or was swapped."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._changed = asyncio.Event()

    def look(self) -> None:
        """They may have to be made, or made again."""
        self._changed.set()

    async def run(self) -> None:
        """For ever: each time until they stand, or until a read model is still to come."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if not await try_publish(self._engine):
                self._changed.set()
                await asyncio.sleep(AGAIN_SECONDS)


async def try_publish(engine: AsyncEngine) -> bool:
    """Make them where they are not as they should be; False: somebody reads the old ones."""
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"))
            await publish(connection)
    except ReadTablesMissing as missing:
        logger.debug("analytics: %s", missing)  # whoever makes them looks again
    except DBAPIError as error:
        if not is_lock_trouble(error):
            raise
        return False
    return True

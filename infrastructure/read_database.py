"""The read tables over SQLAlchemy: sessions that cannot write, and the projector's engine."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
from sqlalchemy import Result, event
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.exc import TimeoutError as NoFreeConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import ORMExecuteState

from infrastructure.event_log.connection import (
    PROJECTOR,
    RUNTIME,
    is_lost,
    is_passing,
    plain_url,
)
from projections import checkpoints
from projections.checkpoints import Checkpoint
from projections.record import RECORD

POLL_SECONDS = 0.025


# Plans are made while tables are small and kept while they grow: rows are found by key only.
_BY_KEY = {"enable_seqscan": "off", "enable_bitmapscan": "off"}


class ReadTablesUnavailable(Exception):
    """The read tables cannot be reached, or have not been made yet."""


class ReadDatabase:
    """The read tables as API and tools see them. Close it at the end."""

    def __init__(self, url: str, *, connections: int = 5, timeout_seconds: float = 3.0) -> None:
        self._engine = _engine(
            url,
            connections=connections,
            timeout_seconds=timeout_seconds,
            ping=True,
            isolation_level="AUTOCOMMIT",
            server_settings={"role": RUNTIME, "default_transaction_read_only": "on", **_BY_KEY},
        )
        self._looks: dict[str, _Look] = defaultdict(_Look)  # by projection

    async def close(self) -> None:
        """Give up the connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """A session that cannot write and holds a connection only while a statement runs.

        Statements raise ReadTablesUnavailable when the database is away or too slow.
        """
        async with AsyncSession(self._engine, autoflush=False, expire_on_commit=False) as session:
            event.listen(session.sync_session, "do_orm_execute", _run_and_release)
            yield session

    async def checkpoints(self) -> Sequence[Checkpoint]:
        """Of every copy of every read model; none when no projector ever ran."""
        async with self.session() as session:
            return await checkpoints.read_all(session)

    async def checkpoint(self, projection: str = RECORD.name) -> Checkpoint | None:
        """How far its tables are, and whether they stand still; None: no projector ever ran."""
        async with self.session() as session:
            return await checkpoints.read_active(session, projection)

    async def wait_for_position(
        self, position: int, *, timeout_seconds: float, projection: str = RECORD.name
    ) -> bool:
        """Wait until the tables show everything up to a position of the log; False: not in time.

        Looks at least once. Any number may wait: whoever looks, looks for all.
        Raises ReadTablesUnavailable.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while await self._look(projection, asked=loop.time()) < position:
            if loop.time() + POLL_SECONDS > deadline:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    async def _look(self, projection: str, *, asked: float) -> int:
        look = self._looks[projection]
        async with look.turn:
            if look.began < asked:  # else somebody has begun to look since
                began = asyncio.get_running_loop().time()
                checkpoint = await self.checkpoint(projection)
                look.position = 0 if checkpoint is None else checkpoint.position
                look.began = began
            return look.position


@dataclass
class _Look:
    """The last look at a checkpoint."""

    position: int = 0
    began: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


def projector_engine(
    url: str, *, connections: int = 1, timeout_seconds: float = 30.0
) -> AsyncEngine:
    """The engine of the one who writes the read tables.

    Its commits do not wait for the disk: what a crash takes, rows and checkpoint together, is made
    again from the log.
    """
    settings = {"role": PROJECTOR, "synchronous_commit": "off", **_BY_KEY}
    return _engine(
        url, connections=connections, timeout_seconds=timeout_seconds, server_settings=settings
    )


def is_outage(error: Exception) -> bool:
    """Is it the database's trouble, so that the same may succeed later?"""
    cause = driver_error(error)
    return isinstance(cause, NoFreeConnection) or is_lost(cause) or is_passing(cause)


def is_lock_trouble(error: Exception) -> bool:
    """Somebody else holds what the statement needs; the same may succeed later."""
    busy = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
    return isinstance(driver_error(error), busy)


def _run_and_release(state: ORMExecuteState) -> Result[Any]:
    """Give the connection back as soon as the rows are here."""
    try:
        result = state.invoke_statement()
    except Exception as error:
        state.session.rollback()
        if _cannot_be_read(error):
            raise ReadTablesUnavailable(str(error)) from error
        raise
    state.session.commit()
    return result


def _cannot_be_read(error: Exception) -> bool:
    cause = driver_error(error)
    if isinstance(cause, asyncpg.ReadOnlySQLTransactionError):
        return False  # somebody tried to write
    if isinstance(cause, asyncpg.UndefinedColumnError):  # tables of another version are there
        return isinstance(error, StatementError) and "read." in (error.statement or "")
    return is_outage(error) or isinstance(cause, asyncpg.UndefinedTableError)


def driver_error(error: Exception) -> Exception:
    """What asyncpg said, below SQLAlchemy's wrapping."""
    return error.driver_exception if isinstance(error, DBAPIError) else error


def _engine(
    url: str,
    *,
    connections: int,
    timeout_seconds: float,
    server_settings: dict[str, str],
    ping: bool = False,
    **options: Any,
) -> AsyncEngine:
    open_connection = cast(
        "Callable[..., Awaitable[Any]]",
        asyncpg.connect,  # pyright: ignore[reportUnknownMemberType]
    )
    settings = {"application_name": "threadlog", "jit": "off"} | server_settings

    async def connect() -> Any:
        return await open_connection(
            plain_url(url),
            timeout=timeout_seconds,
            command_timeout=timeout_seconds,
            server_settings=settings,
        )

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=timeout_seconds,
        pool_pre_ping=ping,
        **options,
    )

"""Connections to PostgreSQL: asyncpg behind a few typed names, each with the role it works as."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, TypeAlias, cast

import asyncpg

RUNTIME = "threadlog_runtime"
PROJECTOR = "threadlog_projector"

Row: TypeAlias = Any  # asyncpg.Record: columns by name and by number


class Connection(Protocol):
    """What we use of asyncpg's connection."""

    async def execute(self, query: str, *args: object) -> str: ...
    async def fetch(self, query: str, *args: object) -> list[Row]: ...
    async def fetchrow(self, query: str, *args: object) -> Row: ...
    async def fetchval(self, query: str, *args: object) -> Any: ...
    def transaction(self) -> AbstractAsyncContextManager[None]: ...
    def get_server_pid(self) -> int: ...
    def is_closed(self) -> bool: ...
    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None: ...
    def add_termination_listener(self, callback: Callable[..., None]) -> None: ...
    def terminate(self) -> None: ...
    async def close(self) -> None: ...


class Pool(Protocol):
    """What we use of asyncpg's pool."""

    def acquire(self) -> Awaitable[Connection]: ...
    async def release(self, connection: Connection) -> None: ...
    async def close(self) -> None: ...
    def terminate(self) -> None: ...


_LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asyncpg 0.32 on a connection that the server has just closed
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    OSError,
    TimeoutError,
)
# Transaction rolled back, resources, not now, cancelled by the server, its disk.
_ROLLED_BACK = ("40", "53", "55", "57", "58")


def is_lost(error: Exception) -> bool:
    """The connection is gone, or as good as: what was under way may or may not have been done."""
    return isinstance(error, _LOST) and not isinstance(error, ValueError)  # that: wrong arguments


def is_passing(error: Exception) -> bool:
    """The server has certainly undone what was under way, and the same may succeed later."""
    return isinstance(error, asyncpg.ReadOnlySQLTransactionError) or (
        isinstance(error, asyncpg.PostgresError)
        and not is_lost(error)
        and str(getattr(error, "sqlstate", "")).startswith(_ROLLED_BACK)
    )


def plain_url(url: str) -> str:
    """The URL without SQLAlchemy's mark of its driver."""
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)


def _settings(role: str | None, *, lock_timeout_seconds: float) -> dict[str, str]:
    settings = {
        "application_name": "threadlog",
        "lock_timeout": f"{int(lock_timeout_seconds * 1000)}ms",
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",  # planning anew is a third of a small append
        "default_transaction_isolation": "read committed",  # the append function insists on it
        # The server learns within seconds that our machine is gone, and frees what it held.
        "tcp_keepalives_idle": "2",
        "tcp_keepalives_interval": "1",
        "tcp_keepalives_count": "3",
    }
    return settings if role is None else settings | {"role": role}


async def connect(
    url: str,
    *,
    role: str | None = None,
    timeout_seconds: float = 5.0,
    lock_timeout_seconds: float = 5.0,
) -> Connection:
    """One connection that works as `role` (None: as whoever logs in).

    Raises OSError, TimeoutError or an asyncpg error.
    """
    async with asyncio.timeout(timeout_seconds):
        return cast(
            "Connection",
            await asyncpg.connect(  # pyright: ignore[reportUnknownMemberType]
                plain_url(url),
                server_settings=_settings(role, lock_timeout_seconds=lock_timeout_seconds),
            ),
        )


@asynccontextmanager
async def connected(url: str, *, role: str | None = None) -> AsyncGenerator[Connection]:
    """A connection for one job, closed after it."""
    connection = await connect(url, role=role)
    try:
        yield connection
    finally:
        await hang_up(connection)


async def hang_up(connection: Connection) -> None:
    """Close the connection; bounded, because the server may be frozen."""
    try:
        async with asyncio.timeout(2):
            await connection.close()
    except Exception as error:
        connection.terminate()
        if not is_lost(error):
            raise


async def make_pool(url: str, *, role: str, size: int, timeout_seconds: float) -> Pool:
    """A pool that connects only when it is used; making it waits for nothing.

    A connection goes back without asyncpg's round trip that resets it: nobody changes its session.
    """

    async def keep_session(_: Connection) -> None:
        pass

    return cast(
        "Pool",
        await asyncpg.create_pool(  # pyright: ignore[reportUnknownMemberType]
            plain_url(url),
            min_size=0,
            max_size=size,
            reset=keep_session,
            timeout=timeout_seconds,
            command_timeout=timeout_seconds,
            server_settings=_settings(role, lock_timeout_seconds=timeout_seconds),
        ),
    )

"""What `threadlog analyst` does: in one transaction with the event that tells of it."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg

from application.at_end import append_at_end
from application.ports import LogUnavailable, OutcomeUnknown
from domain.ids import analyst_stream
from domain.operation_events import AnalystCreated, AnalystDropped, OperationEvent
from infrastructure import analysts
from infrastructure.analysts import AnalystHasObjects, LoginExists, NewAnalyst, NoSuchAnalyst
from infrastructure.embedded import EmbeddedServerError
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.connection import connected
from infrastructure.migrations import check_schema
from infrastructure.migrations.problems import SchemaProblem
from infrastructure.settings import Settings
from interfaces.cli.operator import actor
from interfaces.cli.servers import Addresses, Servers

WAIT_SECONDS = 10.0


def create(settings: Settings, login: str, *, texts: bool) -> int:
    """Print the password and the URL, this once. Exit code 1 where the login exists."""

    async def run(addresses: Addresses) -> None:
        made = await _create(addresses, login, texts=texts)
        print(f"login {login}; the password, shown once:\n{made.password}")
        print(made.url(addresses.owner_database))
        for sentence in made.excess:
            print(f"note: {login} {sentence}; see docs/analytics.md", file=sys.stderr)

    return _exit_code(settings, run)


def drop(settings: Settings, login: str) -> int:
    """End its sessions, remove it. Exit code 1 where no analyst has this login."""

    async def run(addresses: Addresses) -> None:
        async with connected(addresses.owner_database) as owner:
            await analysts.shut_out(owner, login)
            async with owner.transaction():
                await analysts.drop(owner, login)
                await _tell(addresses, login, AnalystDropped(login))
        print(f"{login} is no more")

    return _exit_code(settings, run)


def list_all(settings: Settings) -> int:
    """A line for each login: its name, what it may read, how many sessions it has."""

    async def run(addresses: Addresses) -> None:
        async with connected(addresses.owner_database) as owner:
            for one in await analysts.list_all(owner):
                sees = "views and texts" if one.texts else "views"
                print(f"{one.login}  {sees}  {one.sessions} sessions")

    return _exit_code(settings, run)


async def _create(addresses: Addresses, login: str, *, texts: bool) -> NewAnalyst:
    await check_schema(addresses.database)
    async with connected(addresses.owner_database) as owner, owner.transaction():
        made = await analysts.create(owner, login, texts=texts)
        await _tell(addresses, login, AnalystCreated(login, texts))
    return made


async def _tell(addresses: Addresses, login: str, event: OperationEvent) -> None:
    async with PostgresEventLog(addresses.database, connections=1) as log:
        stream = analyst_stream(login)
        await append_at_end(log, stream, [event], actor=actor(), wait_seconds=WAIT_SECONDS)


def _exit_code(settings: Settings, run: Callable[[Addresses], Coroutine[Any, Any, None]]) -> int:
    try:
        with Servers(settings) as servers:
            asyncio.run(run(servers.addresses))
    except (
        LoginExists,
        NoSuchAnalyst,
        AnalystHasObjects,
        EmbeddedServerError,
        SchemaProblem,
        LogUnavailable,
        OutcomeUnknown,
        asyncpg.PostgresError,
        OSError,
    ) as problem:
        print(f"threadlog analyst: {problem}", file=sys.stderr)
        return 1
    return 0

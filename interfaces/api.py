"""The API process: commands, reads and event streams over HTTP."""

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import uvicorn

from application.agent_names import AgentsSettingInvalid, agent_names
from application.commands.context import Application
from application.commands.keys import ensure_first_key
from application.keys import Accounts
from infrastructure.cancel_hint import RedisCancelHint
from infrastructure.event_log import PostgresBlobStore
from infrastructure.event_log.result_secret import PostgresResultSecret
from infrastructure.gate import patiently
from infrastructure.read_database import ReadDatabase
from infrastructure.redis_client import connect_redis
from infrastructure.relay.hub import Hub
from infrastructure.settings import Settings
from infrastructure.webhooks.office import WebhookOffice
from infrastructure.worker.wake_up import TaskiqWakeUp
from interfaces import processes
from interfaces.bootstrap import ground
from interfaces.cli.servers import Addresses
from interfaces.http.access_log import AccessLog
from interfaces.http.app import create_app
from interfaces.http.protocol import Protocol, is_readable
from interfaces.http.readiness import (
    database_check,
    projector_check,
    redis_check,
    schema_check,
)
from interfaces.http.resources import Resources
from interfaces.http.stream_places import StreamPlaces

BACKLOG = 2048
ROUNDS = 3  # of the event loop, from the accepted socket to its protocol
VANISHED_CLIENT_MILLISECONDS = 20_000
SHUTDOWN_SECONDS = 10


async def serve_api(settings: Settings, addresses: Addresses, *, first_key: str) -> None:
    """Serve until SIGTERM or SIGINT."""
    listener = listen(settings.host, settings.port)
    async with _resources(settings, addresses) as resources:
        log, accounts = resources.application.log, resources.accounts
        await patiently(partial(ensure_first_key, log, accounts, key=first_key))
        config = uvicorn.Config(
            create_app(resources, hosts=settings.host_names),
            http=Protocol,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        )
        processes.settle()
        await Server(config, resources.hub, leaving=resources.leaving).serve(sockets=[listener])


class Server(uvicorn.Server):
    """Ends the event streams first when it shuts down, so that clients resume elsewhere.

    Does not raise the signal again when it has ended, as uvicorn does: what it stands on is closed
    in good order after it.
    """

    def __init__(self, config: uvicorn.Config, hub: Hub, *, leaving: asyncio.Event) -> None:
        super().__init__(config)
        self._hub = hub
        self._leaving = leaving

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self.handle_exit, name, None)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            connection.shutdown()
        self._leaving.set()
        await self._hub.close()
        for listener in sockets or []:
            await _take_in(listener)
        await super().shutdown(sockets)


async def _take_in(listener: socket.socket) -> None:
    """Whoever has knocked already: a listener that closes hangs up on them, half-way in too."""
    quiet = 0
    for _ in range(BACKLOG):
        quiet = 0 if is_readable(listener.fileno()) else quiet + 1
        if quiet == ROUNDS:
            break
        await asyncio.sleep(0)


@asynccontextmanager
async def _resources(settings: Settings, addresses: Addresses) -> AsyncGenerator[Resources]:
    try:
        names = agent_names(settings.agents)
    except AgentsSettingInvalid as error:
        raise processes.CannotStart(str(error)) from error
    prefix = settings.redis_prefix
    async with ground(settings, addresses) as base:
        tables = ReadDatabase(addresses.database)
        live = connect_redis(addresses.redis)
        hub = Hub(live, base.log.reader, prefix=prefix)
        hub.start()
        database = base.log.reader.database
        application = Application(
            log=base.log,
            threads=base.threads,
            turns=base.turns,
            wake_up=TaskiqWakeUp(base.broker),
            cancel_hint=RedisCancelHint(base.redis, prefix=prefix),
            blobs=PostgresBlobStore(database),
            result_secret=PostgresResultSecret(database).read,
            agents=frozenset(names),
            default_agent=names[0],
        )
        try:
            yield Resources(
                application=application,
                accounts=Accounts(base.log),
                reader=base.log.reader,
                tables=tables,
                hub=hub,
                access_log=AccessLog(base.log),
                checks=[
                    database_check(base.log.reader),
                    schema_check(addresses.database),
                    redis_check(base.redis),
                    projector_check(base.log.reader),
                ],
                office=WebhookOffice(database, private=settings.webhook_private),
                streams=StreamPlaces(most=settings.streams, most_each=settings.streams_each),
            )
        finally:
            await hub.close()
            await live.aclose()
            await tables.close()


def listen(host: str, port: int) -> socket.socket:
    """A listener whose connections give up a client that has vanished without a word."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, VANISHED_CLIENT_MILLISECONDS
        )
    return listener

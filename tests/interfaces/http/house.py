"""One API process on real servers, its clients, and a worker that says what a test tells it."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx2
import uvicorn

from application.commands.context import Application, Principal
from application.commands.keys import IssueKey, RevokeKey, ensure_first_key, issue_key, revoke_key
from application.keys import ADMINISTRATOR, Accounts, new_key
from application.threads import Threads
from application.turns import Turns
from domain.account_events import Role
from domain.ids import uuid7
from infrastructure.cancel_hint import RedisCancelHint
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresBlobStore
from infrastructure.event_log.log import PostgresEventLog
from infrastructure.event_log.result_secret import PostgresResultSecret
from infrastructure.migrations import migrate
from infrastructure.projecting.projector import Projector
from infrastructure.queue.broker import ResilientStreamBroker
from infrastructure.read_database import ReadDatabase, ReadTablesUnavailable
from infrastructure.redis_client import connect_redis
from infrastructure.relay.hub import Hub
from infrastructure.relay.publisher import Publisher
from infrastructure.webhooks.office import WebhookOffice
from infrastructure.worker.wake_up import QUEUE, TaskiqWakeUp
from interfaces.http.access_log import AccessLog
from interfaces.http.app import create_app
from interfaces.http.protocol import Protocol
from interfaces.http.readiness import (
    database_check,
    projector_check,
    redis_check,
    schema_check,
)
from interfaces.http.resources import Resources
from interfaces.http.stream_places import StreamPlaces
from tests.servers import new_database

Json = dict[str, Any]
FIRST_KEY = new_key(ADMINISTRATOR)
AGENTS = frozenset({"assistant", "support"})
DEADLINE_SECONDS = 10.0


async def eventually(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait until it is true."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await condition():  # noqa: ASYNC110  # it is looked up
            await asyncio.sleep(0.01)


async def migrated_database(postgres: EmbeddedPostgres) -> str:
    """The runtime's url of a database of its own."""
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    return url


@dataclass(frozen=True)
class Person:
    """A client with a key."""

    id: UUID
    role: Role
    key: str
    key_id: UUID
    http: httpx2.AsyncClient

    @property
    def principal(self) -> Principal:
        return Principal(self.id, self.role, self.key_id)

    async def get(self, path: str, **parameters: object) -> Json:
        """What a GET answers."""
        answer = await self.http.get(path, params={k: str(v) for k, v in parameters.items()})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object) -> Json:
        """What a POST answers that is accepted."""
        answer = await self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    async def start(self, text: str = "hello") -> Json:
        """A thread with a first message."""
        return await self.post("/v1/threads", {"message": {"text": text}})


class House:
    """Everything of one API process; the projector runs beside it unless it is stopped."""

    def __init__(
        self,
        url: str,
        *,
        redis_url: str,
        private_webhooks: bool = False,
        streams: StreamPlaces | None = None,
    ) -> None:
        self.url = url
        self.prefix = f"test-{uuid4().hex}:"
        self.redis = connect_redis(redis_url)
        self.publisher = Publisher(self.redis, prefix=self.prefix)
        self.broker = ResilientStreamBroker(redis_url, queue_name=QUEUE, prefix=self.prefix)
        self.log = PostgresEventLog(url, on_commit=self.publisher.publish)
        self.tables = ReadDatabase(url)
        self.hub = Hub(self.redis, self.log.reader, prefix=self.prefix)
        self.threads = Threads(self.log)
        wake_up = TaskiqWakeUp(self.broker)
        self.turns = Turns(self.log, threads=self.threads, wake_up=wake_up)
        self.resources = Resources(
            application=Application(
                log=self.log,
                threads=self.threads,
                turns=self.turns,
                wake_up=wake_up,
                cancel_hint=RedisCancelHint(self.redis, prefix=self.prefix),
                blobs=PostgresBlobStore(self.log.reader.database),
                result_secret=PostgresResultSecret(self.log.reader.database).read,
                agents=AGENTS,
                default_agent="assistant",
            ),
            accounts=Accounts(self.log),
            reader=self.log.reader,
            tables=self.tables,
            hub=self.hub,
            access_log=AccessLog(self.log),
            checks=(
                database_check(self.log.reader),
                schema_check(url),
                redis_check(self.redis),
                projector_check(self.log.reader),
            ),
            office=WebhookOffice(self.log.reader.database, private=private_webhooks),
            streams=streams or StreamPlaces(),
        )
        self._projecting: asyncio.Task[None] | None = None
        self._clients: list[httpx2.AsyncClient] = []
        self.address = ""

    async def project(self) -> None:
        """Let the read tables follow the log; returns once there are some."""
        self._projecting = asyncio.create_task(Projector(self.url).run())
        await eventually(self._has_tables)

    async def _has_tables(self) -> bool:
        try:
            return await self.tables.checkpoint() is not None
        except ReadTablesUnavailable:
            return False

    async def stop_projecting(self) -> None:
        """Leave the read tables as they are."""
        if self._projecting is not None:
            self._projecting.cancel()
            await asyncio.wait({self._projecting})

    async def projected(self) -> None:
        """Until the read tables show everything."""
        position = await self.log.reader.last_position()
        assert await self.tables.wait_for_position(position, timeout_seconds=DEADLINE_SECONDS)

    async def person(self, role: Role = "user") -> Person:
        """Somebody new with a key of this role."""
        user_id = uuid7()
        admin = Principal(ADMINISTRATOR, "admin", uuid7())
        command = IssueKey(admin, user_id, role)
        issued = await issue_key(self.log, Accounts(self.log), command)
        return Person(user_id, role, issued.key, issued.key_id, self.client(issued.key))

    async def revoke(self, person: Person) -> None:
        """Elsewhere, so that this process learns it from the log."""
        command = RevokeKey(person.principal, person.key_id, person.id)
        await revoke_key(self.log, Accounts(self.log), command)

    def client(self, key: str | None) -> httpx2.AsyncClient:
        """Speaks HTTP with this key, or without one; closed at the end."""
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        client = httpx2.AsyncClient(
            base_url=self.address,
            headers=headers,
            timeout=20,
            limits=httpx2.Limits(max_connections=100, max_keepalive_connections=100),
            verify=False,  # there is no TLS here, and certificates take 25 ms to load
        )
        self._clients.append(client)
        return client

    async def last_position(self) -> int:
        return await self.log.reader.last_position()

    async def close_clients(self) -> None:
        for client in self._clients:
            await client.aclose()

    async def close(self) -> None:
        await self.stop_projecting()
        await self.tables.close()
        await self.publisher.close()
        await self.broker.shutdown()
        await self.redis.aclose()


@asynccontextmanager
async def open_house(
    url: str,
    *,
    redis_url: str,
    projecting: bool = True,
    private_webhooks: bool = False,
    streams: StreamPlaces | None = None,
) -> AsyncGenerator[House]:
    """A running API; stopped and closed at the end."""
    house = House(url, redis_url=redis_url, private_webhooks=private_webhooks, streams=streams)
    house.publisher.start()
    house.hub.start()
    await house.broker.startup()
    async with house.log:
        await ensure_first_key(house.log, house.resources.accounts, key=FIRST_KEY)
        if projecting:
            await house.project()
        async with serving(house):
            yield house
            await house.close_clients()
            await house.hub.close()
        await house.close()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ctrl-C belongs to pytest."""
        yield


@asynccontextmanager
async def serving(house: House) -> AsyncGenerator[None]:
    """uvicorn on a loopback port, in this event loop."""
    config = uvicorn.Config(
        create_app(house.resources, hosts=("127.0.0.1",)),
        http=Protocol,
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        house.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                while not server.started:  # noqa: ASYNC110  # uvicorn tells nobody
                    await asyncio.sleep(0.005)
            yield
        finally:
            server.should_exit = True
            await running

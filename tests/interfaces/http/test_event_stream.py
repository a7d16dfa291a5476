"""The event stream as HTTP clients see it: its bytes, its silences, and all the ways it ends."""

import asyncio
import gc
import random
import re
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.keys import FRESH_SECONDS
from application.ports import LogUnavailable
from infrastructure.embedded import EmbeddedValkey
from infrastructure.relay.frames import sse_block
from interfaces.http.event_stream import EventStream
from interfaces.http.lasting import StreamLimits
from interfaces.http.protocol import Protocol
from tests.infrastructure.relay.conversation import Conversation, House, eventually, open_house

DEADLINE_SECONDS = 20.0
PATIENT = StreamLimits()
Question = Callable[[], Awaitable[bool]]


@dataclass
class Asked:
    """What the next streams are made with."""

    limits: StreamLimits = PATIENT
    names: frozenset[str] | None = None
    is_idle: Question | None = None
    is_allowed: Question | None = None


@dataclass
class Stream:
    """What one client has received."""

    headers: httpx2.Headers
    body: bytearray = field(default_factory=bytearray)
    ended: str = ""  # "cleanly" or "broken off"
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def blocks(self) -> list[str]:
        return self.body.decode().split("\n\n")[:-1]

    @property
    def ids(self) -> list[int]:
        """Of events, not of blocks that only move the cursor."""
        return [
            int(n) for n in re.findall(r"^id: (\d+)\nevent: ", self.body.decode(), re.MULTILINE)
        ]

    @property
    def last_id(self) -> str:
        """What an EventSource would resume with."""
        return ["", *re.findall(r"^id: (\d+)$", self.body.decode(), re.MULTILINE)][-1]

    def tells(self, text: bytes) -> bool:
        """Is it in the latest block or two?"""
        return self.body.rfind(text, -2000) >= 0

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def has(self, text: bytes) -> None:
        await self.until(lambda: text in self.body)

    async def reach(self, position: int) -> None:
        await self.until(lambda: position in self.ids)

    async def end(self) -> str:
        await self.until(lambda: bool(self.ended))
        return self.ended

    async def receive(self, response: httpx2.Response) -> None:
        try:
            async for chunk in response.aiter_raw():
                self.body += chunk
                self._news.set()
            self.ended = "cleanly"
        except (httpx2.RemoteProtocolError, httpx2.ReadError):
            self.ended = "broken off"
        self._news.set()


class Api:
    """A server with one route, and its clients."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.asked = Asked()
        self.address = ""
        self.client = httpx2.AsyncClient(
            limits=httpx2.Limits(max_connections=None), timeout=20, verify=False
        )
        self.connections: set[Any] = set()  # that the server has
        self._conversations: dict[str, Conversation] = {}
        self.app = Starlette(routes=[Route("/{thread_id}", self._stream)])

    async def _stream(self, request: Request) -> Response:
        conversation = self._conversations[request.path_params["thread_id"]]
        return EventStream(
            self.house.hub,
            place=nullcontext(),
            subject=conversation.subject,
            owner_id=conversation.owner_id,
            after=int(request.headers.get("last-event-id", "0")),
            names=self.asked.names,
            is_idle=self.asked.is_idle,
            is_allowed=self.asked.is_allowed,
            limits=self.asked.limits,
        )

    def waiting_bytes(self) -> list[int]:
        """For each connection, what the server holds until the client takes it."""
        return [each.transport.get_write_buffer_size() for each in self.connections]

    async def converse(self) -> Conversation:
        conversation = await self.house.converse()
        self._conversations[str(conversation.thread_id)] = conversation
        return conversation

    @asynccontextmanager
    async def open(
        self, conversation: Conversation, *, after: int | str = 0
    ) -> AsyncGenerator[Stream]:
        """A client that reads until it is closed here, or by the server."""
        url = f"{self.address}/{conversation.thread_id}"
        headers = {"last-event-id": str(after)}
        async with self.client.stream("GET", url, headers=headers) as response:
            assert response.status_code == 200
            stream = Stream(response.headers)
            receiving = asyncio.create_task(stream.receive(response))
            try:
                yield stream
            finally:
                receiving.cancel()
                await asyncio.wait({receiving})


class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ctrl-C belongs to pytest."""
        yield


@pytest.fixture
async def api(database: str, valkey: EmbeddedValkey) -> AsyncIterator[Api]:
    async with open_house(database, redis_url=valkey.url) as house:
        api = Api(house)
        async with serving(api):
            yield api
            await api.client.aclose()
            await house.hub.close()


@asynccontextmanager
async def serving(api: Api) -> AsyncGenerator[None]:
    config = uvicorn.Config(
        api.app,
        http=Protocol,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    api.connections = server.server_state.connections
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * 1024)
        api.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await running


async def test_the_first_bytes_come_at_once_even_while_redis_and_log_are_away(api: Api) -> None:
    conversation = await api.converse()
    api.house.watched.is_away = True
    async with asyncio.timeout(1), api.open(conversation) as stream:
        await stream.until(lambda: re.match(rb": .*\nretry: \d{4}\n\n", stream.body) is not None)
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no"


async def test_no_event_waits_for_the_acknowledgement_of_the_one_before(api: Api) -> None:
    conversation = await api.converse()
    async with api.open(conversation) as stream:
        await stream.until(lambda: stream.body.endswith(b"\n\n"))
        sockets = [each.transport.get_extra_info("socket") for each in api.connections]
        assert [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in sockets] == [1]


async def test_what_was_there_then_sync_then_what_comes(api: Api) -> None:
    conversation = await api.converse()
    (before,) = await conversation.say("Hello")
    async with api.open(conversation) as stream:
        sync = b'event: sync\ndata: {"position":%d}\n\n' % before
        await stream.has(sync)
        (last,) = await conversation.say(" world")
        await stream.reach(last)
    entries = await api.house.log.reader.read_thread(conversation.thread_id)
    blocks = [sse_block(entry) for entry in entries]
    assert stream.body.partition(b"\n\n")[2] == b"".join([*blocks[:-1], sync, blocks[-1]])
    assert "id:" not in sync.decode()


async def test_clients_that_are_cut_and_resume_get_every_event_once(api: Api) -> None:
    chance = random.Random(5)
    conversations = [await api.converse() for _ in range(8)]
    async with asyncio.TaskGroup() as tasks:
        for number, each in enumerate(conversations):
            tasks.create_task(each.write_slowly(40, chance=random.Random(number)))
        clients = [
            tasks.create_task(_read_with_cuts(api, each, chance=chance))
            for each in conversations
            for _ in range(6)
        ]
    for number, client in enumerate(clients):
        assert client.result() == await conversations[number // 6].positions()


async def _read_with_cuts(
    api: Api, conversation: Conversation, *, chance: random.Random
) -> list[int]:
    await asyncio.sleep(chance.random() * 0.2)
    got: list[int] = []
    cursor = "0"
    end = b"event: completion.finished\n"
    for enough in (chance.randrange(1, 9000), chance.randrange(1, 9000), 10**9):
        async with api.open(conversation, after=cursor) as stream:
            await stream.until(lambda: len(stream.body) > enough or stream.tells(end))  # noqa: B023
        got += stream.ids
        cursor = stream.last_id or cursor
        if stream.tells(end):
            break
    return got


async def test_what_is_ready_together_is_written_together(api: Api) -> None:
    conversation = await api.converse()
    reader, writer = await asyncio.open_connection(*api.address.removeprefix("http://").split(":"))
    writer.write(f"GET /{conversation.thread_id} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    while b"event: sync" not in await _chunk(reader):
        pass
    await conversation.say(*"abcdefghij")
    assert (await _chunk(reader)).count(b"\nevent: completion.chunk\n") == 10
    writer.close()


async def _chunk(reader: asyncio.StreamReader) -> bytes:
    """One chunk of a chunked response: one write of the server."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        size = int(await reader.readuntil(b"\r\n"), 16)
        return (await reader.readexactly(size + 2))[:-2]


async def test_a_silent_stream_sends_comments(api: Api) -> None:
    conversation = await api.converse()
    api.asked.limits = StreamLimits(comment_seconds=0.3)
    async with api.open(conversation) as stream:
        await stream.has(b"event: sync")
        await stream.until(lambda: stream.body.count(b"\n\n:\n\n") >= 2)


async def test_names_choose_the_events_and_the_cursor_moves_over_the_others(api: Api) -> None:
    conversation = await api.converse()
    api.asked.names = frozenset({"completion.finished"})
    api.asked.limits = StreamLimits(comment_seconds=0.3)
    async with api.open(conversation) as stream:
        await stream.has(b"event: sync")
        hidden = await conversation.say("not", "for", "us")
        await stream.has(b"\n\nid: %d\n\n" % hidden[-1])
        (last,) = await conversation.finish()
        await stream.reach(last)
    assert stream.ids == [last]
    async with api.open(conversation, after=hidden[-1]) as resumed:
        await resumed.has(b"event: sync")
    assert resumed.ids == [last]


async def test_after_500_unseen_events_the_cursor_moves_at_once(api: Api) -> None:
    conversation = await api.converse()
    unseen = await conversation.record(times=600)
    async with api.open(conversation) as stream:
        await stream.has(b"\n\nid: %d\n\n" % unseen[499])
        await stream.has(b"event: sync")
    assert stream.ids == await conversation.positions()


async def test_until_idle_ends_cleanly_after_the_last_event_and_not_before(api: Api) -> None:
    conversation = await api.converse()
    busy = True

    async def is_idle() -> bool:
        return not busy

    api.asked.is_idle = is_idle
    async with api.open(conversation) as stream:
        await stream.has(b"event: sync")
        (last,) = await conversation.rename("still busy")
        await stream.reach(last)
        assert not stream.ended
        busy = False
        await conversation.finish()
        assert await stream.end() == "cleanly"
    assert stream.ids == await conversation.positions()


async def test_until_idle_never_ends_before_an_event_whose_message_was_lost(api: Api) -> None:
    conversation = await api.converse()

    async def is_idle() -> bool:
        if not api.house.loss:
            api.house.loss = 1.0
            await conversation.finish()
        return True

    api.asked.is_idle = is_idle
    async with api.open(conversation) as stream:
        assert await stream.end() == "cleanly"
    assert b"completion.finished" in stream.body
    assert stream.ids == await conversation.positions()


async def test_until_idle_ends_at_once_where_nothing_runs_and_leaves_the_cursor_at_the_end(
    api: Api,
) -> None:
    conversation = await api.converse()
    (end,) = await conversation.record()
    api.asked.is_idle = _yes
    async with api.open(conversation) as stream:
        assert await stream.end() == "cleanly"
    assert stream.last_id == str(end)


async def test_until_idle_asks_again_when_the_log_was_away(api: Api) -> None:
    conversation = await api.converse()
    answers = iter([LogUnavailable("away for a test"), True])

    async def is_idle() -> bool:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    api.asked.is_idle = is_idle
    api.asked.limits = StreamLimits(comment_seconds=0.1)
    async with api.open(conversation) as stream:
        assert await stream.end() == "cleanly"


async def test_at_the_end_of_its_life_a_stream_ends_cleanly_and_is_resumed(api: Api) -> None:
    conversation = await api.converse()
    api.asked.limits = StreamLimits(comment_seconds=0.1, life_seconds=0.3)
    async with api.open(conversation) as stream:
        assert await stream.end() == "cleanly"
    (last,) = await conversation.say("later")
    async with api.open(conversation, after=stream.last_id) as resumed:
        await resumed.reach(last)
    assert stream.ids + resumed.ids == await conversation.positions()


async def test_a_stream_that_waits_for_the_end_of_work_is_broken_off_and_not_ended(
    api: Api,
) -> None:
    conversation = await api.converse()
    api.asked.is_idle = _no
    api.asked.limits = StreamLimits(comment_seconds=0.1, life_seconds=0.3)
    async with api.open(conversation) as stream:
        assert await stream.end() == "broken off"


@pytest.mark.parametrize(("is_idle", "ending"), [(None, "cleanly"), ("no", "broken off")])
async def test_at_shutdown_streams_end_so_that_clients_resume_elsewhere(
    api: Api, is_idle: str | None, ending: str
) -> None:
    conversation = await api.converse()
    api.asked.is_idle = _no if is_idle else None
    async with api.open(conversation) as stream:
        await stream.has(b"event: sync")
        await api.house.hub.close()
        assert await stream.end() == ending
    async with api.open(conversation) as late:
        assert await late.end() == ending


async def test_a_reader_that_may_read_no_longer_gets_no_more_events(api: Api) -> None:
    conversation = await api.converse()
    allowed = True

    async def is_allowed() -> bool:
        return allowed

    api.asked.is_allowed = is_allowed
    api.asked.limits = StreamLimits(comment_seconds=0.3, recheck_seconds=0.0)
    async with api.open(conversation) as stream:
        await stream.has(b"event: sync")
        (seen,) = await conversation.say("for you")
        await stream.reach(seen)
        allowed = False
        await conversation.say("not for you")
        assert await stream.end() == "broken off"
    assert stream.ids[-1] == seen


async def test_a_silent_stream_is_cut_too_when_its_reader_may_read_no_longer(api: Api) -> None:
    conversation = await api.converse()
    api.asked.is_allowed = _no
    api.asked.limits = StreamLimits(comment_seconds=0.3, recheck_seconds=0.2)
    async with api.open(conversation) as stream:
        assert await stream.end() == "broken off"


def test_a_key_that_is_revoked_on_another_process_reads_for_half_a_minute_at_most() -> None:
    assert FRESH_SECONDS + PATIENT.recheck_seconds + PATIENT.tick_seconds <= 30


async def test_a_stream_stays_open_while_rights_cannot_be_looked_up(api: Api) -> None:
    conversation = await api.converse()

    async def is_allowed() -> bool:
        raise LogUnavailable("away for a test")

    api.asked.is_allowed = is_allowed
    api.asked.limits = StreamLimits(comment_seconds=0.1, recheck_seconds=0.0)
    async with api.open(conversation) as stream:
        await stream.until(lambda: stream.body.count(b"\n\n:\n\n") >= 3)


@pytest.mark.parametrize("characters", [60_000, 200_000])
async def test_a_stalled_client_is_cut_and_everything_it_held_is_free(
    api: Api, characters: int
) -> None:
    conversation = await api.converse()
    api.asked.limits = StreamLimits(send_seconds=1.0)
    tasks = len(asyncio.all_tasks())
    async with stalled_client(api, conversation) as stalled:
        await eventually(lambda: b"event: sync" in _unread(stalled))
        await conversation.say("x" * characters)
        most_waiting = 0
        async with asyncio.timeout(DEADLINE_SECONDS):
            while api.connections:
                most_waiting = max(most_waiting, *api.waiting_bytes())
                await asyncio.sleep(0.01)
        assert 0 < most_waiting < 66_000
        await _subscribed(api.house, 0)
        await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
        assert not (await _rest(stalled)).endswith(b"\r\n0\r\n\r\n")


@asynccontextmanager
async def stalled_client(api: Api, conversation: Conversation) -> AsyncGenerator[socket.socket]:
    """Asks for a stream and reads nothing of it."""
    host, port = api.address.removeprefix("http://").split(":")
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, (host, int(port)))
        request = f"GET /{conversation.thread_id} HTTP/1.1\r\nHost: x\r\n\r\n"
        await loop.sock_sendall(client, request.encode())
        yield client


def _unread(client: socket.socket) -> bytes:
    """What waits in the client's socket, and goes on waiting."""
    try:
        return client.recv(65536, socket.MSG_PEEK)
    except BlockingIOError:
        return b""


async def _rest(client: socket.socket) -> bytes:
    """Everything up to the end of the connection."""
    received = b""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while more := await asyncio.get_running_loop().sock_recv(client, 65536):
            received += more
    return received


async def test_clients_that_leave_at_any_moment_leave_nothing_behind(api: Api) -> None:
    conversation = await api.converse()
    (last,) = await conversation.say("x" * 200_000)
    async with api.open(conversation) as stream:
        await stream.reach(last)
    await _subscribed(api.house, 0)
    tasks = len(asyncio.all_tasks())
    gc.disable()
    try:
        for enough in (0, 1, 100, 10_000, 200_000):
            for _ in range(5):
                async with api.open(conversation) as stream:
                    await stream.until(lambda: len(stream.body) >= enough)  # noqa: B023
        await _subscribed(api.house, 0)
        await eventually(lambda: len(asyncio.all_tasks()) <= tasks)
    finally:
        gc.enable()


async def test_open_streams_hold_no_database_connection(api: Api) -> None:
    conversation = await api.converse()
    async with asyncio.TaskGroup() as tasks:
        ready = asyncio.Barrier(61)

        async def watch() -> None:
            async with api.open(conversation) as stream:
                await stream.has(b"event: sync")
                await ready.wait()
                await stream.reach(last)

        for _ in range(60):
            tasks.create_task(watch())
        async with asyncio.timeout(DEADLINE_SECONDS):
            reads = [conversation.positions() for _ in range(8)]
            await asyncio.gather(*reads)
            (last,) = await conversation.say("everybody")
            await ready.wait()


async def _subscribed(house: House, count: int) -> None:
    """Wait until Redis knows of so many channels of this test."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            if len(await house.redis.pubsub_channels(f"{house.prefix}*")) == count:  # pyright: ignore
                return
            await asyncio.sleep(0.01)


async def _yes() -> bool:
    return True


async def _no() -> bool:
    return False

"""Five hundred clients that open a stream and never read, beside fifty that do."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psutil

from infrastructure.tasks import end
from tests.model_server import ask
from tests.storm.figures import Figures
from tests.storm.journal import Journal
from tests.storm.machines import Machines
from tests.system.client import Client, connected
from tests.system.stack import KEY, eventually

STALLED = 500
STALLED_AT_ONCE = 490
FAST = 50
AT_ONCE = 16
RECEIVE_BYTES = 4096
HISTORY_WORDS = 3000  # more than 1 MB on a stream: more than lies between API and client
LETTERS = 260
WARMING = 10
CUT_SECONDS = 30.0
MARGIN_SECONDS = 10.0
KILOBYTES_EACH = 256
LATENESS_SECONDS = 1.0
BACK_SECONDS = 5.0
KEPT = 3  # connections to the servers that may have been opened meanwhile, and stay
MEGABYTE = 1024 * 1024


@dataclass
class Reader:
    """One that reads as fast as it can. `late`: seconds from an event to its arrival."""

    positions: list[int] = field(default_factory=list[int])
    late: list[float] = field(default_factory=list[float])


class Watch:
    """The most that the API has had since the beginning: memory, and clients that stall."""

    def __init__(self, api: psutil.Process, *, descriptors: int) -> None:
        self._api = api
        self._descriptors = descriptors  # without those that stall
        self.before = self.megabytes = _megabytes(api)
        self.at_once = 0
        self.stalled = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(0.5)

    def look(self) -> float:
        """The megabytes that it has now."""
        megabytes = _megabytes(self._api)
        self.megabytes = max(self.megabytes, megabytes)
        self.stalled = self._api.num_fds() - self._descriptors
        self.at_once = max(self.at_once, self.stalled)
        return megabytes


async def prove_stalled(figures: Figures, machines: Machines, journal: Journal) -> None:
    """All at one API, a process that does nothing else."""
    url = await machines.begin_direct_api()
    api = machines.process("api")
    async with connected(url, key=KEY) as client:
        thread_id, completion_id = await _flood(client)
        await _warm(url, thread_id)
        await client.http.get("/readyz")
    descriptors = await _settled(api)
    sessions = await machines.sessions()
    watch = Watch(api, descriptors=descriptors + FAST)
    readers = [Reader() for _ in range(FAST)]
    reading = [asyncio.create_task(_read(url, thread_id, reader)) for reader in readers]
    await eventually(lambda: all(reader.late for reader in readers), seconds=30)
    await _stall(figures, watch, url, thread_id=thread_id)
    async with connected(url, key=KEY) as client:
        told = await client.post(f"/v1/completions/{completion_id}/cancel")
        thread, completion = UUID(thread_id), UUID(completion_id)
        journal.tell(
            "cancel", thread, completion, completion_id=completion, position=told["position"]
        )
        await asyncio.wait_for(asyncio.gather(*reading), 30)
        log = [event["position"] for event in await client.public_log(thread_id)]
    back = await eventually(lambda: api.num_fds() <= descriptors + KEPT, seconds=30)
    _tell_readers(figures, readers, log)
    figures.at_most("sockets of the API back at the base after", back, BACK_SECONDS, unit=" s")
    held = await machines.sessions()
    figures.at_most("PostgreSQL connections, all processes", held, sessions + KEPT)


async def _stall(figures: Figures, watch: Watch, url: str, *, thread_id: str) -> None:
    """Until the API has cut the last of them."""
    watching = asyncio.create_task(watch.run())
    began = time.monotonic()
    clients = await asyncio.to_thread(_open, url, thread_id)
    opening = time.monotonic() - began
    cut = await eventually(lambda: watch.stalled <= KEPT, seconds=120)
    await end({watching})
    after = watch.look()
    for client in clients:
        client.close()
    figures.tell("clients that stall", f"{STALLED} opened in {opening:.1f} s")
    figures.at_least("- at one moment", watch.at_once, STALLED_AT_ONCE)
    memory = f"{watch.before:.0f} → {watch.megabytes:.0f} → {after:.0f} MB"
    figures.tell("the API's own memory (USS) before, at most, after", memory)
    each = (watch.megabytes - watch.before) * 1024 / watch.at_once
    figures.at_most("memory for each of them", each, KILOBYTES_EACH, unit=" kB")
    figures.at_most("the last of them is cut after", cut, CUT_SECONDS + MARGIN_SECONDS, unit=" s")


def _tell_readers(figures: Figures, readers: Sequence[Reader], log: Sequence[int]) -> None:
    exact = sum(
        reader.positions == [position for position in log if position >= reader.positions[0]]
        for reader in readers
    )
    late = sorted(by for reader in readers for by in reader.late)
    figures.equal("clients that read: exact", exact, FAST)
    figures.tell("- events", len(late))
    figures.tell("- half of them late by at most", f"{1000 * late[len(late) // 2]:.0f} ms")
    p99 = late[len(late) * 99 // 100]
    figures.at_most("- p99", p99, LATENESS_SECONDS, unit=" s")


async def _flood(client: Client) -> tuple[str, str]:
    """A thread with a long past whose present answer has no end."""
    started = await client.start(ask(words=HISTORY_WORDS, tag="h" * LETTERS))
    await client.until_end(started["completion_id"], started["thread_id"])
    said = await client.say(started["thread_id"], ask(words=None, gap_seconds=0.02))
    return started["thread_id"], said["completion_id"]


async def _warm(url: str, thread_id: str) -> None:
    """Let the API do everything once, and open all that it keeps, before the base is taken."""
    reading = (_read(url, thread_id, Reader(), after="0") for _ in range(WARMING))
    await asyncio.wait_for(asyncio.gather(*reading), 60)


async def _read(url: str, thread_id: str, reader: Reader, *, after: str = "latest") -> None:
    """Until an answer ends; on a plain socket, for the reader shares the cores with the API."""
    host, port = _address(url)
    receiving, sending = await asyncio.open_connection(host, port)
    try:
        sending.write(_request(thread_id, f"after={after}"))
        async for line in _lines(receiving):
            if line.startswith(b"data: ") and b'"thread_id"' in line:
                event: dict[str, Any] = json.loads(line[6:])
                reader.positions.append(event["position"])
                said = datetime.fromisoformat(event["at"]).timestamp()
                reader.late.append(time.time() - said)
                if event["name"] == "thread.turn_ended":
                    return
    finally:
        sending.transport.abort()


async def _lines(receiving: asyncio.StreamReader) -> AsyncGenerator[bytes]:
    """Of the body, which comes in chunks."""
    await receiving.readuntil(b"\r\n\r\n")
    rest = b""
    while length := int(await receiving.readline(), 16):
        *whole, rest = (rest + await receiving.readexactly(length)).split(b"\n")
        await receiving.readexactly(2)
        for line in whole:
            yield line


def _open(url: str, thread_id: str) -> list[socket.socket]:
    """Each has the beginning of its headers and not a byte more; a few come at a time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        begun = [pool.submit(_stalled, url, thread_id) for _ in range(STALLED)]
    return [one.result() for one in begun]


def _stalled(url: str, thread_id: str) -> socket.socket:
    """One that is refused comes again."""
    while True:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        client.settimeout(20)
        client.connect(_address(url))
        client.sendall(_request(thread_id, "after=0"))
        answer = client.recv(12)
        if answer == b"HTTP/1.1 200":
            return client
        assert answer == b"HTTP/1.1 503", answer
        client.close()
        time.sleep(0.2)


async def _settled(api: psutil.Process) -> int:
    """Its open files and sockets once nobody is connected any more."""
    count = -1
    while count != api.num_fds():
        count = api.num_fds()
        await asyncio.sleep(1.0)
    return count


def _megabytes(process: psutil.Process) -> float:
    """Its own memory, what it shares with nobody."""
    return process.memory_full_info().uss / MEGABYTE


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def _request(thread_id: str, query: str) -> bytes:
    return (
        f"GET /v1/threads/{thread_id}/events?{query} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {KEY}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()

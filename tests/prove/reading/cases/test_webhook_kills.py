"""Whoever is killed at whatever moment: nothing is lost, and each thread stays in order."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from application.commands.context import Principal
from domain.thread_events import ThreadRenamed
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.migrations import migrate
from tests.infrastructure.webhooks.desk import (
    Desk,
    assert_all_in_order,
    open_desk,
    until,
)
from tests.infrastructure.webhooks.receiver import Post, receiving
from tests.servers import data_folder, erase, new_database
from tests.system.stack import free_port

ROOT = Path(__file__).parents[4]
EVENTS = 2000
THREADS = 30
PATIENCE_SECONDS = 60.0


@asynccontextmanager
async def program(module: str, *arguments: str) -> AsyncGenerator[Process]:
    """A process of its own, killed at the end if not before."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"tests.infrastructure.webhooks.{module}",
        *arguments,
        cwd=ROOT,
        stdout=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def leads(process: Process) -> Process:
    """Wait until this sender says so."""
    assert process.stdout is not None
    while b"leads" not in await process.stdout.readline():
        pass
    return process


async def write(desk: Desk, by: Principal, *, events: int = EVENTS) -> list[int]:
    """Events of some threads, mixed; their positions."""
    threads = [uuid4() for _ in range(THREADS)]
    chances = random.Random(6)
    positions: list[int] = []
    while len(positions) < events:
        some = [ThreadRenamed(f"title {number}") for number in range(chances.randint(1, 5))]
        positions += await desk.say(chances.choice(threads), *some, by=by)
    return positions


def posts_in(path: Path) -> list[Post]:
    """What a receiver's process has kept."""
    lines = path.read_bytes().splitlines() if path.exists() else []
    parted = (line.partition(b"\t") for line in lines)
    return [Post("/", {"webhook-id": message.decode()}, body) for message, _, body in parted]


def count_in(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


async def test_receiver_and_sender_are_killed_in_the_middle_of_two_thousand_events(
    desk: Desk, tmp_path: Path
) -> None:
    ada, port, file = await desk.person(), free_port(), tmp_path / "posts"

    async def has(count: int) -> None:
        await until(lambda: count_in(file) >= count, seconds=PATIENCE_SECONDS)

    webhook = await desk.webhook(f"http://127.0.0.1:{port}/", by=ada)
    writing = asyncio.create_task(write(desk, ada))
    async with program("receiver", str(port), str(file)) as receiver:
        async with program("sending", desk.url) as sender:
            await has(300)
            receiver.kill()
            await until(lambda: desk.has_failed(webhook))
            sender.kill()
            await sender.wait()
        async with program("sending", desk.url) as sender:
            await leads(sender)
            async with program("receiver", str(port), str(file)):
                await has(900)
                sender.kill()  # in the middle of requests
                await sender.wait()
                async with program("sending", desk.url):
                    expected = await writing
                    await has(len(expected))
                    await until(lambda: desk.has_rows(webhook, 0), seconds=PATIENCE_SECONDS)
    again = assert_all_in_order(posts_in(file), expected)
    assert again <= 300, "what was under way, and what had arrived since the last note of it"


async def test_of_two_senders_one_sends_and_the_other_takes_over(
    desk: Desk, tmp_path: Path
) -> None:
    ada, port, file = await desk.person(), free_port(), tmp_path / "posts"
    await desk.webhook(f"http://127.0.0.1:{port}/", by=ada)
    async with (
        program("receiver", str(port), str(file)),
        program("sending", desk.url) as one,
        program("sending", desk.url) as other,
    ):
        trying = {asyncio.create_task(leads(process)) for process in (one, other)}
        async with asyncio.timeout(PATIENCE_SECONDS):
            [first], [second] = await asyncio.wait(trying, return_when=asyncio.FIRST_COMPLETED)
        writing = asyncio.create_task(write(desk, ada, events=1000))
        await until(lambda: count_in(file) >= 200, seconds=PATIENCE_SECONDS)
        assert not second.done(), "nobody else leads meanwhile"
        first.result().kill()
        await asyncio.wait_for(second, 5)
        expected = await writing
        await until(lambda: count_in(file) >= len(expected), seconds=PATIENCE_SECONDS)
        await until(lambda: len({p.id for p in posts_in(file)}) == len(expected))
    assert assert_all_in_order(posts_in(file), expected) <= 300


async def test_the_database_is_stopped_in_the_middle_and_the_sender_goes_on_by_itself() -> None:
    with data_folder() as folder:
        server = EmbeddedPostgres(folder, settings={"fsync": "off"})
        server.start()
        try:
            await _survive_outage(server)
        finally:
            erase(server)


async def _survive_outage(server: EmbeddedPostgres) -> None:
    url, owner_url = await new_database(server)
    await migrate(owner_url, url)
    async with open_desk(url) as desk, receiving() as receiver, desk.sending():
        ada = await desk.person()
        await desk.webhook(receiver.url, by=ada)
        writing = asyncio.create_task(write(desk, ada, events=1000))
        await until(lambda: len(receiver.posts) >= 200)
        assert await asyncio.to_thread(server.stop, wait_seconds=20)
        await asyncio.to_thread(server.start)
        expected = await writing
        await until(
            lambda: len({post.id for post in receiver.posts}) >= len(expected),
            seconds=PATIENCE_SECONDS,
        )
    assert_all_in_order(receiver.posts, expected)

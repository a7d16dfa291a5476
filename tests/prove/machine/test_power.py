"""A machine of its own for Threadlog and its servers: they die, and all of it dies."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.faults.processes import kill
from tests.model_server import ModelServer, ask
from tests.servers import data_folder, erase
from tests.system.client import Client, Json, connected, sha256, valid_text
from tests.system.stack import KEY, Stack, eventually, start
from tests.system.test_killed_processes import typing_worker

WORDS = 60
TEXT = "".join(f"w{n} " for n in range(WORDS))


@dataclass
class Machine:
    """`threadlog up` with its own servers."""

    folder: Path
    variables: dict[str, str]
    stack: Stack

    async def power_up(self) -> None:
        """Again, with the disk as it was."""
        await self.stack.stop()
        self.stack = start(self.folder, self.variables)
        await self.stack.ready()


@pytest.fixture(scope="module")
async def machine(provider: ModelServer) -> AsyncGenerator[Machine]:
    with data_folder() as data:
        folder = data.parent
        variables = {
            **provider.environment,
            "THREADLOG_MODEL": "openai-chat:gpt-5",
            "THREADLOG_WORKERS": "1",
        }
        machine = Machine(folder, variables, start(folder, variables))
        try:
            await machine.stack.ready()
            yield machine
        finally:
            await machine.stack.stop()
            for server in (EmbeddedPostgres(data), EmbeddedValkey(data)):
                erase(server)


async def begun(machine: Machine, client: Client) -> Json:
    """An answer of which the first words have come."""
    started = await client.start(ask(words=WORDS, gap_seconds=0.03))
    await typing_worker(machine.stack, client, started["thread_id"])
    return started


async def assert_whole(client: Client, started: Json, *, attempts: int) -> None:
    seen = await client.until_end(started["completion_id"], started["thread_id"])
    assert seen[-1].name == "completion.finished"
    assert valid_text(seen, started["completion_id"]) == TEXT
    assert seen[-1].data["answer"]["sha256"] == sha256(TEXT)
    assert [event.name for event in seen].count("completion.started") == attempts


async def hurry(client: Client, thread: str, *, told: set[str]) -> None:
    """Post without end; `told` collects the ids of messages that were said to be stored."""
    path = f"/v1/threads/{thread}/messages"
    while True:
        try:
            answer = await client.http.post(path, json={"text": ask(words=1)}, timeout=5)
        except httpx2.TransportError:
            await asyncio.sleep(0.02)
            continue
        if answer.is_success:
            told.add(answer.json()["message_id"])


@asynccontextmanager
async def hurried(machine: Machine, client: Client, *, posts: int) -> AsyncGenerator[None]:
    """Somebody posts before, during and after what happens; nothing that they were told is lost.

    At the end so many posts more are taken than before: there is service again.
    """
    thread: str = (await client.post("/v1/threads"))["thread_id"]
    told: set[str] = set()
    posting = asyncio.create_task(hurry(client, thread, told=told))
    await eventually(lambda: len(told) >= posts)
    yield
    wanted = len(told) + posts
    await eventually(lambda: len(told) >= wanted, seconds=30)
    posting.cancel()
    log = await client.public_log(thread)
    assert told <= {event["data"].get("message_id") for event in log}


async def test_an_answer_waits_for_a_database_that_dies_and_nothing_acknowledged_is_lost(
    machine: Machine,
) -> None:
    async with connected(machine.stack.url, key=KEY) as client:
        started = await begun(machine, client)
        async with hurried(machine, client, posts=5):
            postgres = [one for one in machine.stack.family() if one.name() == "postgres"]
            assert await asyncio.to_thread(kill, *postgres) > 5  # with its back ends
        await assert_whole(client, started, attempts=1)


async def test_after_a_power_failure_everything_goes_on_where_it_was(machine: Machine) -> None:
    async with connected(machine.stack.url, key=KEY) as client:
        started = await begun(machine, client)
        before = await client.public_log(started["thread_id"])
        assert await asyncio.to_thread(kill, *machine.stack.family()) > 10
    await machine.power_up()
    async with connected(machine.stack.url, key=KEY) as client:
        await assert_whole(client, started, attempts=2)
        log = await client.public_log(started["thread_id"])
        assert log[: len(before)] == before

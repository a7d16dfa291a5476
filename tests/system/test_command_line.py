"""`threadlog tail`, `replay` and `doctor` beside a running Threadlog, and the gate before it."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from tests.faults.links import Links
from tests.model_server import ModelServer, ask
from tests.system.client import Client, Json
from tests.system.stack import KEY, Stack, eventually, free_port


@pytest.fixture
def redis_url(links: Links) -> str:
    return f"unix://{links.redis.path}?db=0"


@asynccontextmanager
async def command(
    *arguments: str, stack: Stack, **variables: str
) -> AsyncGenerator[tuple[Process, asyncio.StreamReader]]:
    """`threadlog ARGUMENTS` of a user of this stack; its process and output."""
    port = stack.url.rpartition(":")[2]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "interfaces.cli", *arguments),
        env={**os.environ, "THREADLOG_PORT": port, "THREADLOG_API_KEY": KEY, **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        yield process, process.stdout
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def run(*arguments: str, stack: Stack, **variables: str) -> tuple[int, str]:
    """Exit code and output."""
    async with command(*arguments, stack=stack, **variables) as (process, output):
        text = (await asyncio.wait_for(output.read(), 60)).decode()
        return await process.wait(), text


async def answered(client: Client, question: str) -> Json:
    """A thread whose answer is complete, and how it begins."""
    started = await client.start(question)
    await client.until_end(started["completion_id"], started["thread_id"])
    return started


async def test_replay_types_what_was_said(client: Client, stack: Stack) -> None:
    question = ask("Say it", text="Hello from the\x1b[31m log.")
    started = await answered(client, question)
    code, text = await run("replay", started["thread_id"], "--speed", "max", stack=stack)
    assert (code, text) == (0, f"> {question}\nHello from the␛[31m log.\n")
    code, text = await run("replay", str(uuid4()), stack=stack)
    assert code == 1
    assert text.startswith("threadlog: ")


async def test_tail_goes_on_across_a_killed_api_with_every_event_once(
    client: Client, stack: Stack
) -> None:
    first = await client.start(ask(words=5))
    thread, after = first["thread_id"], first["position"]
    arguments = ("tail", "--json", "--follow-thread", thread, "--after", str(after))
    async with command(*arguments, stack=stack) as (_, output):
        seen = [await _event(output)]
        for api in stack.processes("api"):
            api.kill()
        await stack.ready()
        last = (await answered(client, ask("again", words=5)))["thread_id"]
        while (seen[-1]["name"], seen[-1]["thread_id"]) != ("thread.turn_ended", last):
            seen.append(await _event(output))
    page = await client.get("/v1/events", after=after, follow=thread, limit=1000)
    assert seen == page["items"][: len(seen)]


async def _event(output: asyncio.StreamReader) -> Json:
    """The next one; that the API is away is told between them."""
    while (line := await asyncio.wait_for(output.readline(), 40)).startswith(b"threadlog: "):
        pass
    event: Json = json.loads(line)
    return event


async def test_tail_of_the_whole_log_shows_internal_names_and_no_contents(
    client: Client, stack: Stack, urls: tuple[str, str]
) -> None:
    started = await answered(client, ask("a secret", text="another secret"))
    after = str(started["position"] - 1)
    database = {"THREADLOG_DATABASE_URL": urls[0], "THREADLOG_REDIS_URL": "redis://nobody"}
    seen = ""
    async with command("tail", "--log", "--after", after, stack=stack, **database) as (_, output):
        while "thread.turn_ended" not in seen:
            seen += (await asyncio.wait_for(output.readline(), 40)).decode()
    assert "completion.message_recorded" in seen
    assert "secret" not in seen


async def test_doctor_finds_everything_well_but_the_tests_fast_database(
    client: Client, stack: Stack, urls: tuple[str, str], redis_url: str, provider: ModelServer
) -> None:
    await answered(client, ask(text="ok"))
    variables = {
        **provider.environment,
        "THREADLOG_DATABASE_URL": urls[0],
        "THREADLOG_REDIS_URL": redis_url,
        "THREADLOG_MODEL": "openai-chat:gpt-5",
    }
    code, text = await run("doctor", stack=stack, **variables)
    assert code == 1
    state = {line[9:23].strip(): line[:8].strip() for line in text.splitlines() if line[:8].strip()}
    assert {name for name, how in state.items() if how == "problem"} == {"durability"}, text
    well = ("postgres", "schema", "roles", "clock", "projector", "workers", "open runs", "redis")
    assert {state[name] for name in (*well, "api", "model")} == {"ok"}, text
    assert "off: fsync, full_page_writes, synchronous_commit" in text
    for secret in (KEY, provider.environment["OPENAI_API_KEY"]):
        assert secret not in text


async def test_doctor_says_what_is_away_and_what_to_do(stack: Stack) -> None:
    nowhere = str(free_port())
    variables = {
        "THREADLOG_DATABASE_URL": f"postgresql://me:hidden@127.0.0.1:{nowhere}/threadlog",
        "THREADLOG_REDIS_URL": f"redis://:hidden@127.0.0.1:{nowhere}",
        "THREADLOG_PORT": nowhere,
    }
    code, text = await run("doctor", stack=stack, **variables)
    assert code == 1
    for name in ("postgres", "redis", "api"):
        assert f"problem  {name}" in text
    assert "look at THREADLOG_DATABASE_URL" in text
    assert "hidden@" not in text


@pytest.mark.parametrize("role", ["api", "projector"])
async def test_a_process_refuses_a_database_that_may_lose_what_it_acknowledged(
    client: Client, stack: Stack, urls: tuple[str, str], redis_url: str, role: str
) -> None:
    del client
    variables = {
        "THREADLOG_DATABASE_URL": urls[0],
        "THREADLOG_REDIS_URL": redis_url,
        "THREADLOG_PORT": str(free_port()),
        "THREADLOG_ALLOW_UNSAFE_DATABASE": "",
    }
    code, text = await run(role, stack=stack, **variables)
    assert code == 1
    assert "fsync = off and full_page_writes = off and synchronous_commit = off" in text


async def test_a_fast_database_of_tests_is_warned_of_at_each_start(stack: Stack) -> None:
    await eventually(lambda: stack.logged().count("fsync = off") >= 4)

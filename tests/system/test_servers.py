"""Several processes on servers of their own: begun at once, asked to leave, and for Compose."""

import asyncio
import json
import re
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import yaml  # pyright: ignore[reportMissingModuleSource]

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from infrastructure.migrations.files import migrations
from infrastructure.settings import Settings
from tests.model_server import ask
from tests.servers import new_database
from tests.storm.starts import threadlog
from tests.system.client import Client, Seen, connected
from tests.system.stack import KEY, eventually, free_port, is_ready

ROOT = Path(__file__).parents[2]
HEAD = (
    "POST /v1/threads HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    "Authorization: Bearer {key}\r\nContent-Length: {length}\r\n\r\n"
)


async def test_two_migrations_at_once_apply_each_file_once(postgres: EmbeddedPostgres) -> None:
    url, owner_url = await new_database(postgres)
    variables = {
        "THREADLOG_DATABASE_URL": url,
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_REDIS_URL": "redis://127.0.0.1:1/0",  # which no migration needs
    }
    both = [await threadlog("migrate", variables) for _ in range(2)]
    told = [(await process.communicate())[0].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    names = "".join(f"{file.name}\n" for file in migrations())
    assert sorted(told) == sorted([names, "the schema is up to date\n"])


@asynccontextmanager
async def api(variables: Mapping[str, str], *, port: int) -> AsyncGenerator[Process]:
    process = await threadlog("api", {**variables, "THREADLOG_PORT": str(port)})

    async def serves() -> bool:
        assert process.returncode is None
        return await is_ready(http, f"http://127.0.0.1:{port}")

    try:
        async with httpx2.AsyncClient() as http:
            await eventually(serves, seconds=30)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_an_api_that_leaves_finishes_what_it_accepted_and_its_streams_resume_at_another(
    client: Client, urls: tuple[str, str], valkey: EmbeddedValkey
) -> None:
    """It stands beside the stack, as on another machine; the stack's workers answer."""
    variables = {
        "THREADLOG_DATABASE_URL": urls[0],
        "THREADLOG_REDIS_URL": valkey.url,
        "THREADLOG_ALLOW_UNSAFE_DATABASE": "true",
        "THREADLOG_API_KEY": KEY,
    }
    port = free_port()
    async with (
        api(variables, port=port) as leaving,
        connected(f"http://127.0.0.1:{port}", key=KEY) as reader,
    ):
        started = await reader.start(ask(words=60, gap_seconds=0.03))
        thread = started["thread_id"]
        idle = await asyncio.open_connection("127.0.0.1", port)
        assert b" 200 " in await ask_alive(idle)
        receiving, sending = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps({"title": "accepted"}).encode()
        sending.write(HEAD.format(key=KEY, length=len(body)).encode() + body[:5])
        seen: list[Seen] = []
        async for event in reader.events(thread):  # until the API ends it, cleanly
            seen.append(event)
            if event.name == "completion.chunk" and leaving.returncode is None:
                leaving.terminate()
        assert seen[-1].name == "completion.chunk"
        last_word = await ask_alive(idle)
        idle[1].close()
        assert b" 200 " in last_word, last_word
        assert b"connection: close" in last_word, last_word
        sending.write(body[5:])
        answer = await receiving.read()
        sending.close()
        assert answer.startswith(b"HTTP/1.1 201"), answer
        assert await asyncio.wait_for(leaving.wait(), 15) == 0
    seen += await client.until_end(started["completion_id"], thread, after=seen[-1].id)
    log = await client.public_log(thread)
    assert [event.body for event in seen] == log[: len(seen)]
    assert seen[-1].name == "completion.finished"
    accepted = json.loads(answer.partition(b"\r\n\r\n")[2])["thread_id"]
    assert (await client.get(f"/v1/threads/{accepted}"))["title"] == "accepted"


async def ask_alive(connection: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> bytes:
    """Over a connection that was kept; the head of the answer."""
    receiving, sending = connection
    sending.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = await receiving.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length is not None, head
    await receiving.readexactly(int(length[1]))
    return head


def compose() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())[
        "services"
    ]
    return services


def test_compose_runs_each_role_with_settings_that_exist() -> None:
    services = compose()
    ours = {name: one for name, one in services.items() if "build" in one}
    roles = {name: one["command"] for name, one in ours.items()}
    assert roles == {
        "migrate": ["migrate"],
        "api1": ["api"],
        "api2": ["api"],
        "worker": ["worker"],
        "projector": ["projector"],
    }
    variables = {name for one in ours.values() for name in one["environment"]}
    known = {f"THREADLOG_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in variables if name.startswith("THREADLOG_")} <= known
    for name, one in ours.items():
        assert ("THREADLOG_OWNER_DATABASE_URL" in one["environment"]) == (name == "migrate")
    worker = ours["worker"]
    drain = float(worker["environment"]["THREADLOG_DRAIN_SECONDS"])
    assert float(worker["stop_grace_period"].removesuffix("s")) >= drain + 10


def test_compose_takes_servers_of_one_major_and_the_image_works_as_nobody_special() -> None:
    services = compose()
    images = {name: one["image"] for name, one in services.items() if "build" not in one}
    assert images == {"postgres": "postgres:18", "valkey": "valkey/valkey:8"}
    dockerfile = (ROOT / "Dockerfile").read_text()
    users = re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)
    assert users == ["10001"]
    copied = re.findall(r"^COPY (\w+) /opt/threadlog/\1$", dockerfile, re.MULTILINE)
    assert sorted(copied) == [
        "application",
        "domain",
        "infrastructure",
        "interfaces",
        "projections",
    ]

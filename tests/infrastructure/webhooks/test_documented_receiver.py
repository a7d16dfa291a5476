"""docs/examples/webhook_receiver.py, as docs/webhooks.md starts it, with our sender."""

import os
import shlex
import sys
import time
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx2

from application.webhook_secrets import shown, signature, webhook_secret
from infrastructure.relay.frames import json_object
from tests.infrastructure.webhooks.desk import Desk, until
from tests.system.stack import free_port

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
(SHOWN,) = (line.strip() for line in PAGE.splitlines() if line.endswith("webhook_receiver.py 8080"))


@asynccontextmanager
async def started(port: int, *, secret: str) -> AsyncGenerator[Process]:
    """The shown command, with this port, secret and interpreter."""
    variable, _, *rest = shlex.split(SHOWN)
    assert variable.startswith("WEBHOOK_SECRET=whsec_")
    process = await create_subprocess_exec(
        sys.executable,
        *rest[:-1],
        str(port),
        cwd=ROOT,
        env={**os.environ, "WEBHOOK_SECRET": secret},
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def signed(secret: bytes, *, message_id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(
            [secret], message_id=message_id, timestamp=timestamp, body=body
        ),
    }


async def test_it_takes_what_we_send_and_nothing_else(desk: Desk) -> None:
    ada, port = await desk.person(), free_port()
    url = f"http://127.0.0.1:{port}/"
    webhook = await desk.webhook(url, by=ada)
    key = webhook_secret(await desk.secret(), webhook, generation=0)
    async with started(port, secret=shown(key)) as process:
        assert process.stdout is not None
        assert await refused(url, key) == [400, 400, 400, 400]
        async with desk.sending():
            positions = await desk.say(uuid4(), by=ada)
            for position in positions:
                [entry] = (await desk.log.reader.read_after(position - 1, limit=1)).entries
                assert await process.stdout.readline() == json_object(entry) + b"\n"
            await until(lambda: desk.has_rows(webhook, 0))
        assert await repeated(url, key, webhook, positions[0]) == 204
        process.kill()
        assert await process.stdout.read() == b"", "what it knows it does not print again"


async def refused(url: str, key: bytes) -> list[int]:
    """What it answers to a forged signature, to none, to another body, and to an old one."""
    now, body = round(time.time()), b'{"forged":true}'
    forged = signed(b"x" * 32, message_id="1", timestamp=now, body=body)
    changed = signed(key, message_id="1", timestamp=now, body=b"{}")
    old = signed(key, message_id="1", timestamp=now - 600, body=body)
    none: Mapping[str, str] = {}
    async with httpx2.AsyncClient() as http:

        async def listens() -> bool:
            try:
                return (await http.post(url, content=body)).status_code == 400
            except httpx2.TransportError:
                return False

        await until(listens)
        answers = [
            await http.post(url, content=body, headers=headers)
            for headers in (forged, none, changed, old)
        ]
    return [answer.status_code for answer in answers]


async def repeated(url: str, key: bytes, webhook: UUID, position: int) -> int:
    """What it answers to an event that it has."""
    body = b'{"again":true}'
    headers = signed(
        key, message_id=f"{webhook}_{position}", timestamp=round(time.time()), body=body
    )
    async with httpx2.AsyncClient() as http:
        return (await http.post(url, content=body, headers=headers)).status_code

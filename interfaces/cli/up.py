"""`threadlog up`: everything on one machine, started, watched and stopped together."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Sequence

import httpx2

from infrastructure.durability import check_durability
from infrastructure.embedded import EmbeddedServerError
from infrastructure.migrations import migrate
from infrastructure.migrations.problems import SchemaProblem
from infrastructure.settings import Settings
from interfaces import processes
from interfaces.cli.children import Child
from interfaces.cli.first_key import make_key
from interfaces.cli.servers import Addresses, Servers

DRAIN_SECONDS = 3.0  # of a worker when everything stops anyway
PATIENCE_SECONDS = 15.0
READY_SECONDS = 60.0
MESSAGE = '{"message": {"text": "Hello"}}'


def up(settings: Settings) -> int:
    """Run until Ctrl-C or SIGTERM. Exit code 0; 1 when it could not start."""
    processes.begin("up", log_level=settings.log_level, with_parent=False)
    try:
        with Servers(settings) as servers:
            return asyncio.run(_run(settings, servers))
    except (EmbeddedServerError, SchemaProblem) as problem:
        print(f"threadlog: {problem}", file=sys.stderr)
        return 1


async def _run(settings: Settings, servers: Servers) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    addresses = servers.addresses
    await migrate(addresses.owner_database, addresses.database)
    await check_durability(addresses.database, allow_unsafe=settings.allow_unsafe_database)
    key, made = make_key(settings)
    children = _children(settings, addresses, key=key)
    tasks = [asyncio.create_task(child.run()) for child in children]
    tasks.append(asyncio.create_task(servers.watch()))
    greeting = asyncio.create_task(_greet(settings, key=key, made=made))
    await stop.wait()
    print("threadlog: stopping", flush=True)
    greeting.cancel()
    tasks[-1].cancel()
    await asyncio.gather(*(child.stop(patience_seconds=PATIENCE_SECONDS) for child in children))
    for task in tasks:
        task.cancel()
    await asyncio.gather(greeting, *tasks, return_exceptions=True)
    return 0


def _children(settings: Settings, addresses: Addresses, *, key: str) -> Sequence[Child]:
    environment = {
        "THREADLOG_DATABASE_URL": addresses.database,
        "THREADLOG_REDIS_URL": addresses.redis,
        "THREADLOG_API_KEY": key,
        "THREADLOG_PORT": str(settings.port),
        "THREADLOG_DRAIN_SECONDS": str(min(settings.drain_seconds, DRAIN_SECONDS)),
    }
    tools = {**environment, "THREADLOG_WORKER_ONLY": "tools"}
    chat = (
        {**environment, "THREADLOG_WORKER_ONLY": "chat"} if settings.tool_workers else environment
    )
    return [
        Child("api", environment=environment),
        *(Child("worker", environment=chat) for _ in range(settings.workers)),
        *(Child("worker", environment=tools, name="tools") for _ in range(settings.tool_workers)),
        Child("projector", environment=environment),
    ]


async def _greet(settings: Settings, *, key: str, made: bool) -> None:
    url = f"http://{settings.host}:{settings.port}"
    if not await _ready(url):
        print("threadlog: the API is not ready; see the messages above", file=sys.stderr)
        return
    shown = (
        f"$(cat {settings.data_dir}/api_key)" if settings.api_key is None else "$THREADLOG_API_KEY"
    )
    print(f"\nThreadlog answers at {url}   (API: {url}/docs)\n")
    if (link := await _link(url, key=key)) is not None:
        print(f"  open it in a browser, signed in; the link works once:\n  {link}\n")
    if made:
        print(f"  administrator's key, shown once, kept in {settings.data_dir}/api_key:\n  {key}\n")
    print("  another link:        ./do threadlog sign-in")
    print("  talk to it here:     ./do threadlog chat")
    print(f"  or with curl:        curl -s {url}/v1/threads \\")
    print(f"         -H \"Authorization: Bearer {shown}\" --json '{MESSAGE}'")
    print("\n  Ctrl-C stops everything.\n", flush=True)


async def _link(url: str, *, key: str) -> str | None:
    """None where it cannot be had now; `threadlog sign-in` prints one later."""
    headers = {"authorization": f"Bearer {key}"}
    with contextlib.suppress(httpx2.TransportError):
        async with httpx2.AsyncClient(headers=headers) as client:
            answer = await client.post(f"{url}/v1/sign-in-links")
            if answer.is_success:
                return url + str(answer.json()["path"])
    return None


async def _ready(url: str) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    async with httpx2.AsyncClient() as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx2.TransportError):
                if (await client.get(f"{url}/readyz")).is_success:
                    return True
            await asyncio.sleep(0.1)
    return False

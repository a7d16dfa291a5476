"""What a system that nobody uses may not hold any more."""

import contextlib
import re
import time
from collections.abc import Awaitable, Callable

import psutil

from tests.model_server import ModelServer
from tests.servers import connected
from tests.storm.deployment import Deployment
from tests.system.stack import eventually

PATIENCE_SECONDS = 30.0
OPEN_RUNS = "SELECT count(*) FROM threadlog.open_runs"
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
IDLE_IN_TRANSACTION = """
SELECT count(*) FROM pg_stat_activity
 WHERE state LIKE 'idle in transaction%' AND now() - state_change > interval '1 second'
"""
LOST_TASKS = ("was never retrieved", "was destroyed but it is pending", "was never awaited")


async def left_over(
    deployment: Deployment, provider: ModelServer, *, patience_seconds: float = PATIENCE_SECONDS
) -> list[str]:
    """Looked for until it is gone, in all for so long; the clients have left."""
    found: list[str] = []
    ends_at = time.monotonic() + patience_seconds

    async def within_reason(what: str, gone: Callable[[], Awaitable[bool]]) -> None:
        try:
            seconds = max(0.0, ends_at - time.monotonic())
            await eventually(gone, seconds=seconds, every_seconds=0.2)
        except AssertionError:
            found.append(what)

    async def no_requests() -> bool:
        return provider.ledger.open_now == 0

    async def no_clients() -> bool:
        return not _clients(deployment)

    async with connected(deployment.postgres.owner_url) as connection:

        async def no_open_runs() -> bool:
            return await connection.fetchval(OPEN_RUNS) == 0

        async def no_transaction() -> bool:
            return await connection.fetchval(IDLE_IN_TRANSACTION) == 0

        async def no_stray_lock() -> bool:
            # one for each living worker, and of projectors and senders of webhooks for who leads
            return await connection.fetchval(LOCKS) <= len(deployment.workers()) + 2

        await within_reason("requests to the model are open", no_requests)
        await within_reason("clients' connections are open at an API", no_clients)
        await within_reason("open_runs has rows", no_open_runs)
        await within_reason("a transaction is open and idle", no_transaction)
        await within_reason("advisory locks of nobody are held", no_stray_lock)
    return found + _crashes(deployment) + _lost_tasks(deployment)


def _clients(deployment: Deployment) -> list[object]:
    found: list[object] = []
    for api in deployment.members("api"):
        with contextlib.suppress(psutil.Error):
            found += [
                one for one in api.net_connections("tcp") if one.status == psutil.CONN_ESTABLISHED
            ]
    return found


def _crashes(deployment: Deployment) -> list[str]:
    """Processes that had to be begun again though no hand had ended them."""
    own = [
        f"{name} ended by itself with {keeper.crashes}"
        for name, keeper in deployment.keepers.items()
        if keeper.crashes and name != "up"  # which ends where its servers cannot be started
    ]
    launched = re.findall(r"threadlog: .* ended \(exit code [1-9].*", _said(deployment, "up"))
    return own + launched


def _said(deployment: Deployment, name: str) -> str:
    output = deployment.output(name)
    return output.read_text(errors="replace") if output.exists() else ""


def _lost_tasks(deployment: Deployment) -> list[str]:
    """Work that a process has forgotten, as its own log says."""
    lines = [
        f"{name}: {line}"
        for name in deployment.keepers
        for line in _said(deployment, name).splitlines()
        if any(words in line for words in LOST_TASKS)
    ]
    return lines[:5]

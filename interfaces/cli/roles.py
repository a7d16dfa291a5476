"""`threadlog api | worker | projector | migrate`: one process of a larger whole."""

import asyncio
import sys

from application.ports import LogUnavailable
from infrastructure.embedded import EmbeddedServerError
from infrastructure.gate import pass_gate
from infrastructure.migrations import migrate
from infrastructure.migrations.problems import SchemaProblem
from infrastructure.settings import Settings
from infrastructure.tasks import end
from interfaces import processes
from interfaces.cli.first_key import make_key
from interfaces.cli.servers import Addresses, Servers
from interfaces.processes import CannotStart


def run_role(role: str, settings: Settings, *, with_parent: bool) -> int:
    """Serve until SIGTERM or Ctrl-C. Exit code 0; 1 when it could not start."""
    title = "tools" if (role, settings.worker_only) == ("worker", "tools") else role
    processes.begin(title, log_level=settings.log_level, with_parent=with_parent)
    try:
        with Servers(settings) as servers:
            asyncio.run(_serve_and_watch(role, settings, servers))
    except (EmbeddedServerError, SchemaProblem, CannotStart, LogUnavailable, OSError) as problem:
        print(f"threadlog {role}: {problem}", file=sys.stderr)
        return 1
    except asyncio.CancelledError:
        return 1  # a part of it has failed, and said why
    return 0


async def _serve_and_watch(role: str, settings: Settings, servers: Servers) -> None:
    watching = asyncio.create_task(servers.watch())
    try:
        await _serve(role, settings, servers.addresses)
    finally:
        await end({watching})


async def _serve(role: str, settings: Settings, addresses: Addresses) -> None:
    await pass_gate(addresses.database, allow_unsafe=settings.allow_unsafe_database)
    if role == "api":
        from interfaces.api import serve_api

        key, _ = make_key(settings)
        await serve_api(settings, addresses, first_key=key)
    elif role == "worker":
        from interfaces.worker import serve_worker

        await serve_worker(settings, addresses)
    else:
        from interfaces.projector import serve_projector

        await serve_projector(settings, addresses)


def migrate_now(settings: Settings) -> int:
    """Apply what is missing. Exit code 0, or 1 with what to do."""
    try:
        with Servers(settings) as servers:
            addresses = servers.addresses
            applied = asyncio.run(migrate(addresses.owner_database, addresses.database))
    except (EmbeddedServerError, SchemaProblem, OSError) as problem:
        print(f"threadlog migrate: {problem}", file=sys.stderr)
        return 1
    print("\n".join(applied) if applied else "the schema is up to date")
    return 0

"""`threadlog doctor`: is everything there and as it should be, and if not, what to do."""

import asyncio
import platform
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from urllib.parse import urlsplit

from pydantic import SecretStr

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from infrastructure.settings import Settings
from interfaces.cli.doctor_checks import api_finding, model_finding, redis_finding
from interfaces.cli.doctor_database import database_findings
from interfaces.cli.finding import Finding, note, problem
from interfaces.cli.printable import one_line

PACKAGES = ("pydantic-ai-slim", "eventsourcing", "fastapi", "asyncpg", "redis", "taskiq")
TOLD_CHARACTERS = 1000


def doctor(settings: Settings) -> int:
    """Print a line for each finding. Exit code 0, or 1 when there is a problem."""
    return asyncio.run(_examine(settings))


async def _examine(settings: Settings) -> int:
    problems = 0
    async for finding in _findings(settings):
        problems += finding.state == "problem"
        told = one_line(finding.told, characters=TOLD_CHARACTERS)
        print(f"{finding.state:8} {finding.name:14} {told}", flush=True)
        if finding.advice:
            print(f"{'':8} {'':14} → {finding.advice}", flush=True)
    print(f"\n{problems} problems" if problems else "\nall is well")
    return 1 if problems else 0


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    for name, field in Settings.model_fields.items():
        value: object = getattr(settings, name)
        default = " (default)" if value == field.default else ""
        yield note("setting", f"THREADLOG_{name.upper()} = {_harmless(value)}{default}")
    yield note("versions", _versions())
    async with _postgres(settings) as url:
        if url is None:
            yield problem("postgres", f"none runs in {settings.data_dir}", "./do run")
        else:
            async for finding in database_findings(url):
                yield finding
    yield await _redis(settings)
    yield await api_finding(settings)
    yield await model_finding(settings)


@asynccontextmanager
async def _postgres(settings: Settings) -> AsyncGenerator[str | None]:
    """The run-time URL; None where our own server does not run, which is not started here."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    own = EmbeddedPostgres(settings.data_dir)
    yield own.url if await asyncio.to_thread(own.ready) else None


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is not None:
        return await redis_finding(settings.redis_url.get_secret_value())
    own = EmbeddedValkey(settings.data_dir)
    if not await asyncio.to_thread(own.ready):
        return problem("redis", f"no Valkey runs in {settings.data_dir}", "./do run")
    return await redis_finding(own.url)


def _harmless(value: object) -> str:
    """As a person may show it to others: a URL by its host, no other secret at all."""
    if not isinstance(value, SecretStr):
        return repr(value) if value == "" else str(value)
    url = urlsplit(value.get_secret_value())
    if "://" not in value.get_secret_value():
        return "(hidden)"
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://…@{url.hostname or ''}{port}{url.path}"


def _versions() -> str:
    found = [f"threadlog {_version('threadlog')}", f"Python {platform.python_version()}"]
    return ", ".join([*found, *(f"{name} {_version(name)}" for name in PACKAGES)])


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of this checkout"

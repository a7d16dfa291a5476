"""`threadlog evidence`: rebuild what was sent to a model and compare it with the log."""

import asyncio
import sys
from uuid import UUID

from application.evidence import Evidence, evidence_of
from application.ports import LogUnavailable
from domain.refusals import CompletionNotFound
from infrastructure.embedded import EmbeddedServerError
from infrastructure.event_log import PostgresBlobStore, PostgresEventLog
from infrastructure.settings import Settings
from interfaces.cli.servers import Servers


def evidence(settings: Settings, *, completion_id: UUID, body: bool) -> int:
    """One line for each request, with `body` also what was sent. Exit code 1: something differs."""
    try:
        with Servers(settings) as servers:
            found = asyncio.run(_read(servers.addresses.database, completion_id))
    except CompletionNotFound:
        print(f"threadlog evidence: there is no completion {completion_id}", file=sys.stderr)
        return 1
    except (EmbeddedServerError, LogUnavailable, OSError) as problem:
        print(f"threadlog evidence: {problem}", file=sys.stderr)
        return 1
    for one in found:
        print(line(one))
        if body and one.body is not None:
            print(one.body.decode())
    return 1 if any(one.was_sent and not one.equal for one in found) else 0


async def _read(url: str, completion_id: UUID) -> list[Evidence]:
    async with PostgresEventLog(url, connections=1) as log:
        return await evidence_of(log, PostgresBlobStore(log.reader.database), completion_id)


def line(one: Evidence) -> str:
    """Position, attempt, step, model, the recorded hash, the rebuilt one, and what that means."""
    asked = one.asked
    known = f"{one.position} {asked.attempt} {asked.step} {asked.named or asked.model}"
    return f"{known} {asked.body_sha256 or '-'} {one.sha256 or '-'} {_verdict(one)}"


def _verdict(one: Evidence) -> str:
    if one.equal:
        return "equal"
    if one.body is None:
        return f"not rebuilt ({one.why_not})"
    if one.other_sdk is not None:
        return f"differs (it was written by {one.asked.sdk}, this is {one.other_sdk})"
    return "differs"

"""What `threadlog audit` does: opens a log, writes down that it is read, and lets it be shown."""

import argparse
import asyncio
import sys
from contextlib import AbstractAsyncContextManager

from eventsourcing.persistence import PersistenceError

from application.ports import LogUnavailable, OutcomeUnknown
from domain.account_events import LogRead, ThreadRead
from domain.refusals import PositionIsAhead, Refusal, ThreadNotFound
from infrastructure.audit.feed import PAGE_EVENTS, read_lines, topics_of
from infrastructure.embedded import EmbeddedServerError
from infrastructure.exporting.refusals import WronglyAsked
from infrastructure.settings import Settings
from interfaces.cli.audit_source import Source, exported, live
from interfaces.cli.audit_thread import Asked, show
from interfaces.cli.printable import write_lines
from interfaces.cli.servers import Servers

LOOK_SECONDS = 0.25
WHAT = ("as_of", "begin", "end", "completion", "attempt", "speed", "after", "limit")
TROUBLE = (EmbeddedServerError, LogUnavailable, OutcomeUnknown, PersistenceError, OSError)


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Exit code 0 done, 1 failed, 2 asked for what there is not."""
    try:
        if options.export is not None:
            asyncio.run(_work(exported(options.export), options))
        else:
            with Servers(settings) as servers:
                asyncio.run(_work(live(servers.addresses.database), options))
    except (Refusal, WronglyAsked) as refused:
        print(f"threadlog audit: {refused}", file=sys.stderr)
        return 2
    except TROUBLE as problem:
        print(f"threadlog audit: {problem}", file=sys.stderr)
        return 1
    return 0


async def _work(opening: AbstractAsyncContextManager[Source], options: argparse.Namespace) -> None:
    async with opening as source:
        if options.action == "events":
            await _events(source, options)
            return
        begun = await source.log.read_thread(options.thread, limit=1)
        if not begun or begun[0].name != "thread.started":
            raise ThreadNotFound
        await source.note(ThreadRead(options.thread, _what(options), options.reason))
        await show(Asked(source, options, begun[0]))


def _what(options: argparse.Namespace) -> str:
    """The action, and what it was asked for."""
    given = {name: getattr(options, name, None) for name in WHAT}
    told = [f"{name}={value}" for name, value in given.items() if value is not None]
    return " ".join([f"threadlog audit {options.action}", *told])


async def _events(source: Source, options: argparse.Namespace) -> None:
    """Lines as `GET /v1/audit/events` gives them, without its last one."""
    after, left = options.after, options.limit
    end = await source.log.last_position()
    if after > end:
        raise PositionIsAhead
    await source.note(LogRead(_what(options), after, tuple(options.names) or None, options.reason))
    topics = topics_of(options.names)
    while left != 0:
        while after < end and left != 0:
            most = PAGE_EVENTS if left is None else left
            lines = await read_lines(source.log, after=after, through=end, topics=topics, most=most)
            write_lines(lines.body)
            after = lines.through
            left = None if left is None else left - lines.events
        if not options.follow:
            return
        await asyncio.sleep(LOOK_SECONDS)
        end = await source.log.last_position()

"""`threadlog tail`: follow your own events as they happen, or for operators the whole log."""

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from application.ports import LogUnavailable
from infrastructure.embedded import EmbeddedServerError
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lines import line_of
from infrastructure.event_log.reader import LogReader
from infrastructure.settings import Settings
from interfaces.cli.client import StreamEvent, connected, exit_code_of
from interfaces.cli.printable import one_line, write_lines
from interfaces.cli.servers import Servers

TOLD_CHARACTERS = 100
LOOK_SECONDS = 0.5
READ_EVENTS = 500


@dataclass(frozen=True)
class Wanted:
    """What is to be shown, and how."""

    after: str  # a position, or `latest`
    names: Sequence[str]  # only these; none: all
    follow: Sequence[str]  # threads whose chunks are shown, too
    as_json: bool


def tail(settings: Settings, wanted: Wanted) -> int:
    """Your own events until Ctrl-C. Exit code 1 with the reason when it is refused."""
    return exit_code_of(_follow_own(settings, wanted))


def tail_log(settings: Settings, wanted: Wanted) -> int:
    """The whole log until Ctrl-C. Exit code 1 with the reason when it cannot be read."""
    try:
        with Servers(settings) as servers:
            asyncio.run(follow_log(servers.addresses.database, wanted))
    except (LogUnavailable, EmbeddedServerError) as problem:
        print(f"threadlog: {problem}", file=sys.stderr)
    return 1


async def _follow_own(settings: Settings, wanted: Wanted) -> None:
    query = {"follow": ",".join(wanted.follow), "names": ",".join(wanted.names)}
    given = {name: value for name, value in query.items() if value}
    async with connected(settings) as client:
        following = client.follow("/events", after=wanted.after, query=given)
        async with aclosing(following) as events:
            async for event in events:
                shown = _json(event.body) if wanted.as_json else told(event)
                print(shown, flush=True)


def told(event: StreamEvent) -> str:
    """One line: position, time, the end of the thread's id, name, and the gist of its data."""
    gist = one_line(_gist(event), characters=TOLD_CHARACTERS)
    thread = event.body["thread_id"]
    return _line(event.position, event.at, thread, event.name, gist)


def _line(position: int, at: str, thread: str, name: str, gist: str) -> str:
    shown = one_line(name, characters=TOLD_CHARACTERS)  # applications of others name events as well
    return f"{position:>8}  {at}  {thread[-8:]:8}  {shown:28} {gist}".rstrip()


def _gist(event: StreamEvent) -> str:
    data = event.data
    match event.name:
        case "thread.message_added" | "thread.message_queued":
            return " ".join(part["content"] for part in data["parts"])
        case "thread.started" | "completion.requested":
            return data["agent"]
        case "thread.renamed":
            return data["title"]
        case "thread.turn_ended":
            return data["outcome"]
        case "completion.started":
            return f"attempt {data['attempt']}"
        case "completion.chunk":
            return f"{data['kind']}: {data['text']}"
        case "completion.tool_called" | "completion.tool_dispatched":
            return f"{data['tool']} {_json(data['arguments'])}"
        case "completion.interrupted" | "completion.cancelled" | "completion.cancel_requested":
            return data["reason"] or ""
        case "completion.finished":
            return f"{data['answer']['characters']} characters"
        case "completion.failed":
            return f"{data['type']}: {data['message']}"
        case _:
            return ""


async def follow_log(url: str, wanted: Wanted) -> None:
    """Every event of everybody, internal ones too, read from the database."""
    async with LogReader(url, connections=1) as reader:
        latest = wanted.after == "latest"
        after = await reader.last_position() if latest else max(int(wanted.after), 0)
        while True:
            try:
                scan = await reader.read_after(after, limit=READ_EVENTS)
            except LogUnavailable:
                continue  # it has waited
            for entry in scan.entries:
                if not wanted.names or entry.name in wanted.names:
                    _print(entry, as_json=wanted.as_json)
            after = scan.through
            if len(scan.entries) < READ_EVENTS:
                await asyncio.sleep(LOOK_SECONDS)


def _print(entry: LogEntry, *, as_json: bool) -> None:
    if as_json:
        write_lines(b"%b\n" % line_of(entry))
    else:
        print(_told(entry), flush=True)


def _told(entry: LogEntry) -> str:
    """Without contents."""
    at = entry.recorded_at.isoformat(timespec="milliseconds")
    size = f"version {entry.originator_version}, {len(entry.state)} bytes"
    return _line(entry.position, at, str(entry.thread_id or "-"), entry.name, size)


def _json(value: object) -> str:
    """In ASCII, so that no terminal obeys it; DEL is the only control that JSON leaves."""
    return json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f")

"""What `threadlog audit` shows of one thread."""

import argparse
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from pydantic_core import from_json

from application.audit.requests import requests_of
from infrastructure.audit.fold import codec, standing
from infrastructure.audit.replay import PAGE_EVENTS, Stretch, stretch_of
from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.frames import is_public, json_object
from interfaces.cli import audit_text
from interfaces.cli.audit_source import Source
from interfaces.cli.client import StreamEvent
from interfaces.cli.replay import play
from interfaces.http.audit_views import (
    RequestsView,
    difference_view,
    request_view,
    standing_view,
)

LONGEST_PAUSE_SECONDS = 3.0


@dataclass(frozen=True)
class Asked:
    """A question about a thread that is there; that it is read has been written down."""

    source: Source
    options: argparse.Namespace
    first: LogEntry  # of the thread


async def show(asked: Asked) -> None:
    """Print what was asked for. Raises refusals, and LogUnavailable."""
    actions = {"show": _standing, "diff": _diff, "requests": _requests, "replay": _replay}
    await actions[asked.options.action](asked)


async def _standing(asked: Asked) -> None:
    options = asked.options
    stood = await standing(asked.source.log, options.thread, options.as_of)
    view = standing_view(stood, whole_tree=options.all)
    print(view.model_dump_json() if options.json else audit_text.standing(view))


async def _diff(asked: Asked) -> None:
    options, log = asked.options, asked.source.log
    begin = asked.first.position if options.begin is None else options.begin
    old = await standing(log, options.thread, begin)
    view = difference_view(old, await standing(log, options.thread, options.end))
    if options.json:
        print(view.model_dump_json(by_alias=True))
    else:
        print(audit_text.difference(view), end="")


async def _requests(asked: Asked) -> None:
    options, source = asked.options, asked.source
    entries = await source.log.read_thread(options.thread, chunks=False)
    found = await requests_of(
        list(map(codec.decode, entries)),
        source.blobs,
        completion_id=options.completion,
        attempt=options.attempt,
    )
    if options.json:
        print(RequestsView(items=list(map(request_view, found))).model_dump_json())
        return
    for one in found:
        print(audit_text.request(one, with_bodies=options.body))


async def _replay(asked: Asked) -> None:
    options = asked.options
    stretch = await stretch_of(asked.source.log, asked.first, begin=options.begin, end=options.end)
    held: set[int] = set()
    await play(
        _events(asked, stretch, held=held),
        speed=options.speed,
        write=sys.stdout.write,
        longest_pause_seconds=None if options.pauses else LONGEST_PAUSE_SECONDS,
        shows=lambda event: event.position in held,
    )


async def _events(asked: Asked, stretch: Stretch, *, held: set[int]) -> AsyncGenerator[StreamEvent]:
    """Public events from the thread's first to the stretch's end; its own are put into `held`."""
    after, is_over = 0, False
    while not is_over:
        entries = await asked.source.log.read_thread(
            asked.options.thread, after=after, limit=PAGE_EVENTS
        )
        within = [entry for entry in entries if stretch.end.holds(entry)]
        is_over = len(within) < PAGE_EVENTS
        for entry in within:
            after = entry.position
            if stretch.holds(entry):
                held.add(entry.position)
            if is_public(entry):
                yield StreamEvent(from_json(json_object(entry)))

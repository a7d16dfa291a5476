"""An event as a row of a timeline: when, who, what in words, and its JSON."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import from_json

from domain.jsonvalue import JsonObject
from domain.times import time_of
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lines import line_of
from infrastructure.relay.frames import BrokenEnvelope, is_public, json_object
from interfaces.admin.indented import Indented, indented
from interfaces.admin.inside.words import words_of

SHOWN_BYTES = 64 * 1024  # of one event's JSON; the rest stands in a file of its own
PAGE_BYTES = 512 * 1024  # of all JSON on a page


@dataclass(frozen=True)
class Told:
    """The envelope of an event, whoever wrote it; `data` is empty where it cannot be read."""

    at: datetime
    actor: str
    data: JsonObject


@dataclass(frozen=True)
class Who:
    """An actor: `id` only for who may know it."""

    kind: str
    id: str | None = None


@dataclass(frozen=True)
class Raw:
    """JSON over several lines; cut where it is long."""

    text: str
    size: int
    is_cut: bool


@dataclass(frozen=True)
class EventRow:
    """One event."""

    position: int
    name: str
    at: datetime
    since_ms: int | None  # since the row before; None: nobody knows
    who: Who
    stream_id: str
    thread_id: str | None
    words: str
    raw: Raw
    public: bool


class Paper:
    """How much JSON a page still has room for."""

    def __init__(self, size: int = PAGE_BYTES) -> None:
        self._left = size

    def raw(self, body: bytes) -> Raw:
        """As much of it as there is room for."""
        room = min(self._left, SHOWN_BYTES)
        shown = pretty(body, most=room) if room else Indented("", is_cut=True)
        self._left -= len(shown.text)
        return Raw(shown.text, len(body), is_cut=shown.is_cut)


def pretty(body: bytes, *, most: int) -> Indented:
    """JSON over several lines unless it is long; anything else as it is."""
    with suppress(ValueError):
        if len(body) <= SHOWN_BYTES:
            return indented(from_json(body), most=most)
    text = body.decode(errors="replace")
    return Indented(text[:most], is_cut=len(text) > most)


def body_of(entry: LogEntry, *, sees_all: bool) -> bytes:
    """The JSON of an event: as it is stored for an auditor, else as the API gives it."""
    if sees_all:
        return line_of(entry)
    try:
        return json_object(entry)
    except BrokenEnvelope:
        return b"{}"


def told(entry: LogEntry) -> Told:
    """What the envelope says, as far as it can be read."""
    try:
        state: dict[str, Any] = from_json(entry.state)
        at = time_of(state["at"])
        return Told(at, str(state["actor"]), dict(state["data"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        return Told(entry.recorded_at, "", {})


def who_of(actor: str, *, sees_all: bool, viewer: str) -> Who:
    """An actor such as `user:ID`; an owner is told whether it was they, and no ids."""
    if actor == viewer:
        return Who("you")
    kind, _, id_ = actor.partition(":")
    return Who(kind or "unknown", id_ or None) if sees_all else Who(kind or "unknown")


def row_of(
    entry: LogEntry,
    envelope: Told,
    *,
    before: datetime | None,
    sees_all: bool,
    viewer: str,
    paper: Paper,
) -> EventRow:
    """The row of an event, whose envelope this is; `before` is the time of the row before it."""
    return EventRow(
        position=entry.position,
        name=entry.name,
        at=envelope.at,
        since_ms=milliseconds(before, envelope.at),
        who=who_of(envelope.actor, sees_all=sees_all, viewer=viewer),
        stream_id=str(entry.originator_id),
        thread_id=None if entry.thread_id is None else str(entry.thread_id),
        words=words_of(entry.name, envelope.data),
        raw=paper.raw(body_of(entry, sees_all=sees_all)),
        public=is_public(entry),
    )


def milliseconds(before: datetime | None, at: datetime) -> int | None:
    """Since a moment; clocks of two processes may differ, so never less than 0."""
    return None if before is None else max((at - before) // timedelta(milliseconds=1), 0)

"""Requests to models as a page shows them: their bodies folded by message."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from application.audit.requests import ProviderRequest
from application.ports import AnyRecorded
from domain.completion_events import CompletionRequested, ModelRequested
from domain.times import time_of
from interfaces.admin.formats import cut
from interfaces.admin.inside.event_rows import Paper, Raw
from interfaces.admin.inside.words import words_of
from interfaces.http.audit_views import RequestView, request_view

GIST_CHARACTERS = 80
REQUESTS_BYTES = 2 * 1024 * 1024  # of all JSON on the page


@dataclass(frozen=True)
class AnsweredBy:
    """An answer, and how often a model was asked for it."""

    id: UUID
    at: datetime
    requests: int
    first: int  # position of the event that asked for it


@dataclass(frozen=True)
class Part:
    """Of a body: a message, a tool, or everything else."""

    label: str
    gist: str
    raw: Raw


@dataclass(frozen=True)
class AskedRow:
    """One request, and what came of it."""

    view: RequestView
    at: datetime
    verdict: str
    settings: Raw
    body: list[Part]
    size: int
    answer: Raw | None
    ending: str


def answers_of(events: Sequence[AnyRecorded]) -> list[AnsweredBy]:
    """All that were begun, the last one first."""
    asked: dict[UUID, int] = {}
    for one in events:
        if isinstance(one.event, ModelRequested):
            asked[one.stream_id] = asked.get(one.stream_id, 0) + 1
    found = [
        AnsweredBy(one.stream_id, time_of(one.at), asked.get(one.stream_id, 0), one.position)
        for one in events
        if isinstance(one.event, CompletionRequested)
    ]
    return found[::-1]


def rows_of(requests: Sequence[ProviderRequest]) -> list[AskedRow]:
    """In the order in which they were sent."""
    paper = Paper(REQUESTS_BYTES)
    return [_row(one, paper) for one in requests]


def _row(one: ProviderRequest, paper: Paper) -> AskedRow:
    view = request_view(one)
    return AskedRow(
        view=view,
        at=time_of(one.at),
        verdict=_verdict(one),
        settings=paper.raw(to_json(one.asked.settings)),
        body=[] if one.body is None else parts_of(one.body, paper),
        size=len(one.body or b""),
        answer=None if one.answer is None else paper.raw(to_json(one.answer)),
        ending="It is under way." if view.ended is None else _ending(view),
    )


def _verdict(one: ProviderRequest) -> str:
    if one.equal:
        return "Every byte is equal"
    return _sentence(one.why_not) or "The bytes differ"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _ending(view: RequestView) -> str:
    assert view.ended is not None
    return words_of(view.ended.name, view.ended.data)


def parts_of(body: bytes, paper: Paper) -> list[Part]:
    """Lists of objects item by item, everything else together."""
    whole: JsonValue = from_json(body)
    if not isinstance(whole, dict):
        return [Part("Body", "", paper.raw(body))]
    lists = {name: value for name, value in whole.items() if _is_list_of_objects(value)}
    rest = {name: value for name, value in whole.items() if name not in lists}
    found = [Part("Settings", ", ".join(rest), paper.raw(to_json(rest)))] if rest else []
    return [*found, *_items(lists, paper)]


def _is_list_of_objects(value: JsonValue) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _items(lists: dict[str, Any], paper: Paper) -> Iterator[Part]:
    for name, items in lists.items():
        one = name.removesuffix("s").replace("_", " ").capitalize()
        for number, item in enumerate(items, start=1):
            yield Part(f"{one} {number}", _gist(item), paper.raw(to_json(item)))


def _gist(item: dict[str, Any]) -> str:
    """Its role or name, and the first words of the text that is in it."""
    named: dict[str, Any] = {**item, **(item.get("function") or {})}
    name = next((str(named[key]) for key in ("role", "name", "type") if named.get(key)), "")
    said = _first_text(item.get("content", item.get("parts", "")))
    text = cut(" ".join(said.split()), most=GIST_CHARACTERS)
    return f"{name}: {text}" if name and text else name or text


def _first_text(value: JsonValue) -> str:
    match value:
        case str():
            return value
        case [first, *_]:
            return _first_text(first)
        case {"text": str(text)} | {"content": str(text)}:
            return text
        case _:
            return ""

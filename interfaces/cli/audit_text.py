"""What `threadlog audit` finds, for people: lines in which no character moves the cursor."""

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from pydantic import JsonValue

from application.audit.requests import ProviderRequest
from domain.catalogue import BY_TYPE
from domain.times import time_of
from interfaces.cli.printable import one_line, printable
from interfaces.http.audit_views import DifferenceView, Row, RowChangesView, StandingView

VALUE_CHARACTERS = 200
OPEN = ("pending", "processing", "waiting")


def standing(view: StandingView) -> str:
    """A thread: its title and moment, its messages, and what was under way."""
    return "\n".join(_standing(view))


def _standing(view: StandingView) -> Iterator[str]:
    thread = view.thread
    archived = ", archived" if thread["archived"] else ""
    at = view.recorded_at.astimezone(UTC).isoformat(timespec="milliseconds")
    yield f"{thread['id']} at position {view.position}, {at}{archived}"
    if thread["title"]:
        yield _line(thread["title"])
    for message in view.messages:
        yield ""
        yield from _message(message)
    for row in view.completions:
        if row["status"] in OPEN:
            yield ""
            yield f"[completion {row['id']}: {row['status']}]"
            yield printable(str(row["text"]))
    for row in view.tool_executions:
        yield f"[tool {_line(row['name'])}, execution {row['id']}: {row['status']}]"


def _message(message: Row) -> Iterator[str]:
    parts: Any = message["parts"]
    mark = "> " if message["role"] == "user" else ""
    if message["status"] != "delivered":
        mark = f"[{message['status']}] {mark}"
    for part in parts:
        match part["kind"]:
            case "text":
                yield mark + printable(part["content"])
            case "tool_call":
                yield f"[{_line(part['tool_name'])} {_line(part['arguments'])}]"
            case "tool_result":
                yield f"[{_line(part['tool_name'])}: {_line(part['result'])}]"
            case kind:
                yield f"[{_line(kind)}: {_line(part.get('content'))}]"


def difference(view: DifferenceView) -> str:
    """A line for each row that came or went and for each field that changed, with its end."""
    lines = [
        f"from position {view.from_.position} to {view.to.position}",
        *_changes("thread", view.thread),
        *_rows("messages", view.messages),
        *_rows("completions", view.completions),
        *_rows("tool_executions", view.tool_executions),
    ]
    return "".join(f"{line}\n" for line in lines)


def _rows(table: str, changes: RowChangesView) -> Iterator[str]:
    for row in changes.added:
        yield f"+ {table} {row['id']} {_line(row)}"
    for row in changes.removed:
        yield f"- {table} {row['id']} {_line(row)}"
    for name, fields in changes.changed.items():
        yield from _changes(f"{table} {name}", fields)


def _changes(name: str, fields: dict[str, tuple[JsonValue, JsonValue]]) -> Iterator[str]:
    for field, (old, new) in fields.items():
        yield f"~ {name} {field}: {_line(old)} → {_line(new)}"


def request(one: ProviderRequest, *, with_bodies: bool) -> str:
    """Position, time, completion, attempt, step, model, both hashes, verdict; how it ended."""
    asked = one.asked
    at = time_of(one.at).isoformat(timespec="milliseconds")
    place = f"{one.position} {at} {one.completion_id} {asked.attempt} {asked.step}"
    hashes = f"{asked.body_sha256 or '-'} {one.sha256 or '-'}"
    verdict = "equal" if one.equal else one.why_not or "differs"
    name = "under way" if one.ended is None else BY_TYPE[type(one.ended.event)].name
    model = _line(asked.named or asked.model)
    lines = [f"{place} {model} {hashes} {_line(verdict)}; {name}"]
    if with_bodies:
        lines += ["" if one.body is None else printable(one.body.decode())]
        lines += [_json(one.answer)]
    return "\n".join(lines)


def _line(value: JsonValue) -> str:
    text = value if isinstance(value, str) else _json(value)
    return one_line(text, characters=VALUE_CHARACTERS)


def _json(value: JsonValue) -> str:
    """In ASCII, so that no terminal obeys it; DEL is the only control that JSON leaves."""
    return json.dumps(value, separators=(",", ":")).replace("\x7f", "\\u007f")

"""`docs/events.md`: every event that may stand in the log."""

import dataclasses
import inspect
import re
from itertools import groupby
from typing import Annotated, get_args, get_origin

from domain.catalogue import CATALOGUE, EventType

HEAD = """# Events

Generated from `domain/catalogue.py` by `./do docs`; a test fails when this page is stale.

Stored as `name@revision` with the state `{"at": µs, "actor": "user:…", "cause": …, "data": {…}}`,
without `cause` where an event follows from its own stream alone.
**public** events are seen by the thread's owner, live and in replays; *internal* ones by auditors
only. **terminal** events end their stream: the database admits one.
"""
STREAMS = {
    "thread": "Thread: the inbox, and the arbiter of who may answer",
    "completion": "Completion: one answer, every step",
    "tool": "AsyncToolExecution: a background tool",
    "account": "Account: a user and their keys",
    "access": "Access: who looked at other people's threads, and what left the installation",
    "projection": "Projection: what operators did to a read model",
    "analyst": "Analyst: who may read the schema `analytics`",
    "agents": "Agents: what the workers say of the agents that they answer with",
    "webhook": "Webhook: where events are sent",
}
_FIELD = re.compile(
    r"^    (?P<name>\w+): (?P<type>[^=#]+?)(?: = (?P<default>[^#]+?))?\s*(?:# (?P<comment>.*))?$"
)


def events_page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for stream, entries in groupby(CATALOGUE, key=lambda entry: entry.name.partition(".")[0]):
        parts.append(f"\n## {STREAMS[stream]}\n")
        parts += [_event(entry) for entry in entries]
    return "".join(parts)


def _event(entry: EventType) -> str:
    marks = ["**public**" if entry.public else "*internal*"]
    marks += ["**terminal**"] if entry.terminal else []
    text = inspect.getdoc(entry.type) or ""
    lines = [f"\n### `{entry.topic}`\n", f"\n{' · '.join(marks)} — {text}\n"]
    if dataclasses.fields(entry.type):
        lines += ["\n| field | type | |\n|---|---|---|\n", *_rows(entry.type)]
    return "".join(lines)


def _rows(kind: type) -> list[str]:
    rows: list[str] = []
    annotated = {
        field.name: str(get_args(field.type)[0])
        for field in dataclasses.fields(kind)
        if get_origin(field.type) is Annotated
    }
    for line in inspect.getsource(kind).splitlines():
        if (field := _FIELD.match(line)) is not None:
            shape = annotated.get(field["name"], field["type"]).replace("|", "\\|")
            optional = "" if field["default"] is None else "optional"
            about = ", ".join(part for part in (optional, field["comment"] or "") if part)
            rows.append(f"| `{field['name']}` | `{shape}` | {about} |\n")
    return rows

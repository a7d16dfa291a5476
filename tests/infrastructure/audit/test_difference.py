"""What changed between two moments is all that changed: applied to the one it gives the other."""

from dataclasses import asdict
from random import Random
from typing import Any

import pytest

from application.audit.difference import Difference, RowChanges, difference
from application.audit.standing import Standing
from infrastructure.audit.fold import standing
from tests.infrastructure.audit.stored import StoredLog, eventful_thread
from tests.projections.story import Log, Story

EVENTS = 300


def applied(old: Standing, changes: Difference) -> dict[str, Any]:
    """The tables of the later standing, by id."""
    thread = {**old.thread, **{name: new for name, (_, new) in changes.thread.items()}}
    return {
        "thread": thread,
        "messages": _applied(old.messages, changes.messages),
        "completions": _applied(old.completions, changes.completions),
        "tool_executions": _applied(old.tool_executions, changes.tool_executions),
    }


def _applied(old: list[Any], changes: RowChanges) -> dict[str, Any]:
    rows: dict[Any, Any] = {row["id"]: dict(row) for row in old}
    for row in changes.removed:
        assert rows.pop(row["id"]) == row
    for name, fields in changes.changed.items():
        for field, (before, after) in fields.items():
            assert rows[name][field] == before
            rows[name][field] = after
    return rows | {str(row["id"]): row for row in changes.added}


def tables(stood: Standing) -> dict[str, Any]:
    names = ("messages", "completions", "tool_executions")
    found = {name: {row["id"]: row for row in asdict(stood)[name]} for name in names}
    return {"thread": stood.thread, **found}


@pytest.mark.parametrize("seed", [5, 6])
async def test_applied_to_the_one_it_gives_the_other_in_both_directions(seed: int) -> None:
    story, random = eventful_thread(seed, events=EVENTS), Random(seed)
    log = StoredLog(story.log.events)
    for _ in range(60):
        one = await standing(log, story.id, random.randint(1, EVENTS))
        other = await standing(log, story.id, random.randint(1, EVENTS))
        assert applied(one, difference(one, other)) == tables(other)
        assert applied(other, difference(other, one)) == tables(one)


async def test_only_what_changed_is_told() -> None:
    story = Story(Log()).start(title="Old")
    message, completion = story.ask("Hi")
    asked = await standing(log := StoredLog(story.log.events), story.id)
    assert difference(asked, asked).completions == RowChanges([], [], {})
    story.claim(completion)
    claimed = await standing(StoredLog(story.log.events), story.id)
    changes = difference(asked, claimed)
    assert changes.thread == {}
    assert changes.messages == RowChanges([], [], {})
    assert changes.completions.changed[str(completion)].keys() == {
        "status",
        "attempts",
        "started_at",
    }
    whole = difference(await standing(log, story.id, 1), claimed)
    assert [row["id"] for row in whole.messages.added] == [str(message)]
    assert whole.thread["head"] == (None, str(message))

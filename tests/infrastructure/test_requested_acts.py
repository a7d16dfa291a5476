"""What operators ask of a read model by an event is done by whoever leads, once."""

from collections.abc import AsyncGenerator

import pytest

from domain.ids import projection_stream
from domain.operation_events import (
    OperationEvent,
    ProjectionAct,
    ProjectionActRequested,
    ProjectionPaused,
    ProjectionResumed,
    ProjectionSwapped,
)
from domain.recorded import Recorded
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.connection import connected
from infrastructure.projecting import acts
from infrastructure.projecting.projector import Projector
from infrastructure.projecting.requests import ask_for, open_requests
from infrastructure.projecting.swapping import LOCK
from projections.record import RECORD
from projections.search import SEARCH
from tests.infrastructure.test_projector import running, shown, until, write
from tests.projections.random_story import random_log
from tests.projections.tables import Tables, tables_in

ACTOR = "user:operator"


@pytest.fixture
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """Of a new database, empty."""
    async with tables_in(postgres) as tables:
        yield tables


def projector(tables: Tables) -> Projector:
    return Projector(tables.url, projections=[RECORD, SEARCH], retry_seconds=0.05)


async def acts_of(events: PostgresEventLog, name: str = "record") -> list[tuple[str, object]]:
    """By whom, and what, in the read model's stream."""
    return [(one.actor, one.event) for one in await events.read_stream(projection_stream(name))]


async def test_a_rebuild_that_is_asked_for_is_done_beside_the_following(tables: Tables) -> None:
    log = random_log(3, events=200)
    await write(tables.url, log.events)
    async with PostgresEventLog(tables.url) as events, running(projector(tables)):
        await shown(tables, len(log.events))
        live, before = await tables.dump(), await tables.copy()
        assert await ask_for(events, "record", "rebuild", actor=ACTOR)

        async def is_swapped() -> bool:
            return (await tables.copy()).slot != before.slot and len(await acts_of(events)) == 2

        await until(is_swapped)
        assert await tables.dump() == live
        (_, asked), (by, swapped) = await acts_of(events)
        assert asked == ProjectionActRequested("record", "rebuild")
        assert isinstance(swapped, ProjectionSwapped)
        assert by == ACTOR
        assert await acts_of(events, "search") == []
        await shown(tables, await events.reader.last_position())


async def test_what_was_asked_while_nobody_led_is_taken_up(tables: Tables) -> None:
    async with PostgresEventLog(tables.url) as events:
        await ask_for(events, "record", "rebuild", actor=ACTOR)
        await ask_for(events, "search", "pause", actor=ACTOR)
        async with running(projector(tables)):

            async def is_done() -> bool:
                last = [(await acts_of(events, name))[-1][1] for name in ("record", "search")]
                return isinstance(last[0], ProjectionSwapped) and last[1] == ProjectionPaused(
                    "search"
                )

            await until(is_done)


async def test_pause_and_resume_are_done_and_written_down_also_where_they_change_nothing(
    tables: Tables,
) -> None:
    async with PostgresEventLog(tables.url) as events, running(projector(tables)):
        await acts.pause(tables.url, "record", actor="operator")
        done: list[tuple[ProjectionAct, OperationEvent]] = [
            ("pause", ProjectionPaused("record")),
            ("resume", ProjectionResumed("record")),
        ]
        for act, fact in done:
            assert await ask_for(events, "record", act, actor=ACTOR)

            async def is_last(fact: OperationEvent = fact) -> bool:
                return (await acts_of(events))[-1] == (ACTOR, fact)

            await until(is_last)
        assert not (await tables.copy()).paused


async def test_a_rebuild_waits_for_another_one_and_is_answered_by_it(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        PostgresEventLog(tables.url) as events,
        connected(tables.url) as somebody,
        running(projector(tables)),
    ):
        assert await somebody.fetchval(LOCK, "record")
        await ask_for(events, "record", "rebuild", actor=ACTOR)

        async def is_told() -> bool:
            return any("record: rebuild waits: RebuildIsRunning" in one for one in caplog.messages)

        await until(is_told)
        swapped = ProjectionSwapped("record", RECORD.version, 1)
        await acts.record(tables.url, "record", swapped, actor="operator")
        slot = (await tables.copy()).slot
        await somebody.close()
        await ask_for(events, "record", "pause", actor=ACTOR)

        async def is_paused() -> bool:
            return (await acts_of(events))[-1][1] == ProjectionPaused("record")

        await until(is_paused)  # a second later: several tries, if it did not see the answer
        assert (await tables.copy()).slot == slot
        assert len(await acts_of(events)) == 4


async def test_asking_twice_is_asking_once(tables: Tables) -> None:
    async with PostgresEventLog(tables.url) as events:
        asked = [
            await ask_for(events, "record", act, actor=ACTOR)
            for act in ("rebuild", "rebuild", "pause", "pause", "resume", "pause")
        ]
        assert asked == [True, False, True, False, True, True]


def stream(*events: OperationEvent) -> list[Recorded[OperationEvent]]:
    place = projection_stream("x")
    return [
        Recorded(event, place, version=n, position=n, at=0, actor=ACTOR)
        for n, event in enumerate(events, 1)
    ]


@pytest.mark.parametrize(
    ("told", "still_open"),
    [
        ("rebuild swapped", ""),
        ("rebuild pause", "rebuild pause"),
        ("swapped rebuild", "rebuild"),
        ("pause resume", "resume"),
        ("pause paused", ""),
        ("pause resume paused", "resume"),
        ("pause swapped", "pause"),
        ("resume resumed rebuild paused", "rebuild"),
    ],
)
def test_the_act_itself_answers_the_request(told: str, still_open: str) -> None:
    wanted: dict[str, ProjectionAct] = {"rebuild": "rebuild", "pause": "pause", "resume": "resume"}
    facts: dict[str, OperationEvent] = {
        "swapped": ProjectionSwapped("x", 1, 1),
        "paused": ProjectionPaused("x"),
        "resumed": ProjectionResumed("x"),
    }
    happened = [
        ProjectionActRequested("x", wanted[word]) if word in wanted else facts[word]
        for word in told.split()
    ]
    found = open_requests(stream(*happened))
    assert " ".join(request.event.act for request in found) == still_open

"""Lists of everybody's runs: filters, pages, and no more looked at than is allowed."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.completion_events import CompletionFailed, CompletionFinished
from domain.execution_events import ExecutionDispatched
from infrastructure.embedded import EmbeddedPostgres
from projections.operations import OPERATIONS
from projections.run_lists import LOOKED_AT, Runs, Wanted, get, list_runs, of_ids
from projections.runs import Run
from tests.projections.story import Log, Story, answer
from tests.projections.tables import Tables, tables_in


@dataclass(frozen=True)
class Told:
    """The first has an open answer, one that failed and a tool; the second a whole one."""

    log: Log
    first: Story
    second: Story
    open: UUID
    failed: UUID
    whole: UUID
    tool: UUID
    positions: dict[UUID, int]


def told() -> Told:
    log = Log()
    positions: dict[UUID, int] = {}
    first, second = Story(log).start(), Story(log).start()
    _, failed = first.ask("x")
    positions[failed] = log.events[-1].position
    first.stream(failed, CompletionFailed(1, "timeout", "", answer()))
    tool = uuid4()
    positions[tool] = first.stream(tool, ExecutionDispatched(failed, "c", "report", "task", {}))
    _, whole = second.ask("x")
    positions[whole] = log.events[-1].position
    second.stream(whole, CompletionFinished(1, answer()))
    _, still = first.ask("x")
    positions[still] = log.events[-1].position
    return Told(log, first, second, still, failed, whole, tool, positions)


@pytest.fixture(scope="module")
async def filled(postgres: EmbeddedPostgres) -> AsyncGenerator[tuple[Tables, Told]]:
    async with tables_in(postgres, projection=OPERATIONS) as tables:
        story = told()
        await tables.apply(story.log.events)
        yield tables, story


async def listed(
    tables: Tables, wanted: Wanted, *, limit: int = 50, cursor: int | None = None
) -> Runs:
    async with tables.reading.session() as session:
        return await list_runs(session, wanted, limit=limit, cursor=cursor)


def ids(runs: Sequence[Run]) -> list[UUID]:
    return [row.id for row in runs]


async def test_the_newest_come_first_page_by_page(filled: tuple[Tables, Told]) -> None:
    tables, story = filled
    page = await listed(tables, Wanted("completion"), limit=2)
    assert (ids(page.items), page.is_cut) == ([story.open, story.whole], False)
    page = await listed(tables, Wanted("completion"), limit=2, cursor=page.next)
    assert (ids(page.items), page.next) == ([story.failed], None)
    assert ids((await listed(tables, Wanted("tool"))).items) == [story.tool]


async def test_each_filter_leaves_out_the_others(filled: tuple[Tables, Told]) -> None:
    tables, story = filled
    first = story.first
    place = story.positions[story.whole]
    for wanted, expected in (
        (Wanted("completion", status="open"), [story.open]),
        (Wanted("completion", status="failed"), [story.failed]),
        (Wanted("completion", status="pending"), [story.open]),
        (Wanted("completion", user_id=first.owner), [story.open, story.failed]),
        (Wanted("completion", thread_id=story.second.id), [story.whole]),
        (Wanted("completion", thread_id=first.id, user_id=story.second.owner), []),
        (Wanted("completion", name="demo"), [story.whole, story.failed]),
        (Wanted("completion", agent="nobody"), []),
        (Wanted("completion", after=place), [story.open]),
        (Wanted("completion", through=place), [story.whole, story.failed]),
        (Wanted("tool", name="report", status="open"), [story.tool]),
        (Wanted("tool", name="other"), []),
    ):
        assert ids((await listed(tables, wanted)).items) == expected, wanted


async def test_one_run_is_found_by_its_id_and_kind(filled: tuple[Tables, Told]) -> None:
    tables, story = filled
    async with tables.reading.session() as session:
        assert (await get(session, story.tool, kind="completion")) is None
        row = await get(session, story.tool, kind="tool")
        assert row is not None
        assert row.completion_id == story.failed
        assert (await of_ids(session, [story.open, uuid4()])).keys() == {story.open}
        assert await of_ids(session, []) == {}


async def test_what_is_rare_is_looked_for_step_by_step(postgres: EmbeddedPostgres) -> None:
    async with tables_in(postgres, projection=OPERATIONS) as tables:
        fill = (
            "INSERT INTO read_blue.runs (id, kind, thread_id, completion_id, user_id, position,"
            " status, attempts, lost_workers, model_retries, handovers, outside, asked_at,"
            " completed_at) SELECT md5(n::text)::uuid, 'completion', md5('t')::uuid,"
            " md5(n::text)::uuid, md5('u')::uuid, n, CASE WHEN n = 1 THEN 'failed' ELSE 'completed'"
            f" END, 1, 0, 0, 0, false, now(), now() FROM generate_series(1, {LOOKED_AT + 10}) n"
        )
        async with tables.engine.begin() as connection:
            await connection.execute(text(fill))
        page = await listed(tables, Wanted("completion", status="failed"))
        assert (page.items, page.next, page.is_cut) == ([], 11, True)
        page = await listed(tables, Wanted("completion", status="failed"), cursor=page.next)
        assert ([row.position for row in page.items], page.next, page.is_cut) == ([1], None, False)
        async with tables.reading.session() as session:
            plan = await session.execute(
                text(
                    "EXPLAIN SELECT * FROM (SELECT * FROM read.runs WHERE kind = 'completion'"
                    f" ORDER BY position DESC LIMIT {LOOKED_AT}) w WHERE status = 'failed'"
                    " ORDER BY position DESC LIMIT 51"
                )
            )
        shown = "\n".join(plan.scalars())
        assert "runs_position" in shown
        assert "Sort" not in shown

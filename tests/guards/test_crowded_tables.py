"""Who has little is not slowed down by those who have much: a look touches few blocks."""

from collections.abc import AsyncGenerator
from functools import partial
from uuid import uuid4

import pytest

from infrastructure.embedded import EmbeddedPostgres
from projections import found, threads
from projections.found import Search
from tests.guards.crowd import EVERY, ME, ROWS, Crowd, crowded
from tests.projections.story import Reader

MINE = ROWS // EVERY
PAGE = 50
# A row may stand on a block of its own; and what leads to it, at most three blocks of an index.
LIST_BLOCKS = 2 * PAGE + 10
ALL_MINE_BLOCKS = 2 * MINE + 200

NOBODY = Reader(uuid4())
EVERYBODY = Reader(uuid4(), reads_all=True)


@pytest.fixture(scope="session")
async def crowd(postgres: EmbeddedPostgres) -> AsyncGenerator[Crowd]:
    async with crowded(postgres) as crowd:
        yield crowd


@pytest.mark.parametrize("question", ["common", "rare", "missing", "-common", '"common w500"'])
async def test_a_search_reads_what_is_mine_and_little_else(crowd: Crowd, question: str) -> None:
    search = Search(question=question, reader=ME)
    assert await crowd.blocks(partial(found.find, search=search, limit=PAGE)) <= ALL_MINE_BLOCKS
    nothing = Search(question=question, reader=NOBODY)
    assert await crowd.blocks(partial(found.find, search=nothing, limit=PAGE)) <= 50


async def test_an_auditors_search_does_not_read_everything(crowd: Crowd) -> None:
    for question in ("common", "rare", "missing"):
        search = Search(question=question, reader=EVERYBODY)
        blocks = await crowd.blocks(partial(found.find, search=search, limit=PAGE))
        assert blocks <= 2 * found.NEWEST, question


@pytest.mark.parametrize("order", ["started", "activity"])
@pytest.mark.parametrize("reader", [ME, NOBODY, EVERYBODY])
async def test_a_page_of_threads_reads_its_rows_and_an_index(
    crowd: Crowd, reader: Reader, order: threads.Order
) -> None:
    look = partial(threads.list_newest, reader=reader, order=order, limit=PAGE)
    assert await crowd.blocks(look) <= LIST_BLOCKS
    later = partial(look, cursor=ROWS // 2 + (ROWS if order == "activity" else 0))
    assert await crowd.blocks(later) <= LIST_BLOCKS


async def test_a_count_reads_what_it_counts(crowd: Crowd) -> None:
    assert await crowd.blocks(partial(threads.count, reader=ME)) <= MINE + 10
    since = partial(threads.count, reader=EVERYBODY, active_after=2 * ROWS - 200)
    assert await crowd.blocks(since) <= 200 + 10

"""The matrix of docs/analytics.md, tried as an analyst; and that the page tells what is."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, cast

import asyncpg
import pytest

from infrastructure import analysts
from infrastructure.event_log.connection import Connection, connected
from projections.analytics import VIEWS
from tests.infrastructure.analysts.house import House
from tests.infrastructure.analysts.matrix import MATRIX, Line
from tests.infrastructure.analysts.page import PAGE, WRITE, parts, shown
from tests.test_repository import ROOT

DENIED = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedFunctionError,  # dblink is not there
    asyncpg.DivisionByZeroError,  # nothing of others is seen
)


@pytest.fixture
async def analyst(analyst_url: str) -> AsyncGenerator[Connection]:
    """One who has lifted what settings can be lifted."""
    async with connected(analyst_url) as analyst:
        await analyst.execute("SET default_transaction_read_only = off")
        yield analyst


async def may(analyst: Connection, statement: str) -> bool:
    """Try it in a transaction, where it may be, and leave no trace."""
    alone = statement.startswith(("CREATE DATABASE", "ALTER SYSTEM"))
    try:
        if not alone:
            await analyst.execute("BEGIN")
        await analyst.execute(statement)
    except DENIED:
        return False
    finally:
        if not alone:
            await analyst.execute("ROLLBACK")
    return True


@pytest.mark.parametrize("line", MATRIX, ids=[line.what for line in MATRIX])
async def test_an_analyst_may_what_the_matrix_says(
    house: House, analyst: Connection, line: Line
) -> None:
    async with connected(house.owner_url) as other:
        await other.execute("SELECT 'a secret of the owner'")
        found = {statement: await may(analyst, statement) for statement in line.statements}
    assert found == dict.fromkeys(line.statements, line.may)


async def test_only_who_may_read_texts_reads_them(house: House) -> None:
    async with connected(await house.new_analyst(texts=True)) as analyst:
        rows = await analyst.fetch("SELECT DISTINCT text FROM message_texts")
        texts = {row["text"] for row in rows}
        assert texts == {"Tell me a secret.", "A secret.", "A secret.\n\nA secret."}
        for view in VIEWS:
            await analyst.execute(f"SELECT * FROM {view}")


async def test_no_view_but_one_shows_anything_that_people_or_models_wrote(house: House) -> None:
    async with connected(house.owner_url) as owner:
        for view in VIEWS:
            rows = await owner.fetch(f"SELECT row_to_json(v)::text AS row FROM analytics.{view} v")
            assert rows
            told = any("ecret" in row["row"] for row in rows)
            assert told is (view == "message_texts"), view


class Undone(Exception):
    """What a test has done in a transaction shall leave no trace."""


async def test_what_is_left_over_is_told(house: House) -> None:
    with suppress(Undone):
        async with connected(house.owner_url) as owner, owner.transaction():
            made = await analysts.create(owner, "ann", texts=False)
            kinds = {line.rpartition(" ")[0] for line in made.excess}
            assert kinds == {"may connect to the database"}
            await owner.execute("GRANT SELECT ON threadlog.secrets TO ann")
            await owner.execute("GRANT USAGE ON SCHEMA threadlog TO ann")
            await owner.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC")
            left = await analysts.excess_of(owner, "ann")
            assert {"may use threadlog.secrets", "may hold advisory locks"} < set(left)
            raise Undone


async def test_no_password_is_in_any_statement(house: House) -> None:
    statements: list[str] = []
    passwords: list[str] = []

    def hear(sent: Any) -> None:
        statements.append(sent.query)

    with suppress(Undone):
        async with connected(house.owner_url) as owner, owner.transaction():
            cast("Any", owner).add_query_logger(hear)
            passwords.append((await analysts.create(owner, "ann", texts=False)).password)
            raise Undone
    assert any("SCRAM-SHA-256$4096:" in statement for statement in statements)
    assert not any(passwords[0] in statement for statement in statements)


async def test_the_page_shows_the_matrix_and_the_views_as_they_are(house: House) -> None:
    async with connected(house.owner_url) as owner:
        made = await parts(owner)
    page = (ROOT / PAGE).read_text()
    assert {name: shown(page, name) for name in made} == made, f"run {WRITE}"


async def test_every_view_and_column_has_a_comment(house: House) -> None:
    async with connected(house.owner_url) as owner:
        made = await parts(owner)
        names = await owner.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'analytics'")
    assert {row["viewname"] for row in names} == set(VIEWS)
    assert "None" not in made["views"]

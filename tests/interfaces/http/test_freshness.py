"""Reads wait for the read tables: briefly, and never show less than what was asked for."""

import asyncio
import time
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.interfaces.http.house import House, Person, migrated_database, open_house


@pytest.fixture
async def still_house(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncGenerator[House]:
    """One whose read tables stand still."""
    database = await migrated_database(postgres)
    async with open_house(database, redis_url=valkey.url) as house:
        await house.stop_projecting()
        yield house


async def test_a_read_waits_until_the_tables_show_its_position(still_house: House) -> None:
    user = await still_house.person()
    started = await user.start()
    reading = asyncio.create_task(
        user.get(f"/v1/threads/{started['thread_id']}", min_position=started["position"])
    )
    done, _ = await asyncio.wait({reading}, timeout=0.3)
    assert not done
    await still_house.project()
    assert (await reading)["id"] == started["thread_id"]


async def test_tables_that_stand_still_are_a_503_after_two_seconds(still_house: House) -> None:
    user = await still_house.person()
    started = await user.start()
    for path in ("/v1/threads", f"/v1/threads/{started['thread_id']}"):
        began = time.monotonic()
        answer = await user.http.get(path, params={"min_position": started["position"]})
        assert 1.9 < time.monotonic() - began < 3
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["type"] == "/problems/not-shown-yet"


async def test_what_the_log_has_and_the_tables_do_not_is_a_503_and_not_missing(
    still_house: House,
) -> None:
    user, stranger = await still_house.person(), await still_house.person()
    started = await user.start()
    thread, completion = started["thread_id"], started["completion_id"]
    for path in (
        f"/v1/threads/{thread}",
        f"/v1/threads/{thread}/messages",
        f"/v1/completions/{completion}",
    ):
        began = time.monotonic()
        own, theirs = await asyncio.gather(user.http.get(path), stranger.http.get(path))
        assert time.monotonic() - began < 2
        assert (own.status_code, theirs.status_code) == (503, 404)


async def test_a_row_that_is_late_is_waited_for(still_house: House) -> None:
    user = await still_house.person()
    started = await user.start()
    queued = await user.post(f"/v1/threads/{started['thread_id']}/messages", {"text": "more"})
    reading = [
        asyncio.create_task(user.http.get(path))
        for path in (
            f"/v1/threads/{started['thread_id']}",
            f"/v1/completions/{started['completion_id']}",
            f"/v1/completions/{queued['completion_id']}",
        )
    ]
    await asyncio.sleep(0)
    await still_house.project()
    assert [(await one).status_code for one in reading] == [200, 200, 200]


async def test_a_missing_thing_is_missing_at_once(house: House, user: Person) -> None:
    await house.projected()
    began = time.monotonic()
    for what in ("threads", "completions", "tool-executions"):
        answer = await user.http.get(f"/v1/{what}/{uuid4()}")
        assert answer.status_code == 404
    assert time.monotonic() - began < 1


async def test_every_write_can_be_read_at_its_position(user: Person) -> None:
    for number in range(20):
        started = await user.start(str(number))
        path = f"/v1/threads/{started['thread_id']}"
        title = f"title {number}"
        renamed = (await user.http.patch(path, json={"title": title})).json()
        thread = await user.get(path, min_position=renamed["position"])
        assert thread["title"] == title

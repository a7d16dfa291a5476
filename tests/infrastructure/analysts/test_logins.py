"""Logins of analysts under owners of every kind."""

import asyncio
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest

from infrastructure import analysts
from infrastructure.analysts import Analyst, AnalystHasObjects, LoginExists, NoSuchAnalyst
from infrastructure.event_log.connection import Connection, connected
from tests.infrastructure.analysts.house import House
from tests.infrastructure.event_log.appending import until


@pytest.fixture
async def plain_owner(own_house: House) -> AsyncGenerator[Connection]:
    """Who may make roles and is no superuser, as with most hosted databases."""
    login = f"owner_{uuid4().hex}"
    roles = ("threadlog_analyst", "threadlog_analyst_texts", "threadlog_owner")
    async with connected(own_house.owner_url) as superuser:
        await superuser.execute(f"CREATE ROLE {login} LOGIN CREATEROLE PASSWORD 'secret'")
        for role in roles:
            await superuser.execute(
                f"GRANT {role} TO {login} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            )
        await superuser.execute(f"GRANT threadlog_projector TO {login}")
        url = urlsplit(own_house.owner_url)
        place = url.netloc.rpartition("@")[2]
        async with connected(url._replace(netloc=f"{login}:secret@{place}").geturl()) as owner:
            yield owner
        await superuser.execute(f"DROP OWNED BY {login} CASCADE; DROP ROLE {login}")


async def test_an_owner_without_all_power_is_told_what_is_left_over(
    own_house: House, plain_owner: Connection
) -> None:
    login = f"ann_{uuid4().hex}"
    async with plain_owner.transaction():
        made = await analysts.create(plain_owner, login, texts=True)
    assert {"may hold advisory locks", "may write large objects"} < set(made.excess)
    assert "may make temporary tables" in made.excess
    assert Analyst(login, texts=True, sessions=0) in await analysts.list_all(plain_owner)
    async with connected(made.url(own_house.owner_url)) as analyst:
        assert await analyst.fetch("SELECT * FROM message_texts") == []
        await analysts.shut_out(plain_owner, login)

        async def closed() -> bool:
            return analyst.is_closed()

        await until(closed)
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        async with connected(made.url(own_house.owner_url)):
            pass
    await analysts.drop(plain_owner, login)
    assert login not in {one.login for one in await analysts.list_all(plain_owner)}


async def test_a_login_that_is_changing_itself_is_shut_out_all_the_same(own_house: House) -> None:
    url = await own_house.new_analyst()
    login = urlsplit(url).username
    assert login is not None
    async with connected(own_house.owner_url) as owner, connected(url) as analyst:
        await analyst.execute("BEGIN; SET transaction_read_only = off")
        await analyst.execute("ALTER ROLE CURRENT_USER PASSWORD 'another'")
        async with asyncio.timeout(4):
            await analysts.shut_out(owner, login)
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        async with connected(url):
            pass


async def test_six_sessions_are_one_too_many(house: House) -> None:
    url = await house.new_analyst()
    sessions = [connected(url) for _ in range(5)]
    for session in sessions:
        await session.__aenter__()
    with pytest.raises(asyncpg.TooManyConnectionsError):
        async with connected(url):
            pass
    for session in sessions:
        await session.__aexit__(None, None, None)


async def test_a_login_that_exists_is_left_alone(house: House) -> None:
    async with connected(house.owner_url) as owner:
        with pytest.raises(LoginExists, match="threadlog_runtime"):
            await analysts.create(owner, "threadlog_runtime", texts=False)


async def test_only_analysts_are_dropped(house: House) -> None:
    async with connected(house.owner_url) as owner:
        for login in ("threadlog", "threadlog_projector", "nobody"):
            with pytest.raises(NoSuchAnalyst, match=login):
                await analysts.shut_out(owner, login)


async def test_a_login_with_things_of_its_own_is_shut_out_and_not_dropped(house: House) -> None:
    url = await house.new_analyst()
    login = urlsplit(url).username
    assert login is not None
    async with connected(house.owner_url) as owner:
        await owner.execute(f"CREATE SCHEMA theirs AUTHORIZATION {login}")
        await analysts.shut_out(owner, login)
        with pytest.raises(AnalystHasObjects, match="schema theirs"):
            await analysts.drop(owner, login)
        await owner.execute("DROP SCHEMA theirs")

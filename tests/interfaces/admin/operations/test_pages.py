"""What administrators see of everybody's runs, and what they can do; nothing of what was said."""

from collections.abc import AsyncGenerator
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from application.ports import StreamAppend
from domain.completion_events import CompletionRequested
from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from projections.operations import OPERATIONS
from tests.infrastructure.event_log.freeze import frozen
from tests.interfaces.admin.visitors import Visitor, visiting
from tests.interfaces.http.house import House, eventually, migrated_database, open_house
from tests.interfaces.http.worker import Worker
from tests.servers import FAST, connected, serving

HERE = "/_admin/operations"
PAGES = ["", "/now", "/completions", "/tools", "/workers", "/projections"]
WORDS = "words of mine"


async def shown(house: House) -> None:
    position = await house.log.reader.last_position()
    tables, name = house.tables, OPERATIONS.name
    assert await tables.wait_for_position(position, timeout_seconds=10, projection=name)


@pytest.fixture
async def open_answer(house: House, user: Visitor) -> dict[str, str]:
    """An answer that nobody has begun."""
    started = await user.api.start(WORDS)
    await shown(house)
    return started


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_opens_for_administrators_only(
    house: House, admin: Visitor, user: Visitor, auditor: Visitor, path: str
) -> None:
    await shown(house)
    assert (await admin.open(HERE + path)).status_code == 200
    for other in (user, auditor):
        assert (await other.open(HERE + path)).status_code == 403


async def test_the_overview_counts_what_waits_and_draws_what_was(
    house: House, admin: Visitor, open_answer: dict[str, str]
) -> None:
    text = await admin.page(HERE)
    assert "PostgreSQL: ok" in text
    assert "waiting for a worker" in text
    assert 'hx-trigger="every 5s"' in text
    for period in ("day", "week", "month", "unknown"):
        assert "Success of tools" in await admin.page(f"{HERE}?period={period}")
    assert WORDS not in text + await admin.page(f"{HERE}/now", htmx=True)
    assert open_answer


async def test_answers_of_everybody_are_listed_and_found(
    house: House, admin: Visitor, user: Visitor, open_answer: dict[str, str]
) -> None:
    completion, thread = open_answer["completion_id"], open_answer["thread_id"]
    link = f"{HERE}/completions/{completion}"
    other = (await user.api.start("x"))["completion_id"]
    await shown(house)
    for query in ("", f"?user={user.id}", f"?thread={thread}&status=open&until=2999-01-01T00:00"):
        text = await admin.page(f"{HERE}/completions{query}")
        assert f'href="{link}"' in text, query
        assert "Asked for (UTC)" in text
        assert (other in text) == ("thread" not in query)
        assert WORDS not in text
    for query in ("status=failed", "name=gpt", "agent=nobody", "since=2999-01-01T00:00"):
        text = await admin.page(f"{HERE}/completions?user={user.id}&{query}")
        assert link not in text, query
        assert "Nothing found" in text


async def test_a_long_list_has_pages(
    house: House, admin: Visitor, user: Visitor, open_answer: dict[str, str]
) -> None:
    thread = UUID(open_answer["thread_id"])
    asked = CompletionRequested(thread, uuid4(), "assistant")
    appends = [StreamAppend(uuid4(), 0, [asked], thread, user.id) for _ in range(50)]
    await house.log.append(*appends, actor="test")
    await shown(house)
    query = f"{HERE}/completions?user={user.id}"
    first = await admin.page(query)
    assert all(str(one.stream_id) in first for one in appends)
    assert open_answer["completion_id"] not in first
    [cursor] = {part.split('"')[0] for part in first.split("cursor=")[1:]}
    second = await admin.page(f"{query}&cursor={cursor}")
    assert (second.count("/cancel"), open_answer["completion_id"] in second) == (1, True)
    assert "First page" in second


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("thread=xyz", "An id has 32 hexadecimal digits"),
        ("user=1", "An id has 32 hexadecimal digits"),
        ("since=yesterday", "Write a date and a time in UTC"),
        ("until=0001-01-01T00:00%2B14:00", "Write a date and a time in UTC"),
        ("name=%00", "No name has this character."),
        ("agent=%00", "No name has this character."),
        ("status=running", "There is no such status."),
        ("cursor=-1", "There is no such page."),
    ],
)
async def test_what_cannot_be_looked_for_is_told_beside_its_field(
    admin: Visitor, query: str, told: str
) -> None:
    answer = await admin.open(f"{HERE}/completions?{query}")
    assert answer.status_code == 422
    assert told in answer.text


async def test_an_answer_is_cancelled_by_an_administrator(
    house: House, admin: Visitor, user: Visitor, open_answer: dict[str, str]
) -> None:
    page = f"{HERE}/completions/{open_answer['completion_id']}"
    text = await admin.page(page)
    assert "Cancel this answer" in text
    assert WORDS not in text
    assert (await user.send(f"{page}/cancel")).status_code == 403
    for _ in range(2):
        answer = await admin.send(f"{page}/cancel")
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    text = await admin.page(page)
    assert f"user:{admin.id}" in text
    assert "Cancel this answer" not in text
    assert 'data-state="cancelled"' in await admin.page(page, htmx=True)
    seen = await user.api.get(f"/v1/completions/{open_answer['completion_id']}")
    assert seen["status"] == "cancelled"


async def test_a_running_answer_and_its_background_tool_are_stopped_together(
    house: House, admin: Visitor, open_answer: dict[str, str]
) -> None:
    worker = await Worker.claim(house, open_answer["completion_id"])
    await worker.say(WORDS)
    execution = await worker.dispatch()
    await shown(house)
    tool = f"{HERE}/tools/{execution}"
    assert "Cancel this background tool" in await admin.page(tool)
    workers = await admin.page(f"{HERE}/workers")
    assert open_answer["completion_id"] in workers
    assert "Gone" in workers, "it has no connection of its own"
    await admin.send(f"{HERE}/completions/{open_answer['completion_id']}/cancel")
    assert 'data-state="cancelled"' in await admin.page(tool)
    assert "is asked to stop" in await admin.page(
        f"{HERE}/completions/{open_answer['completion_id']}"
    )


async def test_a_tool_is_cancelled_alone(
    house: House, admin: Visitor, open_answer: dict[str, str]
) -> None:
    worker = await Worker.claim(house, open_answer["completion_id"])
    tool = f"{HERE}/tools/{await worker.dispatch()}"
    await shown(house)
    answer = await admin.send(f"{tool}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, tool)
    assert 'data-state="cancelled"' in await admin.page(tool)
    await worker.finish()


async def test_why_an_answer_failed_is_told_with_what_to_do_but_not_its_words(
    house: House, admin: Visitor, open_answer: dict[str, str]
) -> None:
    worker = await Worker.claim(house, open_answer["completion_id"])
    await worker.fail()
    await shown(house)
    text = await admin.page(f"{HERE}/completions/{open_answer['completion_id']}")
    assert "The provider limits how much may be asked of it." in text
    assert "Too many requests." not in text, "that was said to the user"
    assert WORDS not in text
    assert "Failures in 24 hours" in await admin.page(HERE)


@pytest.mark.parametrize("kind", ["completions", "tools"])
async def test_what_there_is_not_is_not_found(admin: Visitor, kind: str) -> None:
    for run in (uuid4(), "x"):
        assert (await admin.open(f"{HERE}/{kind}/{run}")).status_code in {404, 422}
        assert (await admin.send(f"{HERE}/{kind}/{run}/cancel")).status_code in {404, 422}


async def test_a_read_model_is_paused_resumed_and_made_again(house: House, admin: Visitor) -> None:
    await house.projected()
    page = f"{HERE}/projections"

    async def ask(act: str) -> None:
        answer = await admin.send(f"{page}/tool_calls", {"act": act})
        assert (answer.status_code, answer.headers["location"]) == (303, page)

    async def stands(paused: bool, slot: str | None = None) -> bool:
        copy = await house.tables.checkpoint("tool_calls")
        assert copy is not None
        return copy.paused == paused and slot in {None, copy.slot}

    await ask("pause")
    await eventually(partial(stands, True))
    assert 'aria-label="Resume tool_calls"' in await admin.page(page, htmx=True)
    await ask("resume")
    await eventually(partial(stands, False))
    await ask("rebuild")
    await eventually(partial(stands, False, "green"))


async def test_only_known_acts_on_known_read_models_are_done(admin: Visitor) -> None:
    page = f"{HERE}/projections"
    assert (await admin.send(f"{page}/unknown", {"act": "pause"})).status_code == 404
    assert (await admin.send(f"{page}/record", {"act": "drop"})).status_code == 422
    assert (await admin.send(f"{page}/record", {})).status_code == 422


@pytest.fixture(scope="module")
async def own(
    postgres_major: int, valkey: EmbeddedValkey
) -> AsyncGenerator[tuple[House, EmbeddedPostgres]]:
    """A new house on a database server of its own."""
    with serving(partial(EmbeddedPostgres, major=postgres_major, settings=FAST)) as server:
        url = await migrated_database(server)
        async with open_house(url, redis_url=valkey.url) as house:
            await shown(house)
            yield house, server


async def test_without_a_projector_the_database_is_not_blamed(private_house: House) -> None:
    admin = await visiting(private_house, "admin")
    for path in ("", "/now"):
        answer = await admin.open(HERE + path)
        assert answer.status_code == 503
        assert "PostgreSQL: ok" in answer.text
        assert "The database does not answer" not in answer.text
        assert "As long as no projector has made their read model" in answer.text
    assert "Has never run" in await admin.page(f"{HERE}/projections")


async def test_a_database_that_lets_nobody_else_in_is_told(
    own: tuple[House, EmbeddedPostgres],
) -> None:
    """Its connections are all in use: the looks that need another one say so."""
    house, server = own
    admin = await visiting(house, "admin")
    name = urlsplit(house.url).path.removeprefix("/")
    async with connected(server.owner_url) as owner:
        await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
        try:
            now = await admin.open(f"{HERE}/now", htmx=True)
            ready = await house.client(None).get("/readyz")
        finally:
            await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    assert "Database schema: away" in now.text
    assert ready.json()["checks"]["schema"] == "away"


async def test_in_a_new_house_every_page_says_what_will_be_there(
    own: tuple[House, EmbeddedPostgres],
) -> None:
    admin = await visiting(own[0], "admin")
    assert "No answers yet" in await admin.page(f"{HERE}/completions")
    assert "No background tools yet" in await admin.page(f"{HERE}/tools")
    assert "No worker runs" in await admin.page(f"{HERE}/workers")
    text = await admin.page(HERE)
    assert text.count("Nothing in the last 24 hours.") == 5, "all but the log's"
    assert "No answer has ended." in text


async def test_what_is_asked_for_waits_for_a_projector(own: tuple[House, EmbeddedPostgres]) -> None:
    house, page = own[0], f"{HERE}/projections"
    admin = await visiting(house, "admin")
    await house.stop_projecting()

    async def nobody_leads() -> bool:
        return "No projector leads" in await admin.page(page)

    await eventually(nobody_leads)
    assert "No projector leads" in await admin.page(f"{HERE}/now", htmx=True)
    await admin.send(f"{page}/search", {"act": "rebuild"})
    text = await admin.page(page)
    assert f'A rebuild was asked for by <span class="mono">user:{admin.id}' in text
    assert 'aria-label="Rebuild search"' not in text, "it is asked for"
    assert 'aria-label="Rebuild record"' in text
    await house.project()

    async def is_done() -> bool:
        return "was asked for" not in await admin.page(page)

    await eventually(is_done)


async def test_without_the_database_the_page_says_so_where_it_is(
    own: tuple[House, EmbeddedPostgres],
) -> None:
    house, server = own
    admin = await visiting(house, "admin")
    async with frozen(server):
        answer = await admin.open(f"{HERE}/now", htmx=True)
        assert answer.status_code == 503
        assert "PostgreSQL: away" in answer.text
        assert "The database does not answer" in answer.text
        assert "hx-retarget" not in answer.headers, "it stands where the figures stood"

    async def is_back() -> bool:
        return "PostgreSQL: ok" in (await admin.open(HERE)).text

    await eventually(is_back)

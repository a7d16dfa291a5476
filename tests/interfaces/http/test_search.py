"""Search over HTTP: one's own messages by their words, and nobody else's."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from random import Random
from uuid import UUID, uuid4, uuid5

import pytest

from domain.account_events import ThreadRead
from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from infrastructure.read_database import projector_engine
from projections import checkpoints
from projections.search import SEARCH
from tests.interfaces.http.house import (
    House,
    Json,
    Person,
    eventually,
    migrated_database,
    open_house,
)
from tests.interfaces.http.test_pages import collect
from tests.interfaces.http.worker import Worker, answer


async def test_a_message_is_found_at_the_position_of_its_write_and_its_answer_later(
    house: House, user: Person
) -> None:
    body = {"title": "Sea", "message": {"text": "How heavy is a <b>Blue</b> whale?"}}
    started = await user.post("/v1/threads", body)
    page = await user.get("/v1/search", q="blue whale", min_position=started["position"])
    [hit] = page["items"]
    assert page["next"] is None
    assert hit == {
        "thread_id": started["thread_id"],
        "thread_title": "Sea",
        "message_id": started["message_id"],
        "role": "user",
        "created_at": hit["created_at"],
        "position": hit["position"],
        "snippet": [
            {"text": "How heavy is a <b>", "match": False},
            {"text": "Blue", "match": True},
            {"text": "</b> ", "match": False},
            {"text": "whale", "match": True},
            {"text": "?", "match": False},
        ],
    }
    end = await answer(house, started["completion_id"], "A whale weighs 150 tonnes.")
    found = await user.get("/v1/search", q="whale", role="assistant", min_position=end)
    assert [one["message_id"] for one in found["items"]] == [started["completion_id"]]


async def test_what_is_typed_is_found_when_it_is_recorded(house: House, user: Person) -> None:
    started = await user.start("?")
    worker = await Worker.claim(house, started["completion_id"])
    said = await worker.say("a narwhal")
    assert (await user.get("/v1/search", q="narwhal", min_position=said))["items"] == []
    recorded = await worker.record("a narwhal")
    found = await user.get("/v1/search", q="narwhal", min_position=recorded)
    assert len(found["items"]) == 1


async def test_a_withdrawn_message_is_found_no_more(user: Person) -> None:
    started = await user.start("first")
    path = f"/v1/threads/{started['thread_id']}/messages"
    queued = await user.post(path, {"text": "a hasty word"})
    found = await user.get("/v1/search", q="hasty", min_position=queued["position"])
    assert [one["message_id"] for one in found["items"]] == [queued["message_id"]]
    withdrawn = (await user.http.delete(f"{path}/{queued['message_id']}")).json()
    found = await user.get("/v1/search", q="hasty", min_position=withdrawn["position"])
    assert found["items"] == []


async def test_nobody_finds_what_others_wrote(house: House, user: Person) -> None:
    mine = await user.start("the secret of mine")
    stranger, admin = await house.person(), await house.person("admin")
    theirs = await stranger.start(f"the secret of theirs, not @{user.id} but '@{user.id}'")
    for question in (
        "secret",
        "secret OR theirs",
        f"'@{stranger.id}'",
        f"@{stranger.id} OR secret",
    ):
        page = await user.get("/v1/search", q=question, min_position=theirs["position"])
        assert {hit["thread_id"] for hit in page["items"]} <= {mine["thread_id"]}, question
    assert (await admin.get("/v1/search", q="secret"))["items"] == []
    inside = {"q": "secret", "thread_id": theirs["thread_id"]}
    answers = [
        await user.http.get("/v1/search", params=inside),
        await user.http.get("/v1/search", params=inside | {"thread_id": str(uuid4())}),
    ]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content


async def test_an_auditor_finds_everybodys_and_is_written_down_for_each_thread(
    house: House, user: Person
) -> None:
    word = f"w{uuid4().hex}"
    started = [await user.start(f"{word} {number}") for number in range(2)]
    other = await (await house.person()).start(word)
    auditor = await house.person("auditor")
    page = await auditor.get("/v1/search", q=word, min_position=other["position"])
    threads = [other["thread_id"], started[1]["thread_id"], started[0]["thread_id"]]
    assert [hit["thread_id"] for hit in page["items"]] == threads
    stream = uuid5(auditor.key_id, f"access {datetime.now(UTC).date().isoformat()}")
    reads = [one.event for one in await house.log.read_stream(stream)]
    found = {read.thread_id for read in reads if isinstance(read, ThreadRead)}
    assert found == set(map(UUID, threads))


async def test_every_page_is_complete_while_others_and_oneself_write(
    house: House, user: Person
) -> None:
    word = f"w{uuid4().hex}"
    started = [await user.start(f"{word} {number}") for number in range(23)]
    await user.get("/v1/search", q=word, min_position=started[-1]["position"])
    other, stop = await house.person(), asyncio.Event()

    async def write(person: Person) -> None:
        while not stop.is_set():
            await person.start(f"a late {word}")

    writing = [asyncio.create_task(write(person)) for person in (user, other)]
    hits: list[Json] = await collect(user, "/v1/search", limit=3, q=f"{word} -late")
    every: list[Json] = await collect(user, "/v1/search", limit=3, q=word)
    stop.set()
    await asyncio.gather(*writing)
    newest = [one["message_id"] for one in reversed(started)]
    assert [hit["message_id"] for hit in hits] == newest
    assert [hit["message_id"] for hit in every][-23:] == newest
    positions = [hit["position"] for hit in every]
    assert positions == sorted(set(positions), reverse=True)


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({}, 422),
        ({"q": ""}, 422),
        ({"q": " \t\n"}, 422),
        ({"q": "x" * 1001}, 422),
        ({"q": "whale", "limit": "0"}, 422),
        ({"q": "whale", "limit": "101"}, 422),
        ({"q": "whale", "role": "system"}, 422),
        ({"q": "whale", "thread_id": "1"}, 422),
        ({"q": "whale", "cursor": "?"}, 400),
        ({"q": "whale", "min_position": str(2**62)}, 400),
        ({"q": "!? ... \N{PILE OF POO}"}, 200),
        ({"q": '"" - -'}, 200),
        ({"q": "x" * 1000}, 200),
        ({"q": "or"}, 200),
        ({"q": "\0"}, 200),
    ],
)
async def test_what_cannot_be_asked_is_told(
    user: Person, parameters: dict[str, str], status: int
) -> None:
    answer = await user.http.get("/v1/search", params=parameters)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.json() == {"items": [], "next": None}


async def test_a_cursor_of_another_list_is_refused(user: Person) -> None:
    started = [await user.start("whale") for _ in range(2)]
    threads = await user.get("/v1/threads", limit=1, min_position=started[-1]["position"])
    answer = await user.http.get("/v1/search", params={"q": "whale", "cursor": threads["next"]})
    assert answer.json()["type"] == "/problems/page-cursor-is-malformed"


async def test_no_question_makes_an_error(user: Person) -> None:
    await user.start("needle")
    random = Random(5)
    pieces = ['"', "-", " or ", "&", "|", "!", "<->", ":*", "'", "\\", "%", "\0", "needle", "()"]
    pieces += ["@", "\N{RIGHT-TO-LEFT OVERRIDE}", "½", "e\u0301", "\U0010ffff", "x" * 300, "１"]
    for _ in range(60):
        question = "".join(random.choices(pieces, k=random.randint(1, 12)))
        raw = await user.http.get("/v1/search", params={"q": question})
        assert raw.status_code in {200, 422}, (question, raw.text)
    for raw in (b"%ff%fe", b"%ed%a0%80", b"%22%ff", b"a%00b"):
        answer = await user.http.get("/v1/search?q=" + raw.decode())
        assert answer.status_code == 200, answer.text


async def test_a_search_waits_for_its_own_tables_and_not_for_others(
    postgres: EmbeddedPostgres, valkey: EmbeddedValkey
) -> None:
    database = await migrated_database(postgres)
    async with open_house(database, redis_url=valkey.url) as house:
        user = await house.person()
        first = await user.start("whale")
        await user.get("/v1/search", q="whale", min_position=first["position"])
        await pause(database, paused=True)
        late = await user.start("a late whale")
        await user.get("/v1/threads", min_position=late["position"])
        shown = {"q": "whale", "min_position": str(late["position"])}
        refused = await user.http.get("/v1/search", params=shown)
        assert refused.status_code == 503
        assert refused.json()["type"] == "/problems/not-shown-yet"
        assert len((await user.get("/v1/search", q="whale"))["items"]) == 1
        await pause(database, paused=False)
        await eventually(partial(finds, user, shown))


async def pause(database: str, *, paused: bool) -> None:
    engine = projector_engine(database)
    async with engine.begin() as connection:
        assert await checkpoints.pause(connection, SEARCH.name, paused=paused)
    await engine.dispose()


async def finds(user: Person, shown: dict[str, str]) -> bool:
    answer = await user.http.get("/v1/search", params=shown)
    return answer.is_success and len(answer.json()["items"]) == 2

"""The same request once more: the same answer and no second effect."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import httpx2

from domain.ids import completion_of
from tests.interfaces.http.house import House, Person
from tests.interfaces.http.worker import answer

MANY = 50


async def at_once(
    person: Person, path: str, body: object, *, key: str | None = None, times: int = MANY
) -> list[httpx2.Response]:
    headers = {} if key is None else {"Idempotency-Key": key}
    posts = (person.http.post(path, json=body, headers=headers) for _ in range(times))
    return await asyncio.gather(*posts)


def only(answers: list[httpx2.Response]) -> Mapping[str, Any]:
    """The one answer that all of them are."""
    first = answers[0]
    assert first.is_success, first.text
    assert {(one.status_code, one.text) for one in answers} == {(first.status_code, first.text)}
    return first.json()


async def test_fifty_equal_starts_at_once_start_one_thread(house: House, user: Person) -> None:
    before = await house.last_position()
    body = {"title": "one", "message": {"text": "hello"}}
    started = only(await at_once(user, "/v1/threads", body, key="start"))
    assert started["position"] == await house.last_position()
    assert started["position"] - before == 4
    page = await user.get("/v1/threads", min_position=started["position"])
    assert [thread["id"] for thread in page["items"]] == [started["thread_id"]]


async def test_fifty_equal_messages_at_once_are_one_message(house: House, user: Person) -> None:
    for times in (MANY, *[6] * 15):  # now the first is ahead of all others, now it is not
        started = await user.post("/v1/threads", {})
        path = f"/v1/threads/{started['thread_id']}/messages"
        chosen = str(uuid4())
        posted = only(await at_once(user, path, {"id": chosen, "text": "hello"}, times=times))
        assert posted["message_id"] == chosen
        assert posted["position"] == await house.last_position()
        assert posted["position"] - started["position"] == 3


async def test_fifty_equal_queued_messages_at_once_are_one_message(user: Person) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}/messages"
    posted = only(await at_once(user, path, {"text": "later"}, key="k"))
    assert posted["position"] - started["position"] == 1


async def test_fifty_cancels_at_once_end_an_answer_once(house: House, user: Person) -> None:
    started = await user.start()
    path = f"/v1/completions/{started['completion_id']}/cancel"
    answers = await at_once(user, path, {})
    assert {one.json()["status"] for one in answers} == {"cancelled"}
    assert sorted(one.status_code for one in answers) == [200] * (MANY - 1) + [202]
    assert await house.last_position() == started["position"] + 3


async def test_fifty_equal_requests_for_a_key_make_one(house: House, user: Person) -> None:
    before = await house.last_position()
    answers = await at_once(user, "/v1/keys", {"name": "laptop"}, key="k")
    assert sorted(one.status_code for one in answers) == [201] + [409] * (MANY - 1)
    assert await house.last_position() == before + 1


async def test_a_repeat_after_the_answer_has_come_is_still_the_same(
    house: House, user: Person
) -> None:
    body = {"id": str(uuid4()), "message": {"text": "hello"}}
    first = await user.post("/v1/threads", body)
    path = f"/v1/threads/{first['thread_id']}/messages"
    second = await user.post(path, {"id": str(uuid4()), "text": "more"})
    await answer(house, first["completion_id"])
    assert await user.post("/v1/threads", body) == first
    repeat = {"id": second["message_id"], "text": "more"}
    assert await user.post(path, repeat) == second


async def test_names_in_another_order_are_the_same_body(user: Person) -> None:
    key = {"Idempotency-Key": "order", "Content-Type": "application/json"}
    one = b'{"title": "a", "metadata": {"x": 1, "y": "\\u00e9"}}'
    other = '{ "metadata":{"y":"é","x":1},"title":"a" }'.encode()
    first = await user.http.post("/v1/threads", content=one, headers=key)
    second = await user.http.post("/v1/threads", content=other, headers=key)
    assert first.status_code == 201
    assert first.json() == second.json()


async def test_another_body_under_the_same_key_is_refused(house: House, user: Person) -> None:
    key = {"Idempotency-Key": "k"}
    started = await user.http.post("/v1/threads", json={"title": "a"}, headers=key)
    path = f"/v1/threads/{started.json()['thread_id']}/messages"
    await user.http.post(path, json={"text": "a"}, headers=key)
    before = await house.last_position()
    for url, body in (("/v1/threads", {"title": "b"}), (path, {"text": "b"})):
        refused = await user.http.post(url, json=body, headers=key)
        assert refused.status_code == 422
        assert refused.json()["type"] == "/problems/body-differs"
    assert await house.last_position() == before


async def test_a_chosen_id_that_is_taken_is_refused_whatever_it_names(
    house: House, user: Person
) -> None:
    stranger = await house.person()
    theirs, mine = await stranger.start(), await user.start()
    path = f"/v1/threads/{mine['thread_id']}/messages"
    idle = (await user.post("/v1/threads", {}))["thread_id"]
    message = uuid4()
    squatted = completion_of(UUID(idle), message_id=message)
    await stranger.post("/v1/threads", {"id": str(squatted)})
    before = await house.last_position()
    taken: list[tuple[str, object]] = [
        ("/v1/threads", {"id": theirs["thread_id"]}),
        ("/v1/threads", {"id": theirs["completion_id"]}),
        ("/v1/threads", {"id": mine["completion_id"]}),
        ("/v1/threads", {"id": str(user.id)}),
        ("/v1/threads", {"id": mine["thread_id"], "title": "another body"}),
        (path, {"id": mine["message_id"], "text": "another body"}),
        (
            f"/v1/threads/{idle}/messages",
            {"id": str(message), "text": "whose answer's id is taken"},
        ),
    ]
    for url, body in taken:
        refused = await user.http.post(url, json=body)
        assert refused.status_code == 409, (url, body, refused.text)
        assert refused.json()["type"] == "/problems/id-is-taken"
    assert await house.last_position() == before


async def test_a_key_counts_for_one_user_and_one_thread(house: House, user: Person) -> None:
    stranger = await house.person()
    key = {"Idempotency-Key": "same"}
    mine = (await user.http.post("/v1/threads", json={}, headers=key)).json()
    theirs = (await stranger.http.post("/v1/threads", json={}, headers=key)).json()
    assert mine["thread_id"] != theirs["thread_id"]
    other = (await user.post("/v1/threads", {}))["thread_id"]
    posted = [
        (
            await user.http.post(f"/v1/threads/{one}/messages", json={"text": "a"}, headers=key)
        ).json()
        for one in (mine["thread_id"], other)
    ]
    assert posted[0]["message_id"] != posted[1]["message_id"]


async def test_the_first_message_of_a_thread_may_be_posted_again_by_itself(user: Person) -> None:
    message = {"id": str(uuid4()), "text": "hello"}
    started = await user.post("/v1/threads", {"message": message})
    path = f"/v1/threads/{started['thread_id']}/messages"
    again = await user.post(path, message)
    assert again["message_id"] == started["message_id"]
    assert again["completion_id"] == started["completion_id"]
    assert again["position"] == started["position"]


async def test_an_id_and_a_key_together_are_refused(user: Person) -> None:
    refused = await user.http.post(
        "/v1/threads", json={"id": str(uuid4())}, headers={"Idempotency-Key": "k"}
    )
    assert refused.status_code == 422
    assert refused.json()["type"] == "/problems/id-is-chosen-twice"

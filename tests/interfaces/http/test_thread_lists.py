"""Lists of threads for clients with badges: by activity, with counts, while others write."""

import asyncio
from random import Random

import pytest

from tests.interfaces.http.house import House, Json, Person
from tests.interfaces.http.worker import answer


async def post(person: Person, thread_id: str, text: str = "more") -> Json:
    return await person.post(f"/v1/threads/{thread_id}/messages", {"text": text})


async def listed(person: Person, **parameters: object) -> list[str]:
    page = await person.get("/v1/threads", **parameters)
    return [thread["id"] for thread in page["items"]]


async def test_a_thread_tells_its_last_message_and_how_many_there_are(
    house: House, user: Person
) -> None:
    started = await user.start("How far is the moon?")
    thread = started["thread_id"]
    queued = await post(user, thread, "And the sun?")
    waiting = await user.get(f"/v1/threads/{thread}", min_position=queued["position"])
    assert (waiting["last_message_role"], waiting["last_message_preview"]) == (
        "user",
        "How far is the moon?",
    )
    assert counts(waiting) == (1, 1, 0, 1)
    end = await answer(house, started["completion_id"], "384,400 km")
    end = max(end, await answer(house, queued["completion_id"], "150 million km"))
    [row] = (await user.get("/v1/threads", min_position=end))["items"]
    assert (row["last_message_role"], row["last_message_preview"]) == (
        "assistant",
        "150 million km",
    )
    assert counts(row) == (4, 2, 2, 0)
    assert queued["position"] < row["last_message_position"] <= end
    assert row["last_message_at"] == row["updated_at"]


def counts(thread: Json) -> tuple[int, int, int, int]:
    names = ("message", "user_message", "assistant_message", "queued_message")
    all_messages, user, assistant, queued = (thread[f"{name}_count"] for name in names)
    return all_messages, user, assistant, queued


async def test_by_activity_the_thread_with_the_latest_message_comes_first(user: Person) -> None:
    one, two = await user.start(), await user.start()
    empty = await user.post("/v1/threads", {})
    await user.http.patch(f"/v1/threads/{two['thread_id']}", json={"title": "No message"})
    queued = await post(user, one["thread_id"])
    ids = [empty["thread_id"], two["thread_id"], one["thread_id"]]
    now = {"min_position": queued["position"]}
    assert await listed(user, order="activity", **now) == ids
    await user.post(f"/v1/completions/{one['completion_id']}/cancel", {})  # the queued one enters
    moved = [one["thread_id"], empty["thread_id"], two["thread_id"]]
    position = (await user.get("/v1/events", limit=1000))["items"][-1]["position"]
    assert await listed(user, order="activity", min_position=position) == moved
    assert await listed(user) == ids


async def test_badges_count_the_threads_that_have_a_message_since(
    house: House, user: Person
) -> None:
    one, two = await user.start("a"), await user.start("b")
    await house.projected()
    page = await user.get("/v1/threads", order="activity")
    seen = page["position"]
    assert seen >= two["position"]
    assert await user.get("/v1/threads/count") == {"count": 2, "position": seen}
    assert (await user.get("/v1/threads/count", active_after=seen))["count"] == 0
    assert await listed(user, active_after=seen) == []
    end = await answer(house, one["completion_id"])
    new = await user.get("/v1/threads/count", active_after=seen, min_position=end)
    assert new["count"] == 1
    assert new["position"] >= end
    assert await listed(user, active_after=seen) == [one["thread_id"]]
    assert await listed(user, active_after=seen, order="activity") == [one["thread_id"]]
    stranger = await house.person()
    assert (await stranger.get("/v1/threads/count"))["count"] == 0
    archived = (await user.http.delete(f"/v1/threads/{one['thread_id']}")).json()["position"]
    left = await user.get("/v1/threads/count", active_after=seen, min_position=archived)
    assert left["count"] == 0
    assert (await user.get("/v1/threads/count", archived="true"))["count"] == 1


async def test_a_walk_shows_each_thread_once_and_what_moved_is_found_after_it(
    house: House, user: Person
) -> None:
    started = [await user.post("/v1/threads", {}) for _ in range(24)]
    ids = [one["thread_id"] for one in started]
    quiet, busy = set(ids[::2]), ids[1::2]
    await house.projected()
    stop, random = asyncio.Event(), Random(8)
    moved: set[str] = set()

    async def write() -> None:
        while not stop.is_set():
            thread = random.choice(busy)
            await post(user, thread)
            moved.add(thread)

    writing = asyncio.create_task(write())
    for _ in range(5):
        seen: list[str] = []
        page = await user.get("/v1/threads", order="activity", limit=3)
        since = page["position"]
        while True:
            seen += [thread["id"] for thread in page["items"]]
            if page["next"] is None:
                break
            page = await user.get("/v1/threads", order="activity", limit=3, cursor=page["next"])
        assert len(seen) == len(set(seen))
        assert quiet <= set(seen)
        after = await listed(user, order="activity", active_after=since, limit=100)
        assert set(ids) <= {*seen, *after}
    stop.set()
    await writing
    assert moved


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/v1/threads?order=title", 422, "request-invalid"),
        ("/v1/threads?active_after=-1", 422, "request-invalid"),
        ("/v1/threads?active_after=soon", 422, "request-invalid"),
        (f"/v1/threads?active_after={2**62}", 400, "position-is-ahead"),
        (f"/v1/threads/count?active_after={2**62}", 400, "position-is-ahead"),
        (f"/v1/threads/count?active_after={2**64}", 422, "request-invalid"),
        ("/v1/threads/count?archived=perhaps", 422, "request-invalid"),
    ],
)
async def test_what_cannot_be_asked_is_told(
    user: Person, path: str, status: int, problem: str
) -> None:
    answer = await user.http.get(path)
    assert answer.status_code == status
    assert answer.json()["type"] == f"/problems/{problem}"


async def test_a_cursor_of_one_order_is_none_of_the_other(user: Person) -> None:
    started = [await user.start() for _ in range(2)]
    page = await user.get("/v1/threads", limit=1, min_position=started[-1]["position"])
    parameters = {"order": "activity", "cursor": page["next"]}
    answer = await user.http.get("/v1/threads", params=parameters)
    assert answer.json()["type"] == "/problems/page-cursor-is-malformed"

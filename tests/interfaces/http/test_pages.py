"""Lists come page by page, and a page stays what it is while others write."""

from tests.interfaces.http.house import House, Json, Person
from tests.interfaces.http.worker import answer


async def collect(person: Person, path: str, *, limit: int, **parameters: object) -> list[Json]:
    """All items, page by page."""
    items: list[Json] = []
    cursor: dict[str, object] = {}
    while True:
        page = await person.get(path, limit=limit, **parameters, **cursor)
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}


async def test_threads_come_newest_first_and_new_ones_move_nothing(user: Person) -> None:
    started = [await user.start(str(number)) for number in range(5)]
    newest = [one["thread_id"] for one in reversed(started)]
    first = await user.get("/v1/threads", limit=2, min_position=started[-1]["position"])
    late = await user.start("late")
    second = await user.get(
        "/v1/threads", limit=2, cursor=first["next"], min_position=late["position"]
    )
    third = await user.get("/v1/threads", limit=2, cursor=second["next"])
    pages = [[thread["id"] for thread in page["items"]] for page in (first, second, third)]
    assert pages == [newest[:2], newest[2:4], newest[4:]]
    assert third["next"] is None


async def test_a_conversation_comes_oldest_first_on_the_branch_of_its_first_page(
    house: House, user: Person
) -> None:
    started = await user.start("0")
    thread = started["thread_id"]
    path = f"/v1/threads/{thread}/messages"
    asked = [started]
    for number in range(1, 4):
        await answer(house, asked[-1]["completion_id"])
        asked.append(await user.post(path, {"text": str(number)}))
    end = await answer(house, asked[-1]["completion_id"])
    expected = [one[name] for one in asked for name in ("message_id", "completion_id")]
    first = await user.get(path, limit=3, min_position=end)
    sibling = await user.post(path, {"text": "else", "parent_id": asked[0]["completion_id"]})
    other = await user.get(path, min_position=sibling["position"])
    assert [message["id"] for message in other["items"]] == [*expected[:2], sibling["message_id"]]
    rest = await user.get(path, limit=100, cursor=first["next"])
    assert [message["id"] for message in (*first["items"], *rest["items"])] == expected
    assert rest["next"] is None
    tree = await collect(user, path, limit=4, all="true")
    assert {message["id"] for message in tree} == {*expected, sibling["message_id"]}


async def test_completions_come_in_the_order_in_which_they_were_asked_for(user: Person) -> None:
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}"
    asked = [started] + [await user.post(f"{path}/messages", {"text": "a"}) for _ in range(4)]
    await user.get(path, min_position=asked[-1]["position"])
    found = await collect(user, f"{path}/completions", limit=2)
    assert [row["id"] for row in found] == [one["completion_id"] for one in asked]


async def test_a_branch_of_another_thread_is_no_page_of_this_one(
    house: House, user: Person
) -> None:
    one, other = await user.start(), await user.start()
    await answer(house, other["completion_id"])
    await house.projected()
    theirs = await user.get(f"/v1/threads/{other['thread_id']}/messages", limit=1)
    page = await user.get(f"/v1/threads/{one['thread_id']}/messages", cursor=theirs["next"])
    assert page["items"] == []


async def test_an_empty_list_has_no_next_page(user: Person) -> None:
    threads = await user.get("/v1/threads")
    assert (threads["items"], threads["next"]) == ([], None)
    thread = (await user.post("/v1/threads", {}))["thread_id"]
    for what in ("messages", "completions", "tool-executions"):
        assert await user.get(f"/v1/threads/{thread}/{what}") == {"items": [], "next": None}

"""API keys over HTTP: issued once, listed without their secret, revoked for good."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from application.commands.context import Principal
from application.commands.keys import IssueKey, issue_key
from application.keys import ADMINISTRATOR, Accounts
from domain.ids import uuid7
from tests.interfaces.http.house import FIRST_KEY, House, Person


async def test_a_user_makes_uses_and_revokes_another_key(house: House, user: Person) -> None:
    issued = await user.post("/v1/keys", {"name": "laptop"})
    assert (issued["user_id"], issued["role"]) == (str(user.id), "user")
    laptop = house.client(issued["key"])
    assert (await laptop.get("/v1/threads")).status_code == 200
    page = await user.get("/v1/keys")
    assert [key["name"] for key in page["items"]] == [None, "laptop"]
    assert issued["key"] not in str(page)
    revoked = await user.http.delete(f"/v1/keys/{issued['key_id']}")
    again = await user.http.delete(f"/v1/keys/{issued['key_id']}")
    assert revoked.status_code == again.status_code == 200
    assert revoked.json()["position"] == again.json()["position"]
    assert (await laptop.get("/v1/threads")).status_code == 401
    assert (await user.get("/v1/keys"))["items"][1]["revoked"] is True


async def test_the_keys_come_page_by_page(user: Person) -> None:
    for name in ("b", "c"):
        await user.post("/v1/keys", {"name": name})
    first = await user.get("/v1/keys", limit=2)
    second = await user.get("/v1/keys", limit=2, cursor=first["next"])
    names = [key["name"] for key in (*first["items"], *second["items"])]
    assert names == [None, "b", "c"]
    assert second["next"] is None


async def test_nobody_but_an_administrator_reaches_for_other_keys_or_roles(
    house: House, user: Person
) -> None:
    stranger = await house.person()
    before = await house.last_position()
    assert (
        await user.http.get("/v1/keys", params={"user_id": str(stranger.id)})
    ).status_code == 403
    for wanted in ({"user_id": str(stranger.id)}, {"role": "admin"}, {"role": "auditor"}):
        assert (await user.http.post("/v1/keys", json=wanted)).status_code == 403
    theirs = await user.http.delete(
        f"/v1/keys/{stranger.key_id}", params={"user_id": str(stranger.id)}
    )
    missing = await user.http.delete(f"/v1/keys/{uuid4()}")
    assert (theirs.status_code, theirs.content) == (404, missing.content)
    assert await house.last_position() == before


async def test_an_administrator_lets_users_in_and_out(house: House) -> None:
    admin = house.client(FIRST_KEY)
    user_id = str(uuid4())
    wanted = {"user_id": user_id, "role": "auditor", "name": "Ada"}
    issued = (await admin.post("/v1/keys", json=wanted)).json()
    listed = (await admin.get("/v1/keys", params={"user_id": user_id})).json()
    assert [key["role"] for key in listed["items"]] == ["auditor"]
    client = house.client(issued["key"])
    assert (await client.get("/v1/threads")).status_code == 200
    path = f"/v1/keys/{issued['key_id']}"
    assert (await admin.delete(path, params={"user_id": user_id})).status_code == 200
    assert (await client.get("/v1/threads")).status_code == 401


async def test_a_key_expires_when_it_says(house: House, user: Person) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await user.post("/v1/keys", {"expires_at": tomorrow.isoformat()})
    listed = (await user.get("/v1/keys"))["items"][1]
    assert datetime.fromisoformat(listed["expires_at"]) == tomorrow
    admin = Principal(ADMINISTRATOR, "admin", uuid7())
    past = IssueKey(admin, uuid7(), "user", expires_at=1)
    issued = await issue_key(house.log, Accounts(house.log), past)
    assert (await house.client(issued.key).get("/v1/threads")).status_code == 401


async def test_a_key_is_shown_only_once(user: Person) -> None:
    wanted = {"id": str(uuid4())}
    issued = await user.post("/v1/keys", wanted)
    assert issued["key_id"] == wanted["id"]
    again = await user.http.post("/v1/keys", json=wanted)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/key-is-shown-once")


async def test_a_key_for_something_that_is_no_user_is_refused(house: House, user: Person) -> None:
    thread = (await user.start())["thread_id"]
    answer = await house.client(FIRST_KEY).post("/v1/keys", json={"user_id": thread})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/id-is-taken")

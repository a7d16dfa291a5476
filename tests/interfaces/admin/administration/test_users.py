"""The pages of users: found, added with a first key, counted without their words."""

from uuid import uuid4

import pytest

from tests.interfaces.admin.administration.html import errors, hidden, secret, text
from tests.interfaces.admin.visitors import Visitor, visiting
from tests.interfaces.http.house import House, eventually

USERS = "/_admin/users"


async def added(admin: Visitor, **filled: str) -> tuple[str, str]:
    """The path of a new user's page, and their key."""
    form = {"role": "user"} | hidden(await admin.page(f"{USERS}/new")) | filled
    answer = await admin.send(f"{USERS}/new", form)
    assert answer.status_code == 201, answer.text
    return f"{USERS}/{form['user_id']}", secret(answer.text)


async def test_a_user_is_added_with_a_key_that_is_shown_once(house: House, admin: Visitor) -> None:
    path, key = await added(admin, user_name="Grace Hopper", role="auditor", days="7")
    assert (await house.client(key).get("/v1/threads")).status_code == 200
    shown = await admin.page(path)
    assert "Grace Hopper" in shown
    assert "auditor" in shown
    assert key not in shown

    async def listed() -> bool:
        found = text(await admin.page(f"{USERS}?q=GRACE+hop"))
        return "Grace Hopper" in found and "auditor" in found

    await eventually(listed)
    assert "Nobody found" in text(await admin.page(f"{USERS}?q=grace%25"))


async def test_adding_the_same_user_twice_adds_one(house: House, admin: Visitor) -> None:
    form = hidden(await admin.page(f"{USERS}/new")) | {"role": "user", "user_name": "Twice"}
    await admin.send(f"{USERS}/new", form)
    before = await house.last_position()
    again = await admin.send(f"{USERS}/new", form)
    assert again.status_code == 409
    assert "shown only once" in text(again.text)
    assert await house.last_position() == before


async def test_what_was_typed_wrong_is_kept_and_nobody_is_added(
    house: House, admin: Visitor
) -> None:
    before = await house.last_position()
    form = hidden(await admin.page(f"{USERS}/new"))
    wrong = form | {"role": "analyst", "user_name": "n" * 101}
    answer = await admin.send(f"{USERS}/new", wrong)
    assert answer.status_code == 422
    assert errors(answer.text) == {"user_name": "Must be at most 100 characters long."}
    assert '<option value="analyst" selected>' in answer.text
    assert hidden(answer.text) == form
    for crafted in ({"role": "root"}, {"role": "user", "id": "x"}, {}):
        assert (await admin.send(f"{USERS}/new", form | crafted)).status_code == 422
    assert await house.last_position() == before


async def test_a_key_for_a_user_is_issued_and_revoked(house: House, admin: Visitor) -> None:
    path, _ = await added(admin, user_name="Two keys")
    form = hidden(await admin.page(path)) | {"role": "user", "name": "spare"}
    answer = await admin.send(path, form)
    key = secret(answer.text)
    assert (await house.client(key).get("/v1/threads")).status_code == 200
    assert "Keys in force 2" in text(answer.text)
    asked = f"{path}/keys/{form['id']}/revoke"
    assert "spare" in await admin.page(asked)
    revoked = await admin.send(asked)
    assert (revoked.status_code, revoked.headers["location"]) == (303, path)
    assert (await house.client(key).get("/v1/threads")).status_code == 401
    assert "Keys in force 1" in text(await admin.page(path))


async def test_ones_own_key_is_asked_for_twice_here_too(admin: Visitor) -> None:
    path = f"{USERS}/{admin.id}/keys/{admin.api.key_id}/revoke"
    refused = await admin.send(path)
    assert (refused.status_code, "sure" in errors(refused.text)) == (422, True)
    assert (await admin.open(USERS)).status_code == 200


async def test_a_users_page_counts_conversations_and_shows_none_of_their_words(
    house: House, admin: Visitor, user: Visitor
) -> None:
    await user.api.post("/v1/threads", {"title": "my secret", "message": {"text": "my word"}})
    await house.projected()

    async def told() -> bool:
        shown = text(await admin.page(f"{USERS}/{user.id}"))
        assert "my secret" not in shown
        assert "my word" not in shown
        return "Conversations 1" in shown and "Last sign-in here –" not in shown

    await eventually(told)


@pytest.mark.parametrize("who", ["user", "auditor"])
async def test_nobody_but_administrators_opens_these_pages(
    house: House, admin: Visitor, who: str
) -> None:
    visitor = await visiting(house, "auditor" if who == "auditor" else "user")
    before = await house.last_position()
    form = hidden(await admin.page(f"{USERS}/new")) | {"role": "admin"}
    for answer in (
        await visitor.open(USERS),
        await visitor.open(f"{USERS}/{admin.id}"),
        await visitor.send(f"{USERS}/new", form),
        await visitor.send(f"{USERS}/{visitor.id}", {"id": str(uuid4()), "role": "admin"}),
        await visitor.send(f"{USERS}/{admin.id}/keys/{admin.api.key_id}/revoke"),
    ):
        assert answer.status_code == 403
    assert await house.last_position() == before


async def test_what_is_no_user_has_no_page(admin: Visitor, user: Visitor) -> None:
    thread = (await user.api.start())["thread_id"]
    for one in (str(uuid4()), thread):
        answer = await admin.open(f"{USERS}/{one}")
        assert answer.status_code == 404
        assert "There is no such user." in text(answer.text)
        form = {"id": str(uuid4()), "role": "user"}
        assert (await admin.send(f"{USERS}/{one}", form)).status_code == 404
    for bad in (f"{USERS}?cursor=x", f"{USERS}?q={'x' * 201}", f"{USERS}?limit=0"):
        assert (await admin.open(bad)).status_code in (400, 422)
    assert (await admin.open(f"{USERS}?q=%00")).status_code == 200

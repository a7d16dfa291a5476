"""The page of one's own keys: shown once, revoked after a question, never by accident."""

import pytest

from tests.interfaces.admin.administration.html import errors, hidden, secret, text
from tests.interfaces.admin.visitors import Visitor, visiting
from tests.interfaces.http.house import House

KEYS = "/_admin/keys"


async def test_a_new_key_is_shown_on_the_answer_alone_and_works(
    house: House, user: Visitor
) -> None:
    form = hidden(await user.page(KEYS)) | {"name": " laptop ", "days": "30"}
    answer = await user.send(KEYS, form)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    key = secret(answer.text)
    assert (await house.client(key).get("/v1/threads")).status_code == 200
    assert key not in await user.page(KEYS)
    listed = (await user.api.get("/v1/keys"))["items"][1]
    assert (listed["name"], listed["role"], listed["id"]) == ("laptop", "user", form["id"])
    assert listed["expires_at"] is not None


async def test_the_same_form_again_makes_no_second_key_and_says_what_to_do(user: Visitor) -> None:
    form = hidden(await user.page(KEYS))
    await user.send(KEYS, form)
    again = await user.send(KEYS, form)
    assert again.status_code == 409
    assert "shown only once" in text(again.text)
    assert len((await user.api.get("/v1/keys"))["items"]) == 2


async def test_what_was_typed_wrong_is_said_at_the_field_and_nothing_is_written(
    house: House, user: Visitor
) -> None:
    before = await house.last_position()
    form = hidden(await user.page(KEYS))
    answer = await user.send(KEYS, form | {"name": '<b x="' + "x" * 100, "days": "30"})
    assert answer.status_code == 422
    assert errors(answer.text) == {"name": "Must be at most 100 characters long."}
    assert '<option value="30" selected>' in answer.text
    assert "&lt;b x=&#34;xxx" in answer.text
    for crafted in ({"days": "1000"}, {"id": "mine"}, {"role": "admin"}):
        assert (await user.send(KEYS, form | crafted)).status_code == 422
    assert await house.last_position() == before


async def test_a_key_is_revoked_after_a_question(house: House, user: Visitor) -> None:
    answer = await user.send(KEYS, hidden(await user.page(KEYS)) | {"name": "old laptop"})
    key = secret(answer.text)
    key_id = (await user.api.get("/v1/keys"))["items"][1]["id"]
    asked = text(await user.page(f"{KEYS}/{key_id}/revoke"))
    assert "old laptop" in asked
    assert "last key" not in asked
    for _ in range(2):
        revoked = await user.send(f"{KEYS}/{key_id}/revoke")
        assert (revoked.status_code, revoked.headers["location"]) == (303, KEYS)
    assert (await house.client(key).get("/v1/threads")).status_code == 401
    assert "Revoked" in text(await user.page(KEYS))


async def test_the_key_that_one_has_signed_in_with_is_asked_for_twice(user: Visitor) -> None:
    path = f"{KEYS}/{user.api.key_id}/revoke"
    assert "This is your last key." in text(await user.page(path))
    refused = await user.send(path)
    assert refused.status_code == 422
    assert "signed in with" in errors(refused.text)["sure"]
    assert await user.page(KEYS)
    assert (await user.send(path, {"sure": "true"})).status_code == 303
    out = await user.open(KEYS)
    assert (out.status_code, out.headers["location"]) == (303, "/_admin/sign-in?next=/_admin/keys")


async def test_keys_come_page_by_page(user: Visitor) -> None:
    for name in ("b", "c"):
        await user.api.post("/v1/keys", {"name": name})
    first = await user.page(f"{KEYS}?limit=2")
    assert 'rel="next"' in first
    assert 'rel="next"' not in await user.page(KEYS)
    assert (await user.open(f"{KEYS}?cursor=no")).status_code == 400


@pytest.mark.parametrize("key_id", ["0", "018f0000-0000-7000-8000-000000000001"])
async def test_a_key_that_is_not_ones_own_cannot_be_asked_about(
    user: Visitor, admin: Visitor, key_id: str
) -> None:
    for other in (key_id, str(admin.api.key_id)):
        for answer in (
            await user.open(f"{KEYS}/{other}/revoke"),
            await user.send(f"{KEYS}/{other}/revoke"),
        ):
            assert answer.status_code in (404, 422)
    assert (await admin.api.http.get("/v1/threads")).status_code == 200


async def test_an_auditor_sees_keys_and_changes_none(house: House, auditor: Visitor) -> None:
    shown = await auditor.page(KEYS)
    assert "Issue key" not in shown
    assert "/revoke" not in shown
    before = await house.last_position()
    assert (await auditor.send(KEYS, {"id": str(auditor.id)})).status_code == 403
    path = f"{KEYS}/{auditor.api.key_id}/revoke"
    assert (await auditor.send(path, {"sure": "true"})).status_code == 403
    assert await house.last_position() == before


async def test_an_analyst_has_keys_and_no_other_page(house: House) -> None:
    analyst = await visiting(house, "analyst")
    form = hidden(await analyst.page(KEYS))
    assert (await analyst.send(KEYS, form)).status_code == 201
    for page in ("users", "agents", "webhooks"):
        assert (await analyst.open(f"/_admin/{page}")).status_code == 403

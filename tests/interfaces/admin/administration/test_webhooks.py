"""The pages of webhooks: made, changed, paused, tried, sent again, deleted."""

import base64

import pytest

from application.commands.webhooks import MOST_WEBHOOKS
from infrastructure.webhooks.deliveries import Patience
from infrastructure.webhooks.sender import WebhookSender
from tests.infrastructure.webhooks.desk import running, until
from tests.infrastructure.webhooks.receiver import ERROR, OK, Post, receiving
from tests.interfaces.admin.administration.html import errors, hidden, secret, text
from tests.interfaces.admin.visitors import FROM_HERE, Visitor, visiting
from tests.interfaces.http.house import House

WEBHOOKS = "/_admin/webhooks"
URL = "https://hooks.example.com/threadlog"


async def made(visitor: Visitor, **filled: str) -> str:
    """The path of a new webhook's page."""
    form = hidden(await visitor.page(f"{WEBHOOKS}/new")) | {"url": URL} | filled
    answer = await visitor.send(f"{WEBHOOKS}/new", form)
    assert answer.status_code == 201, answer.text
    return f"{WEBHOOKS}/{form['id']}"


async def test_a_webhook_is_made_once_and_its_secret_shown_on_the_answer_alone(
    user: Visitor,
) -> None:
    assert "No webhooks yet" in await user.page(WEBHOOKS)
    form = hidden(await user.page(f"{WEBHOOKS}/new"))
    names = ["completion.finished", "completion.failed"]
    body = {**form, "url": f" {URL} ", "name": "mine"}
    both = {**body, "names": names}
    answer = await user.browser.post(f"{WEBHOOKS}/new", data=both, headers=FROM_HERE)
    assert answer.status_code == 201
    shown = secret(answer.text)
    assert len(base64.b64decode(shown.removeprefix("whsec_"))) == 32
    page = await user.page(f"{WEBHOOKS}/{form['id']}")
    assert shown not in page
    assert "completion.finished" in page
    [listed] = (await user.api.get("/v1/webhooks"))["items"]
    assert (listed["url"], listed["name"], listed["names"]) == (URL, "mine", names)
    again = await user.browser.post(f"{WEBHOOKS}/new", data=both, headers=FROM_HERE)
    assert again.status_code == 201
    other = await user.send(f"{WEBHOOKS}/new", {**body, "names": names[1]})
    assert other.status_code == 409
    assert "sent before" in text(other.text)
    assert hidden(other.text) != form
    assert len((await user.api.get("/v1/webhooks"))["items"]) == 1


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"url": ""}, "url", "The address must begin with https://."),
        ({"url": "http://hooks.example.com/"}, "url", "The address must begin with https://."),
        ({"url": "https://10.0.0.1/"}, "url", "The address must not be an address of a private"),
        ({"url": "https://a b/"}, "url", "The address must be printable ASCII characters"),
        ({"name": "n" * 101}, "name", "Must be at most 100 characters long."),
        ({"names": "account.created"}, "names", "There is no such event."),
    ],
)
async def test_what_is_wrong_is_said_at_the_field_and_what_was_typed_is_kept(
    house: House, user: Visitor, typed: dict[str, str], field: str, sentence: str
) -> None:
    before = await house.last_position()
    form = hidden(await user.page(f"{WEBHOOKS}/new")) | {"url": URL, "name": "kept"} | typed
    answer = await user.send(f"{WEBHOOKS}/new", form)
    assert answer.status_code == 422
    assert errors(answer.text)[field].startswith(sentence)
    assert hidden(answer.text)["id"] == form["id"]
    assert f'value="{form["name"]}"' in answer.text
    assert f'value="{form["url"]}"' in answer.text
    assert await house.last_position() == before


async def test_only_an_administrator_gets_the_events_of_everybody(
    house: House, user: Visitor, admin: Visitor
) -> None:
    assert "all_threads" not in await user.page(f"{WEBHOOKS}/new")
    form = hidden(await user.page(f"{WEBHOOKS}/new")) | {"url": URL, "all_threads": "true"}
    before = await house.last_position()
    assert (await user.send(f"{WEBHOOKS}/new", form)).status_code == 403
    assert await house.last_position() == before
    path = await made(admin, all_threads="true")
    assert "Everybody’s" in await admin.page(path)


async def test_nobody_opens_another_ones_webhook(user: Visitor, admin: Visitor) -> None:
    path = await made(user)
    for end in ("", "/edit", "/delete"):
        assert (await admin.open(f"{path}{end}")).status_code == 404
    form = {"version": "1", "generation": "0", "after": "0"}
    acts = {
        "edit": {"url": URL},
        "delete": {},
        "pause": {},
        "resume": {},
        "test": {},
        "retry": {"version": "1"},
        "replay": {"version": "1", "after": "0"},
        "secret": {"generation": "0"},
    }
    for act, form in acts.items():
        answer = await admin.send(f"{path}/{act}", form)
        assert answer.status_code == 404, act
        assert "There is no such webhook." in text(answer.text)


async def test_there_is_a_limit_which_is_told_with_what_was_typed(user: Visitor) -> None:
    for _ in range(MOST_WEBHOOKS):
        await user.api.post("/v1/webhooks", {"url": URL})
    form = hidden(await user.page(f"{WEBHOOKS}/new")) | {"url": URL, "name": "one more"}
    answer = await user.send(f"{WEBHOOKS}/new", form)
    assert answer.status_code == 409
    assert "Delete one first." in text(answer.text)
    assert 'value="one more"' in answer.text


async def test_a_webhook_is_changed_paused_resumed_and_deleted(user: Visitor) -> None:
    path = await made(user, name="mine", names="tool.failed")
    edit = await user.page(f"{path}/edit")
    assert 'value="tool.failed" checked' in edit
    assert errors((await user.send(f"{path}/edit", {"url": "x"})).text).keys() == {"url"}
    edited = await user.send(f"{path}/edit", {"url": f"{URL}/2", "name": ""})
    assert edited.headers["location"] == f"{path}?done=change"
    paused = await user.send(f"{path}/pause")
    shown = text(await user.page(paused.headers["location"]))
    assert "Paused. Its events wait" in shown
    [listed] = (await user.api.get("/v1/webhooks"))["items"]
    assert (listed["url"], listed["name"], listed["names"]) == (f"{URL}/2", None, None)
    assert not listed["enabled"]
    await user.send(f"{path}/resume")
    assert (await user.api.get("/v1/webhooks"))["items"][0]["enabled"]
    assert "cannot be undone" in await user.page(f"{path}/delete")
    for _ in range(2):
        gone = await user.send(f"{path}/delete")
        assert (gone.status_code, gone.headers["location"]) == (303, WEBHOOKS)
    assert (await user.open(path)).status_code == 404


async def test_another_secret_is_made_once_however_often_the_form_is_sent(user: Visitor) -> None:
    path = await made(user)
    form = {"generation": hidden(await user.page(path))["generation"]}
    first, again = await user.send(f"{path}/secret", form), await user.send(f"{path}/secret", form)
    assert secret(first.text) == secret(again.text)
    assert hidden(await user.page(path))["generation"] == "1"
    await user.send(f"{path}/secret", {"generation": "1"})
    late = await user.send(f"{path}/secret", form)
    assert (late.status_code, 'id="secret"' in late.text) == (409, False)


async def test_a_replay_needs_a_position_that_there_is(house: House, user: Visitor) -> None:
    path = await made(user)
    version = hidden(await user.page(path))["version"]
    before = await house.last_position()
    for after in ("", "-1", "all", "9" * 19, str(2**62)):
        answer = await user.send(f"{path}/replay", {"version": version, "after": after})
        assert answer.status_code == 422, after
        assert errors(answer.text).keys() == {"after"}
    assert await house.last_position() == before
    for status in (303, 409):
        answer = await user.send(f"{path}/replay", {"version": version, "after": "0"})
        assert answer.status_code == status
    assert "Nothing was done this time" in text(answer.text)
    assert await house.last_position() == before + 1


async def test_a_test_that_does_not_arrive_says_what_to_check(user: Visitor) -> None:
    path = await made(user, url="https://nowhere.example.invalid/")
    shown = text((await user.send(f"{path}/test")).text)
    assert "The test did not arrive. No connection could be made" in shown


async def test_what_was_given_up_is_shown_with_its_reason_and_comes_after_a_retry(
    private_house: House,
) -> None:
    user, healthy = await visiting(private_house), False

    async def answer(_: Post) -> bytes:
        return OK if healthy else ERROR

    async with receiving(answer) as receiver:
        path = await made(user, url=receiver.url)
        assert "the receiver said 500" in text((await user.send(f"{path}/test")).text)
        await user.api.start()
        sender = WebhookSender(
            private_house.url, private=True, patience=Patience(pauses_seconds=())
        )

        async def says(words: str) -> bool:
            return words in text(await user.page(path))

        async with running(sender):
            await until(lambda: says("Given up 4"))
            shown = text(await user.page(f"{path}?state=dead"))
            assert shown.count("HTTP 500") == 4
            assert "Events given up" in shown
            assert "Nothing is on its way." in text(await user.page(f"{path}?state=pending"))
            healthy = True
            before = len(receiver.posts)
            version = hidden(await user.page(path))["version"]
            retried = await user.send(f"{path}/retry", {"version": version})
            assert "tried again now" in text(await user.page(retried.headers["location"]))
            await until(lambda: len(receiver.posts) == before + 4)
            await until(lambda: says("Everything has arrived."))

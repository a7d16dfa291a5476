"""Webhooks over HTTP: made, shown without their secret, changed, sent again, deleted."""

import base64
from uuid import uuid4

import pytest

from application.commands.webhooks import MOST_WEBHOOKS
from infrastructure.webhooks.deliveries import Patience
from infrastructure.webhooks.sender import WebhookSender
from tests.infrastructure.webhooks.desk import running, until
from tests.infrastructure.webhooks.receiver import ERROR, OK, Post, receiving
from tests.interfaces.http.house import House, Json, Person

URL = "https://hooks.example.com/threadlog"


@pytest.fixture
async def made(user: Person) -> Json:
    return await user.post("/v1/webhooks", {"url": URL, "name": "mine"})


async def test_a_webhook_is_shown_without_its_secret_which_is_given_once(
    user: Person, made: Json
) -> None:
    assert len(base64.b64decode(made["secret"].removeprefix("whsec_"))) == 32
    shown = await user.get(f"/v1/webhooks/{made['webhook_id']}")
    assert shown["created_at"].endswith("Z")
    del shown["created_at"]
    assert shown == {
        "id": made["webhook_id"],
        "url": URL,
        "names": None,
        "all_threads": False,
        "name": "mine",
        "enabled": True,
        "reason": None,
        "position": made["position"],
        "pending": 0,
        "dead": 0,
    }
    [listed] = (await user.get("/v1/webhooks"))["items"]
    assert listed["id"] == made["webhook_id"]
    assert made["secret"] not in str(listed)


async def test_webhooks_come_page_by_page_and_there_is_a_limit_to_them(user: Person) -> None:
    for number in range(MOST_WEBHOOKS):
        await user.post("/v1/webhooks", {"url": URL, "name": f"{number}"})
    one_more = await user.http.post("/v1/webhooks", json={"url": URL})
    assert one_more.status_code == 409
    assert one_more.json()["type"] == "/problems/webhooks-are-many"
    first = await user.get("/v1/webhooks", limit=15)
    second = await user.get("/v1/webhooks", limit=15, cursor=first["next"])
    names = [one["name"] for one in (*first["items"], *second["items"])]
    assert names == [f"{number}" for number in range(MOST_WEBHOOKS)]
    assert second["next"] is None


async def test_no_webhook_is_left_out_when_one_of_a_page_before_is_deleted(user: Person) -> None:
    ids = [(await user.post("/v1/webhooks", {"url": URL}))["webhook_id"] for _ in range(3)]
    first = await user.get("/v1/webhooks", limit=1)
    await user.http.delete(f"/v1/webhooks/{ids[0]}")
    second = await user.get("/v1/webhooks", limit=2, cursor=first["next"])
    assert [one["id"] for one in second["items"]] == ids[1:]


async def test_the_same_request_again_makes_no_second_one(user: Person) -> None:
    wanted = {"id": str(uuid4()), "url": URL}
    first = await user.post("/v1/webhooks", wanted)
    assert await user.post("/v1/webhooks", wanted) == first
    other = await user.http.post("/v1/webhooks", json={**wanted, "name": "other"})
    assert (other.status_code, other.json()["type"]) == (409, "/problems/id-is-taken")
    keyed = {"headers": {"Idempotency-Key": "one"}, "json": {"url": URL}}
    answers = [await user.http.post("/v1/webhooks", **keyed) for _ in range(2)]  # pyright: ignore[reportArgumentType]
    assert answers[0].json() == answers[1].json()
    assert len((await user.get("/v1/webhooks"))["items"]) == 2


async def test_an_id_that_names_something_else_is_taken(house: House, user: Person) -> None:
    thread = (await user.start())["thread_id"]
    theirs = await (await house.person()).post("/v1/webhooks", {"url": URL})
    for taken in (thread, theirs["webhook_id"]):
        answer = await user.http.post("/v1/webhooks", json={"id": taken, "url": URL})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/id-is-taken")


async def test_only_an_administrator_gets_the_events_of_all_threads(
    house: House, user: Person
) -> None:
    wanted = {"url": URL, "all_threads": True}
    assert (await user.http.post("/v1/webhooks", json=wanted)).status_code == 403
    admin = await house.person("admin")
    made = await admin.post("/v1/webhooks", wanted)
    assert (await admin.get(f"/v1/webhooks/{made['webhook_id']}"))["all_threads"] is True


async def test_a_lesser_key_of_an_administrator_changes_nothing_that_all_events_go_to(
    house: House,
) -> None:
    admin = await house.person("admin")
    wanted = {"url": URL, "all_threads": True}
    path = f"/v1/webhooks/{(await admin.post('/v1/webhooks', wanted))['webhook_id']}"
    issued = await admin.post("/v1/keys", {"role": "user", "user_id": str(admin.id)})
    lesser = house.client(issued["key"])
    for answer in (
        await lesser.patch(path, json={"url": "https://mine.example.com/"}),
        await lesser.post(f"{path}/secret"),
        await lesser.post(f"{path}/replay", json={"after": 0}),
        await lesser.delete(path),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")
    assert (await admin.get(path))["url"] == URL


async def test_what_is_left_out_of_a_change_stays(user: Person, made: Json) -> None:
    path = f"/v1/webhooks/{made['webhook_id']}"
    names = ["completion.finished", "completion.failed", "completion.finished"]
    answer = await user.http.patch(path, json={"names": names, "enabled": False})
    assert answer.status_code == 200
    shown = await user.get(path)
    assert (shown["names"], shown["enabled"]) == (names[:2], False)
    assert (shown["name"], shown["url"]) == ("mine", URL)
    again = await user.http.patch(path, json={"enabled": False})
    assert again.json() == answer.json()
    await user.http.patch(path, json={"names": None, "name": None})
    shown = await user.get(path)
    assert (shown["names"], shown["name"], shown["enabled"]) == (None, None, False)


async def test_a_new_secret_is_another_one(user: Person, made: Json) -> None:
    rotated = await user.post(f"/v1/webhooks/{made['webhook_id']}/secret", None)
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != made["secret"]


async def test_a_deleted_webhook_is_gone_and_may_be_deleted_again(user: Person, made: Json) -> None:
    path = f"/v1/webhooks/{made['webhook_id']}"
    first, again = await user.http.delete(path), await user.http.delete(path)
    assert (first.status_code, first.json()) == (200, again.json())
    assert (await user.get("/v1/webhooks"))["items"] == []
    assert (await user.http.get(path)).status_code == 404
    for action in ("retry", "secret", "test"):
        assert (await user.http.post(f"{path}/{action}")).status_code == 404
    taken = {"id": made["webhook_id"], "url": URL, "name": "mine"}
    assert (await user.http.post("/v1/webhooks", json=taken)).status_code == 409


BAD_BODIES: tuple[Json, ...] = (
    {},
    {"url": None},
    {"url": 1},
    {"url": "http://hooks.example.com/"},
    {"url": "https://127.0.0.1/"},
    {"url": "https://169.254.169.254/latest"},
    {"url": "https://0x7f.1/"},
    {"url": "https://localhost/"},
    {"url": "file:///etc/passwd"},
    {"url": "https://user:secret@hooks.example.com/"},
    {"url": URL, "names": []},
    {"url": URL, "names": ["completion.nothing"]},
    {"url": URL, "names": ["completion.message_recorded"]},
    {"url": URL, "names": "completion.finished"},
    {"url": URL, "all_threads": "true"},
    {"url": URL, "name": ""},
    {"url": URL, "name": "a" * 101},
    {"url": URL, "id": "mine"},
    {"url": URL, "secret": "whsec_mine"},
)


@pytest.mark.parametrize("body", BAD_BODIES, ids=str)
async def test_a_bad_webhook_is_refused_and_nothing_is_written(
    house: House, user: Person, body: Json
) -> None:
    before = await house.last_position()
    answer = await user.http.post("/v1/webhooks", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "/problems/request-invalid"
    assert "secret@" not in answer.text
    assert await house.last_position() == before


@pytest.mark.parametrize(
    "bad",
    [
        ("PATCH", "", {"url": None}, 422),
        ("PATCH", "", {"url": ""}, 422),
        ("PATCH", "", {"url": "https://10.0.0.1/"}, 422),
        ("PATCH", "", {"enabled": None}, 422),
        ("PATCH", "", {"all_threads": True}, 422),
        ("PATCH", "", {"names": ["account.key_issued"]}, 422),
        ("PATCH", "", [], 422),
        ("POST", "/replay", {}, 422),
        ("POST", "/replay", {"after": -1}, 422),
        ("POST", "/replay", {"after": 2**63}, 422),
        ("POST", "/replay", {"after": "0"}, 422),
        ("POST", "/replay", {"after": 2**62}, 400),
        ("GET", "/deliveries?state=alive", None, 422),
        ("GET", "/deliveries?limit=0", None, 422),
        ("GET", "/deliveries?limit=1001", None, 422),
        ("GET", "/deliveries?cursor=no", None, 400),
    ],
)
async def test_bad_requests_about_a_webhook_are_refused(
    house: House, user: Person, made: Json, bad: tuple[str, str, object, int]
) -> None:
    method, path, body, status = bad
    before = await house.last_position()
    answer = await user.http.request(method, f"/v1/webhooks/{made['webhook_id']}{path}", json=body)
    assert answer.status_code == status, answer.text
    assert await house.last_position() == before


async def test_a_test_says_why_nothing_arrived(user: Person) -> None:
    made = await user.post("/v1/webhooks", {"url": "https://nowhere.example.invalid/"})
    tried = await user.post(f"/v1/webhooks/{made['webhook_id']}/test", None)
    assert tried == {"arrived": False, "status": None, "error": "ConnectError"}


async def test_what_does_not_arrive_is_listed_and_comes_after_a_retry_and_a_replay(
    private_house: House,
) -> None:
    user, healthy = await private_house.person(), False

    async def answer(_: Post) -> bytes:
        return OK if healthy else ERROR

    async with receiving(answer) as receiver:
        made = await user.post("/v1/webhooks", {"url": receiver.url})
        path = f"/v1/webhooks/{made['webhook_id']}"
        tried = await user.post(f"{path}/test", None)
        assert tried == {"arrived": False, "status": 500, "error": None}
        assert receiver.posts[0].event["name"] == "webhook.test"
        thread = (await user.start())["thread_id"]

        async def dead(count: int) -> bool:
            return (await user.get(path))["dead"] == count

        sender = WebhookSender(
            private_house.url, private=True, patience=Patience(pauses_seconds=())
        )
        async with running(sender):
            await until(lambda: dead(4))
            page = await user.get(f"{path}/deliveries", state="dead", limit=3)
            rest = await user.get(f"{path}/deliveries", limit=3, cursor=page["next"])
            rows = [*page["items"], *rest["items"]]
            assert [row["position"] for row in rows] == sorted(row["position"] for row in rows)
            for row in rows:
                assert (row["state"], row["attempts"], row["due_at"]) == ("dead", 1, None)
                assert (row["error"], row["thread_id"]) == ("HTTP 500", thread)
            assert "secret" not in str(rows), "nothing of what the receiver said"
            assert (await user.get(f"{path}/deliveries", state="pending"))["items"] == []
            healthy = True
            before = len(receiver.posts)
            await user.post(f"{path}/retry", None)
            await until(lambda: dead(0))
            await until(lambda: len(receiver.posts) == before + 4)
            await user.post(f"{path}/replay", {"after": 0})
            await until(lambda: len(receiver.posts) == before + 8)

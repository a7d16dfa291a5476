"""Every route for everybody: owners, strangers, each role, nobody, and a key that was revoked."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from application.ports import StreamAppend
from domain.account_events import ThreadRead
from domain.execution_events import ExecutionDispatched
from interfaces.http.access import ALLOWED, BY_RESULT_TOKEN, PUBLIC
from interfaces.http.app import routes_only
from interfaces.http.openapi import BODIES
from tests.interfaces.http.house import FIRST_KEY, House, Person
from tests.interfaces.http.worker import ask_first

READ = [
    "list_threads",
    "count_threads",
    "get_thread",
    "list_messages",
    "list_completions",
    "get_completion",
    "list_tool_executions",
    "get_tool_execution",
    "get_events",
    "get_own_events",
    "search",
    "list_agents",
]
WRITE = [
    "start_thread",
    "rename_thread",
    "archive_thread",
    "post_message",
    "withdraw_message",
    "cancel_completion",
    "answer_approval",
    "cancel_tool_execution",
]
KEYS = ["list_keys", "issue_key", "revoke_key", "issue_sign_in_link"]
AUDITS = [  # see test_audit_reads
    "audit_thread",
    "audit_diff",
    "audit_replay",
    "audit_requests",
    "audit_events",
]
WEBHOOKS = [
    "create_webhook",
    "list_webhooks",
    "get_webhook",
    "change_webhook",
    "delete_webhook",
    "list_deliveries",
    "replay_webhook",
    "retry_webhook",
    "rotate_webhook_secret",
    "try_webhook",
]
BY_TOKEN = ["deliver_result"]  # see test_tool_results
HEALTH = ["live", "ready", "metrics", "openapi", "reference"]
MAY_CALL = {
    "user": {*READ, *WRITE, *KEYS, *WEBHOOKS},
    "admin": {*READ, *WRITE, *KEYS, *WEBHOOKS},
    "auditor": {*READ, *AUDITS, "list_keys", "issue_sign_in_link"},
    "analyst": {*KEYS},
}


@dataclass(frozen=True)
class Call:
    """One call of a route."""

    route: str
    method: str
    path: str
    body: object = None

    async def by(self, client: httpx2.AsyncClient) -> httpx2.Response:
        return await client.request(self.method, self.path, json=self.body)


def routes() -> list[str]:
    """The names of all routes of the application but the pages (see tests/interfaces/admin)."""
    return [
        context.name or ""
        for context in iter_route_contexts(routes_only().routes)
        if not (context.path or "").startswith(("/_admin", "/_events")) and context.path != "/"
    ]


@dataclass(frozen=True)
class Things:
    """What somebody has: a thread, an answer that asks first, a message that waits, and a tool."""

    owner: Person
    thread: str
    message: str
    completion: str
    execution: str
    webhook: str

    def calls(self, *, another: str | None = None) -> Iterator[Call]:
        """A valid call of each route that touches them; `another` stands in place of every id."""
        thread = f"/v1/threads/{another or self.thread}"
        completion = f"/v1/completions/{another or self.completion}"
        execution = f"/v1/tool-executions/{another or self.execution}"
        yield Call("get_thread", "GET", thread)
        yield Call("list_messages", "GET", f"{thread}/messages")
        yield Call("list_completions", "GET", f"{thread}/completions")
        yield Call("get_completion", "GET", completion)
        yield Call("list_tool_executions", "GET", f"{thread}/tool-executions")
        yield Call("get_tool_execution", "GET", execution)
        yield Call("get_events", "GET", f"{thread}/events")
        yield Call("rename_thread", "PATCH", thread, {"title": "mine"})
        yield Call("post_message", "POST", f"{thread}/messages", {"text": "more"})
        yield Call("withdraw_message", "DELETE", f"{thread}/messages/{another or self.message}")
        answer = {"tool_call_id": "call-1", "approved": True}
        yield Call("answer_approval", "POST", f"{completion}/approvals", answer)
        yield Call("cancel_completion", "POST", f"{completion}/cancel", {})
        yield Call("cancel_tool_execution", "POST", f"{execution}/cancel", {})
        yield Call("archive_thread", "DELETE", thread)
        webhook = f"/v1/webhooks/{another or self.webhook}"
        yield Call("get_webhook", "GET", webhook)
        yield Call("change_webhook", "PATCH", webhook, {"name": "mine"})
        yield Call("list_deliveries", "GET", f"{webhook}/deliveries")
        yield Call("replay_webhook", "POST", f"{webhook}/replay", {"after": 0})
        yield Call("retry_webhook", "POST", f"{webhook}/retry")
        yield Call("rotate_webhook_secret", "POST", f"{webhook}/secret")
        yield Call("try_webhook", "POST", f"{webhook}/test")
        yield Call("delete_webhook", "DELETE", webhook)
        yield Call("revoke_key", "DELETE", f"/v1/keys/{another or self.owner.key_id}")


def anybodys_calls() -> Iterator[Call]:
    """A valid call of each route that names nothing."""
    yield Call("list_threads", "GET", "/v1/threads")
    yield Call("count_threads", "GET", "/v1/threads/count")
    yield Call("search", "GET", "/v1/search?q=secret")
    yield Call("get_own_events", "GET", "/v1/events")
    yield Call("start_thread", "POST", "/v1/threads", {})
    yield Call("list_agents", "GET", "/v1/agents")
    yield Call("list_keys", "GET", "/v1/keys")
    yield Call("issue_key", "POST", "/v1/keys", {})
    yield Call("issue_sign_in_link", "POST", "/v1/sign-in-links")
    yield Call("list_webhooks", "GET", "/v1/webhooks")
    yield Call("create_webhook", "POST", "/v1/webhooks", {"url": "https://nowhere.invalid/"})


async def things_of(house: House, owner: Person) -> Things:
    started = await owner.start("a secret")
    thread, completion = started["thread_id"], started["completion_id"]
    queued = await owner.post(f"/v1/threads/{thread}/messages", {"text": "another secret"})
    await ask_first(house, completion, "call-1")
    execution = uuid4()
    dispatched = ExecutionDispatched(UUID(completion), "call-1", "search", "search", {})
    await house.log.append(
        StreamAppend(execution, 0, [dispatched], UUID(thread), owner.id), actor="worker:test"
    )
    await house.projected()
    webhook = await owner.post("/v1/webhooks", {"url": "https://nowhere.invalid/"})
    message = queued["message_id"]
    return Things(owner, thread, message, completion, str(execution), webhook["webhook_id"])


@pytest.fixture
async def things(house: House, user: Person) -> Things:
    return await things_of(house, user)


def test_every_route_is_in_the_table_and_nothing_else_is() -> None:
    assert frozenset(HEALTH) == PUBLIC
    assert {role: set(routes) for role, routes in ALLOWED.items()} == MAY_CALL
    assert frozenset(BY_TOKEN) == BY_RESULT_TOKEN
    assert sorted(routes()) == sorted(
        [*HEALTH, *READ, *WRITE, *KEYS, *WEBHOOKS, *AUDITS, *BY_TOKEN]
    )


def test_every_route_but_the_public_ones_asks_who_calls() -> None:
    document = routes_only().openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            is_public = operation["operationId"] in PUBLIC
            assert ("security" not in operation) == is_public, path


async def test_every_call_of_these_tests_is_a_route_of_its_own(things: Things) -> None:
    calls = [call.route for call in (*things.calls(), *anybodys_calls())]
    assert sorted(calls) == sorted([*READ, *WRITE, *KEYS, *WEBHOOKS])


async def test_an_owner_may_do_everything(things: Things) -> None:
    for call in (*anybodys_calls(), *things.calls()):
        answer = await call.by(things.owner.http)
        assert answer.is_success, (call, answer.text)


@pytest.mark.parametrize("role", ["user", "admin"])
async def test_somebody_elses_thing_is_as_good_as_none(
    house: House, things: Things, role: str
) -> None:
    stranger = await house.person("admin" if role == "admin" else "user")
    before = await house.last_position()
    missing = {call.route: call for call in things.calls(another=str(uuid4()))}
    for call in things.calls():
        theirs, none = await asyncio.gather(
            call.by(stranger.http), missing[call.route].by(stranger.http)
        )
        assert theirs.status_code == 404, (call, theirs.text)
        assert theirs.content == none.content
        assert theirs.headers.items() == none.headers.items() or _but_date(theirs) == _but_date(
            none
        )
    assert await house.last_position() == before
    for path in ("/v1/threads", "/v1/threads?archived=true"):
        assert (await stranger.get(path))["items"] == []


def _but_date(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


async def test_what_a_role_may_not_call_is_refused_before_anything_is_looked_up(
    house: House, things: Things
) -> None:
    for role in ("auditor", "analyst"):
        person = await house.person(role)
        before = await house.last_position()
        for call in (*things.calls(), *things.calls(another=str(uuid4())), *anybodys_calls()):
            if call.route not in MAY_CALL[role]:
                answer = await call.by(person.http)
                assert answer.status_code == 403, (role, call, answer.text)
                assert answer.json()["type"] == "/problems/not-permitted"
        assert await house.last_position() == before


async def test_an_analyst_has_nothing_but_their_own_keys(house: House, things: Things) -> None:
    analyst = await house.person("analyst")
    calls = [*things.calls(), *anybodys_calls()]
    answers = {call.route: (await call.by(analyst.http)).status_code for call in calls}
    assert {route for route, status in answers.items() if status < 400} == {
        "list_keys",
        "issue_key",
        "issue_sign_in_link",
    }
    assert answers["revoke_key"] == 404  # somebody else's


async def test_without_a_valid_key_nobody_is_told_anything(house: House, things: Things) -> None:
    revoked = await house.person()
    await house.revoke(revoked)
    nobody = house.client(None)
    made_up = house.client(revoked.key[:-4] + "AAAA")
    before = await house.last_position()
    for client in (nobody, revoked.http, made_up):
        for call in (*things.calls(), *anybodys_calls()):
            answer = await call.by(client)
            assert answer.status_code == 401, (call, answer.text)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["type"] == "/problems/not-authenticated"
    assert await house.last_position() == before


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Basic {}", "Token {}", "{}", "Bearer {} {}", "Bearer \xe9"]
)
async def test_a_key_is_shown_as_a_bearer_key_or_not_at_all(house: House, shown: str) -> None:
    value = shown.replace("{}", FIRST_KEY).encode("latin-1")
    answer = await house.client(None).get("/v1/threads", headers=[(b"Authorization", value)])
    assert answer.status_code == 401


async def test_a_long_key_is_refused(house: House) -> None:
    answer = await house.client("tl_" + "A" * 10_000).get("/v1/threads")
    assert answer.status_code == 401


async def test_a_key_in_the_address_counts_for_nothing(house: House) -> None:
    answer = await house.client(None).get("/v1/threads", params={"key": FIRST_KEY})
    assert answer.status_code == 401


async def test_health_and_documents_are_for_everybody(house: House) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert (await house.client(None).get(path)).status_code == 200


async def test_an_auditor_sees_what_everybody_has(house: House, things: Things) -> None:
    auditor = await house.person("auditor")
    for call in things.calls():
        if call.method == "GET" and call.route in MAY_CALL["auditor"]:
            theirs, own = await asyncio.gather(call.by(auditor.http), call.by(things.owner.http))
            assert theirs.status_code == 200
            assert theirs.content == own.content
    page = await auditor.get("/v1/threads", limit=1000)
    assert things.thread in [thread["id"] for thread in page["items"]]


async def test_an_auditors_look_at_somebody_elses_thread_is_written_down_once_a_minute(
    house: House, things: Things
) -> None:
    auditor = await house.person("auditor")
    for call in things.calls():
        if call.method == "GET":
            await call.by(auditor.http)
    stream = uuid5(auditor.key_id, f"access {datetime.now(UTC).date().isoformat()}")
    events = await house.log.read_stream(stream)
    assert [event.event for event in events] == [ThreadRead(UUID(things.thread), "get_thread")]
    [event] = events
    assert event.actor == f"user:{auditor.id}"
    assert (event.thread_id, event.owner_id) == (None, None)
    owners = await things.owner.get(f"/v1/threads/{things.thread}/events", limit=1000)
    assert "access.thread_read" not in {one["name"] for one in owners["items"]}


async def test_an_auditors_list_writes_down_every_thread_that_it_shows(
    house: House, things: Things
) -> None:
    second = await things_of(house, things.owner)
    auditor = await house.person("auditor")
    page = await auditor.get("/v1/threads", limit=2)
    assert {thread["id"] for thread in page["items"]} == {things.thread, second.thread}
    stream = uuid5(auditor.key_id, f"access {datetime.now(UTC).date().isoformat()}")
    reads = [one.event for one in await house.log.read_stream(stream)]
    assert {read.thread_id for read in reads if isinstance(read, ThreadRead)} == {
        UUID(things.thread),
        UUID(second.thread),
    }


async def test_an_auditors_look_at_a_missing_thread_is_no_event(house: House) -> None:
    auditor = await house.person("auditor")
    before = await house.last_position()
    answer = await auditor.http.get(f"/v1/threads/{uuid4()}")
    assert answer.status_code == 404
    assert await house.last_position() == before


def test_every_body_is_strict_and_forbids_what_it_does_not_know() -> None:
    for body in BODIES:
        assert body.model_config.get("strict") is True
        assert body.model_config.get("extra") == "forbid"

"""Whatever a client sends is answered with a clear 4xx problem, and nothing is written."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from interfaces.http.paging import cursor_of
from tests.interfaces.http.house import House, Json, Person

JSON = {"Content-Type": "application/json"}
LATIN_1 = "application/json; charset=latin-1"
NOTHING: dict[str, str] = {}


@dataclass(frozen=True)
class Bad:
    """A request and the status that refuses it. THREAD stands for a thread of the caller's."""

    status: int
    path: str
    content: str | bytes | None = None
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)


def body(status: int, **fields: object) -> Bad:
    """A message like this."""
    return Bad(status, "/v1/threads/THREAD/messages", json.dumps(fields))


def raw(status: int, content: str | bytes) -> Bad:
    """A thread with this body."""
    return Bad(status, "/v1/threads", content)


def nested(levels: int) -> str:
    """A body of so many objects in each other."""
    inside = '{"a":' * (levels - 1) + "1" + "}" * (levels - 1)
    return f'{{"metadata":{inside}}}'


def query(status: int, path: str, **headers: str) -> Bad:
    """A GET."""
    return Bad(status, path, method="GET", headers=headers)


def typed(media_type: str) -> Mapping[str, str]:
    return {"Content-Type": media_type}


def keyed(status: int, key: str) -> Bad:
    return Bad(status, "/v1/threads", "{}", headers={**JSON, "Idempotency-Key": key})


CANCEL = f"/v1/completions/{uuid4()}/cancel"
APPROVALS = f"/v1/completions/{uuid4()}/approvals"
EVENTS = "/v1/threads/THREAD/events"
MESSAGES = "/v1/threads/THREAD/messages"
CASES = {
    # text that cannot be kept
    "NUL in a text": raw(422, r'{"message": {"text": "a\u0000b"}}'),
    "NUL in a title": raw(422, r'{"title": "\u0000"}'),
    "NUL deep in metadata": raw(422, r'{"metadata": {"a": [{"b": "\u0000"}]}}'),
    "NUL in a name": raw(422, r'{"metadata": {"\u0000": 1}}'),
    "NUL in a reason": Bad(422, CANCEL, r'{"reason": "\u0000"}'),
    "raw NUL": raw(400, '{"title": "a\0b"}'),
    "lone surrogate": raw(422, r'{"message": {"text": "\ud800"}}'),
    "lone low surrogate": raw(422, r'{"metadata": {"a": "x\udfff"}}'),
    "lone surrogate in a name": raw(422, r'{"metadata": {"\ud800": 1}}'),
    "swapped surrogates": raw(422, r'{"title": "\udc00\ud800"}'),
    "invalid UTF-8": raw(400, b'{"title": "\xff"}'),
    "surrogate as UTF-8": raw(400, b'{"title": "\xed\xa0\x80"}'),
    "UTF-16": raw(400, '{"title": "a"}'.encode("utf-16")),
    # what is no JSON, or not the same JSON for everybody
    "no JSON": raw(400, "{"),
    "two values": raw(400, "{}{}"),
    "no body": Bad(400, "/v1/threads/THREAD/messages", ""),
    "single quotes": raw(400, "{'title': 'a'}"),
    "control character": raw(400, '{"title": "a\nb"}'),
    "NaN": raw(422, '{"metadata": {"a": NaN}}'),
    "Infinity": raw(422, '{"metadata": {"a": [Infinity]}}'),
    "-Infinity": raw(422, '{"metadata": {"a": -Infinity}}'),
    "1e999": raw(422, '{"metadata": {"a": 1e999}}'),
    "-1e999": raw(422, '{"metadata": {"a": -1e999}}'),
    "an integer of 5,000 digits": raw(422, '{"metadata": {"a": %s}}' % ("9" * 5000)),
    "an integer beyond 64 bits": raw(422, '{"metadata": {"a": 9223372036854775808}}'),
    "a name twice": raw(422, '{"title": "a", "title": "b"}'),
    "a name twice inside": raw(422, '{"metadata": {"a": {"b": 1, "b": 1}}}'),
    "a name twice, once escaped": raw(422, r'{"title": "a", "t\u0069tle": "b"}'),
    "65 levels": raw(400, nested(65)),
    "300 levels": raw(400, nested(300)),
    "100,000 arrays": raw(400, "[" * 100_000),
    "100,000 closed arrays": raw(400, "[" * 100_000 + "]" * 100_000),
    # wrong types and shapes
    "a list for a body": raw(422, "[]"),
    "a string for a body": raw(422, '"title"'),
    "null for a body": raw(422, "null"),
    "unknown field": raw(422, '{"titel": "a"}'),
    "unknown field inside": body(422, text="a", role="system"),
    "history is not taken": body(422, text="a", messages=[{"role": "system", "content": "x"}]),
    "bool for a string": raw(422, '{"title": true}'),
    "number for a string": raw(422, '{"title": 1}'),
    "string for metadata": raw(422, '{"metadata": "a"}'),
    "list for metadata": raw(422, '{"metadata": []}'),
    "null for metadata": raw(422, '{"metadata": null}'),
    "number for an id": raw(422, '{"id": 1}'),
    "text for an id": raw(422, '{"id": "no-uuid"}'),
    "a long text for an id": raw(422, '{"id": "%s"}' % ("a" * 100_000)),
    "enum case": body(422, text="a", when_busy="ENQUEUE"),
    "unknown mode": body(422, text="a", when_busy="later"),
    "no mode": body(422, text="a", when_busy=None),
    "parts that are no list": body(422, parts={"content": "a"}),
    "a part without content": body(422, parts=[NOTHING]),
    "a part of another kind": body(422, parts=[{"kind": "image", "content": "a"}]),
    "a file for a part": body(422, parts=[{"kind": "text", "content": "a", "url": "file:///"}]),
    "no parts": body(422, parts=[]),
    "too many parts": body(422, parts=[{"content": "a"}] * 101),
    "neither text nor parts": body(422),
    "both text and parts": body(422, text="a", parts=[{"content": "a"}]),
    "empty text": body(422, text=""),
    "white space": body(422, text=" \t\n\u00a0\u2003"),
    "white space in parts": body(422, parts=[{"content": "\n"}]),
    "null for a text": body(422, text=None),
    "text too long": body(422, text="a" * (256 * 1024 + 1)),
    "text too long in bytes": body(422, text="é" * (128 * 1024 + 1)),
    "parts too long together": body(422, parts=[{"content": "a" * (100 * 1024)}] * 3),
    "title too long": raw(422, '{"title": "%s"}' % ("a" * 201)),
    "empty title": raw(422, '{"title": ""}'),
    "metadata too large": raw(422, '{"metadata": {"a": "%s"}}' % ("a" * 16 * 1024)),
    "unknown agent": raw(422, '{"agent": "nobody"}'),
    "unknown parent": body(422, text="a", parent_id=str(uuid4())),
    "no title": Bad(422, "/v1/threads/THREAD", "{}", method="PATCH"),
    "null for a title": Bad(422, "/v1/threads/THREAD", '{"title": null}', method="PATCH"),
    "a reason too long": Bad(422, CANCEL, json.dumps({"reason": "a" * 1001})),
    "text for a decision on tools": Bad(422, CANCEL, '{"tools": "no"}'),
    "no decision": Bad(422, APPROVALS, '{"tool_call_id": "a"}'),
    "a decision on nothing": Bad(422, APPROVALS, '{"approved": true}'),
    "a decision on an empty id": Bad(422, APPROVALS, '{"tool_call_id": "", "approved": true}'),
    "text for a decision": Bad(422, APPROVALS, '{"tool_call_id": "a", "approved": "yes"}'),
    "NUL in a call's id": Bad(422, APPROVALS, r'{"tool_call_id": "\u0000", "approved": true}'),
    "a key of the past": Bad(422, "/v1/keys", '{"expires_at": "2001-01-01T00:00:00Z"}'),
    "the end of time": Bad(422, "/v1/keys", '{"expires_at": "9999-12-31T23:59:59-12:00"}'),
    "a time without zone": Bad(422, "/v1/keys", '{"expires_at": "2999-01-01T00:00:00"}'),
    "a number for a time": Bad(422, "/v1/keys", '{"expires_at": 99999999999}'),
    "an unknown role": Bad(422, "/v1/keys", '{"role": "root"}'),
    # content types and encodings
    "a form": Bad(415, "/v1/threads", "a=b", headers=typed("application/x-www-form-urlencoded")),
    "plain text": Bad(415, "/v1/threads", "{}", headers=typed("text/plain")),
    "no content type": Bad(415, "/v1/threads", "{}", headers={}),
    "nonsense for a content type": Bad(415, "/v1/threads", "{}", headers=typed(";;/")),
    "another charset": Bad(415, "/v1/threads", "{}", headers=typed(LATIN_1)),
    "compressed": Bad(415, "/v1/threads", "{}", headers={**JSON, "Content-Encoding": "gzip"}),
    # sizes
    "a body over 1 MiB": Bad(413, "/v1/threads", b" " * (1024 * 1024) + b"{}"),
    "a body of 5 MB": body(413, text="a" * 5_000_000),
    # idempotency keys
    "an empty key": keyed(400, ""),
    "a key of 201 characters": keyed(400, "a" * 201),
    "a key of 10 kB": keyed(400, "a" * 10_000),
    "a tab in a key": keyed(400, "a\tb"),
    # ids in paths
    "no uuid": query(422, "/v1/threads/no-uuid"),
    "no uuid for a message": Bad(422, "/v1/threads/THREAD/messages/1", method="DELETE", headers={}),
    "NUL in a path": query(422, "/v1/threads/%00"),
    "invalid UTF-8 in a path": query(422, "/v1/completions/%ff"),
    "a surrogate in a path": query(422, "/v1/completions/%ed%a0%80"),
    "a slash in a path": query(404, "/v1/threads/..%2f..%2fetc"),
    "a trailing slash": query(404, "/v1/threads/"),
    "no such route": query(404, "/v1/nothing"),
    "no such version": query(404, "/v2/threads"),
    "no such method": Bad(405, "/v1/threads", method="PUT"),
    "missing thread": query(404, f"/v1/threads/{uuid4()}"),
    "missing completion": query(404, f"/v1/completions/{uuid4()}"),
    "missing execution": query(404, f"/v1/tool-executions/{uuid4()}"),
    # paging
    "limit 0": query(422, "/v1/threads?limit=0"),
    "limit 1001": query(422, "/v1/threads?limit=1001"),
    "limit -1": query(422, "/v1/threads?limit=-1"),
    "limit NaN": query(422, "/v1/threads?limit=NaN"),
    "limit 1e3": query(422, "/v1/threads?limit=1e3"),
    "a limit of 5,000 digits": query(422, f"/v1/threads?limit={'9' * 5000}"),
    "a made-up cursor": query(400, "/v1/threads?cursor=abc"),
    "a cursor that is a number": query(400, "/v1/threads?cursor=12"),
    "a cursor of NUL": query(400, "/v1/threads?cursor=%00"),
    "a cursor of other characters": query(400, "/v1/threads?cursor=%C3%A9"),
    "a cursor of another list": query(400, f"{MESSAGES}?cursor={cursor_of('threads', 1)}"),
    "a cursor with a sign": query(400, f"/v1/threads?cursor={cursor_of('threads', -1)}"),
    "a cursor beyond int64": query(400, f"/v1/threads?cursor={cursor_of('threads', 10**20)}"),
    "a cursor of no branch": query(400, f"{MESSAGES}?cursor={cursor_of('branch', 'x', 1)}"),
    "a long cursor": query(400, f"/v1/threads?cursor={'A' * 20_000}"),
    "no boolean": query(422, f"{MESSAGES}?all=perhaps"),
    # positions
    "a position that is none": query(422, "/v1/threads?min_position=abc"),
    "a negative position": query(422, "/v1/threads?min_position=-1"),
    "a position beyond int64": query(422, f"/v1/threads?min_position={2**63}"),
    "a position beyond the log": query(400, f"/v1/threads?min_position={2**62}"),
    # events
    "event cursor abc": query(400, f"{EVENTS}?after=abc"),
    "event cursor 0x10": query(400, f"{EVENTS}?after=0x10"),
    "event cursor 1e3": query(400, f"{EVENTS}?after=1e3"),
    "event cursor with spaces": query(400, f"{EVENTS}?after=%2012%20"),
    "event cursor 1_000": query(400, f"{EVENTS}?after=1_000"),
    "event cursor in Arabic digits": query(400, f"{EVENTS}?after=%D9%A1"),
    "event cursor beyond int64": query(400, f"{EVENTS}?after={2**63}"),
    "event cursor -2": query(400, f"{EVENTS}?after=-2"),
    "two event cursors": query(400, f"{EVENTS}?after=1&after=2"),
    "event cursor ahead": query(409, f"{EVENTS}?after={2**62}"),
    "Last-Event-ID abc": query(400, EVENTS, **{"Last-Event-ID": "abc"}),
    "of a stream": query(400, f"{EVENTS}?after=abc", Accept="text/event-stream"),
    "an unknown event": query(422, f"{EVENTS}?names=completion.thought"),
    "an event that is not public": query(422, f"{EVENTS}?names=completion.message_recorded"),
    "an unknown end": query(422, f"{EVENTS}?until=tomorrow"),
    # headers
    "headers of 100 kB": query(431, "/v1/threads", Junk="a" * 100_000),
    "a junk host": query(400, "/v1/threads", Host="evil.example"),
    "a host with a path": query(400, "/v1/threads", Host="127.0.0.1/x?"),
}  # fmt: skip


def problem_of(answer: httpx2.Response, *, status: int) -> Json:
    """The problem, after looking at its shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    problem: Json = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("/problems/")
    assert problem["title"]
    assert "Traceback" not in answer.text
    assert len(answer.content) < 20_000
    return problem


@pytest.fixture(scope="module")
async def author(house: House) -> Person:
    return await house.person()


@pytest.fixture(scope="module")
async def thread(author: Person) -> str:
    started = await author.start()
    thread: str = started["thread_id"]
    return thread


@pytest.mark.parametrize("name", CASES)
async def test_it_is_refused_and_nothing_is_written(
    house: House, author: Person, thread: str, name: str
) -> None:
    bad = CASES[name]
    before = await house.last_position()
    answer = await author.http.request(
        bad.method,
        bad.path.replace("THREAD", thread),
        content=bad.content,
        headers=dict(bad.headers),
    )
    problem = problem_of(answer, status=bad.status)
    assert await house.last_position() == before
    if problem["type"] == "/problems/request-invalid":
        assert problem["detail"]
        assert all(error["loc"] and error["msg"] for error in problem["errors"])


async def test_the_field_is_named_and_the_input_is_not_repeated(author: Person) -> None:
    answer = await author.http.post(
        "/v1/threads", json={"message": {"text": "a secret", "id": "top-secret"}}
    )
    problem = problem_of(answer, status=422)
    assert [error["loc"] for error in problem["errors"]] == [["body", "message", "id"]]
    assert "secret" not in answer.text


@pytest.mark.parametrize("fault", [r"\u0000", r"\ud800"])
async def test_the_place_of_text_that_cannot_be_kept_is_named(author: Person, fault: str) -> None:
    content = f'{{"metadata": {{"a": ["fine", {{"b": "{fault}"}}]}}}}'
    answer = await author.http.post("/v1/threads", content=content, headers=JSON)
    [error] = problem_of(answer, status=422)["errors"]
    assert error["loc"] == ["body", "metadata", "a", 1, "b"]


async def test_an_endless_body_is_refused_and_cut_off(house: House, author: Person) -> None:
    before = await house.last_position()
    server = urlsplit(house.address)
    reader, writer = await asyncio.open_connection(server.hostname, server.port)
    writer.write(
        b"POST /v1/threads HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer %s\r\n\r\n" % author.key.encode()
    )

    async def send_for_ever() -> None:
        with suppress(OSError):
            while True:
                writer.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
                await writer.drain()

    sending = asyncio.create_task(send_for_ever())
    async with asyncio.timeout(10):
        head = await reader.readuntil(b"\r\n\r\n")
        await sending
    writer.close()
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head
    assert await house.last_position() == before


async def test_a_stranger_is_refused_before_the_body_is_read(house: House) -> None:
    server = urlsplit(house.address)
    reader, writer = await asyncio.open_connection(server.hostname, server.port)
    writer.write(
        b"POST /v1/threads HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
        b"Content-Type: application/json\r\n\r\n{"
    )
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_two_different_idempotency_keys_are_refused(author: Person) -> None:
    headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b"), *JSON.items()]
    answer = await author.http.post("/v1/threads", content="{}", headers=headers)
    problem_of(answer, status=400)


async def test_a_cursor_of_another_thread_is_refused(author: Person, thread: str) -> None:
    other = await author.start()
    for accept in ("application/json", "text/event-stream"):
        answer = await author.http.get(
            f"/v1/threads/{thread}/events",
            params={"after": other["position"]},
            headers={"Accept": accept},
        )
        problem_of(answer, status=404)


GOOD = {
    "text": "\u0301" * 1000 + "\u202e\u200b\x1b[31m\u2028\r\n <script>",
    "as long as may be": "é" * (128 * 1024),
    "a whole pair": "\U0001f600",
    "looks like an escape": "\\u0000 \\ud800",
}


@pytest.mark.parametrize("name", GOOD)
async def test_strange_text_is_kept_as_it_was_sent(author: Person, name: str) -> None:
    started = await author.post("/v1/threads", {"message": {"text": GOOD[name]}})
    page = await author.get(
        f"/v1/threads/{started['thread_id']}/messages", min_position=started["position"]
    )
    assert page["items"][0]["parts"] == [{"kind": "text", "content": GOOD[name]}]


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"\xef\xbb\xbf{}", JSON),
        (b"", {}),
        (b"{}", {"Content-Type": "application/JSON; charset=UTF-8"}),
        (nested(64), JSON),
        (b'{"metadata": {"a": 9223372036854775807, "b": 1e308}}', JSON),
        (b'{"title": "%s"}' % ("é" * 200).encode(), JSON),
    ],
)
async def test_what_is_merely_unusual_is_taken(
    author: Person, content: str | bytes, headers: dict[str, str]
) -> None:
    answer = await author.http.post("/v1/threads", content=content, headers=headers)
    assert answer.status_code == 201, answer.text


async def test_unknown_query_parameters_and_forwarded_headers_change_nothing(
    user: Person,
) -> None:
    started = await user.start()
    plain = await user.get("/v1/threads", min_position=started["position"])
    headers = {"X-Forwarded-For": "evil", "X-Forwarded-Host": "evil", "Forwarded": "host=evil"}
    answer = await user.http.get("/v1/threads?utm=1", headers=headers)
    assert answer.json() == plain


async def test_numbers_in_metadata_come_back_as_they_were_sent(author: Person) -> None:
    metadata: dict[str, Any] = {"a": 9223372036854775807, "b": 0.1, "c": True, "d": None, "é": []}
    started = await author.post("/v1/threads", {"metadata": metadata})
    thread = await author.get(f"/v1/threads/{started['thread_id']}")
    assert thread["metadata"] == metadata

"""Links that are slow, break, and swallow the one answer that mattered."""

import asyncio
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from tests.faults.links import Links, lose
from tests.faults.proxy import FaultProxy
from tests.model_server import ask
from tests.system.client import Client, Json, connected, sha256, valid_text
from tests.system.stack import KEY, Stack

pytestmark = pytest.mark.usefixtures("healed")


async def new_thread(client: Client) -> str:
    started = await client.post("/v1/threads")
    thread: str = started["thread_id"]
    return thread


async def assert_said_once(client: Client, thread: str, said: Json, *, text: str) -> None:
    """The message is in its thread once, and was answered once."""
    seen = await client.until_end(said["completion_id"], thread)
    assert seen[-1].name == "completion.finished"
    log = await client.public_log(thread)
    messages = [event for event in log if event["name"] == "thread.message_added"]
    assert [event["data"]["message_id"] for event in messages] == [said["message_id"]]
    assert text in str(messages[0]["data"])
    assert [event["name"] for event in log].count("completion.requested") == 1


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_a_message_whose_commit_is_cut_off_is_stored_once_and_acknowledged(
    client: Client, links: Links, lost: str
) -> None:
    """The API finds out by itself what became of it."""
    text = ask(f"commit {uuid4()}", words=3)
    thread = await new_thread(client)
    path = f"/v1/threads/{thread}/messages"
    before = links.postgres.resets
    lose(links.postgres, lost, marker=text.split()[1])
    key = {"Idempotency-Key": str(uuid4())}
    answers = [await client.http.post(path, json={"text": text}, headers=key) for _ in range(2)]
    assert links.postgres.resets > before
    assert not links.postgres.is_armed
    assert [answer.status_code for answer in answers] == [202, 202], answers[0].text
    assert answers[0].json() == answers[1].json()
    await assert_said_once(client, thread, answers[0].json(), text=text)


@pytest.fixture
async def to_api(stack: Stack) -> AsyncGenerator[FaultProxy]:
    address = urlsplit(stack.url)
    assert address.hostname
    assert address.port
    async with FaultProxy((address.hostname, address.port)) as proxy:
        yield proxy


@pytest.mark.parametrize("known_by", ["key", "id"])
async def test_a_client_that_lost_the_answer_repeats_its_request_and_learns_it(
    client: Client, to_api: FaultProxy, known_by: str
) -> None:
    text, chosen = ask(f"reply {uuid4()}", words=3), str(uuid4())
    thread = await new_thread(client)
    path = f"/v1/threads/{thread}/messages"
    body = {"text": text} if known_by == "key" else {"text": text, "id": chosen}
    key = {"Idempotency-Key": chosen} if known_by == "key" else {}
    async with connected(f"http://127.0.0.1:{to_api.port}", key=KEY) as cut_off:
        to_api.lose(b"HTTP/1.1 202", direction="down")
        with pytest.raises(httpx2.TransportError):
            await cut_off.http.post(path, json=body, headers=key)
        assert not to_api.is_armed
        again = await cut_off.http.post(path, json=body, headers=key)
    assert again.status_code in {200, 202}, again.text
    await assert_said_once(client, thread, again.json(), text=text)


async def test_a_stream_that_is_cut_at_any_byte_is_resumed_without_a_gap_or_a_repeat(
    client: Client, to_api: FaultProxy
) -> None:
    started = await client.start(ask(words=40, gap_seconds=0.02))
    thread, completion = started["thread_id"], started["completion_id"]

    async def cut_again_and_again() -> None:
        for count in (1, 700, 1500, 1501, 3000):
            to_api.cut_after(count)
            async with asyncio.timeout(10):
                while True:
                    if not to_api.is_armed:
                        break
                    await asyncio.sleep(0.005)

    async with connected(f"http://127.0.0.1:{to_api.port}", key=KEY) as cut_off:
        cutting = asyncio.create_task(cut_again_and_again())
        seen = await cut_off.until_end(completion, thread)
        await cutting
    log = await client.public_log(thread)
    assert [event.body for event in seen] == log[: len(seen)]
    assert to_api.resets >= 5


async def test_an_answer_comes_whole_over_a_slow_link_that_breaks(
    client: Client, links: Links
) -> None:
    """200 ms to PostgreSQL and back, and twice every connection breaks."""
    text = "".join(f"w{n} " for n in range(40))
    started = await client.start(ask(words=40, gap_seconds=0.03))
    thread, completion = started["thread_id"], started["completion_id"]
    links.postgres.delay(0.1)
    follow = asyncio.create_task(client.until_end(completion, thread))
    for _ in range(2):
        await asyncio.sleep(0.6)
        assert links.postgres.reset() >= 3
    seen = await follow
    assert [event.body for event in seen] == (await client.public_log(thread))[: len(seen)]
    assert seen[-1].name == "completion.finished", seen[-1]
    assert valid_text(seen, completion) == text
    assert seen[-1].data["answer"]["sha256"] == sha256(text)

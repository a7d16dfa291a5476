"""Servers that go away and come back: clear answers meanwhile, and no restart afterwards."""

import time

import pytest

from tests.faults.links import Links
from tests.model_server import ask
from tests.system.client import Client, sha256, valid_text
from tests.system.stack import eventually

pytestmark = pytest.mark.usefixtures("healed")


async def test_without_redis_messages_are_accepted_and_answered_live(
    client: Client, links: Links
) -> None:
    links.redis.shut()
    started = await client.start(ask(words=50, gap_seconds=0.02))
    thread, completion = started["thread_id"], started["completion_id"]
    seen = await client.until_end(completion, thread)
    assert seen[-1].name == "completion.finished"
    assert valid_text(seen, completion) == "".join(f"w{n} " for n in range(50))
    stopped = await client.start(ask(words=None, gap_seconds=0.02))
    await client.post(f"/v1/completions/{stopped['completion_id']}/cancel")
    seen = await client.until_end(stopped["completion_id"], stopped["thread_id"])
    assert seen[-1].name == "completion.cancelled", seen[-1]


@pytest.mark.parametrize("how", ["shut", "hold"])
async def test_without_postgres_commands_say_so_and_running_answers_wait_for_it(
    client: Client, links: Links, how: str
) -> None:
    started = await client.start(ask(words=100, gap_seconds=0.03))
    thread, completion = started["thread_id"], started["completion_id"]
    async for event in client.events(thread):
        if event.name == "completion.chunk":
            break
    if how == "shut":
        links.postgres.shut()
    else:
        links.postgres.hold()
    asked_at = time.monotonic()
    answer = await client.http.post("/v1/threads", json={"message": {"text": "hello"}})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert time.monotonic() - asked_at < 6.0  # promised: 3 s; the rest is for a busy machine
    assert (await client.http.get("/livez")).status_code == 200
    assert (await client.http.get("/readyz")).status_code == 503

    await links.postgres.heal()

    async def serves() -> bool:
        return (await client.http.post("/v1/threads", json={})).is_success

    await eventually(serves, seconds=15)
    seen = await client.until_end(completion, thread)
    assert seen[-1].name == "completion.finished"
    text = "".join(f"w{n} " for n in range(100))
    assert valid_text(seen, completion) == text
    assert seen[-1].data["answer"]["sha256"] == sha256(text)
    assert [event.name for event in seen].count("completion.started") == 1

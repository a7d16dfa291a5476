"""Stopping an answer: it stops at once, and what was said stays."""

import asyncio
import time

from tests.model_server import Exchange, ModelServer, ask
from tests.system.client import Client, Seen, sha256, valid_text
from tests.system.stack import eventually


async def first_chunk(client: Client, thread: str) -> Seen:
    async for event in client.events(thread):
        if event.name == "completion.chunk":
            return event
    raise AssertionError("no chunk came")


def exchange_of(provider: ModelServer, mark: str) -> Exchange:
    [exchange] = [one for one in provider.exchanges if mark.encode() in one.body]
    return exchange


async def test_a_cancelled_answer_keeps_its_partial_text_and_the_model_is_stopped(
    client: Client, provider: ModelServer
) -> None:
    started = await client.start(ask("stop me", words=None, gap_seconds=0.02))
    thread, completion = started["thread_id"], started["completion_id"]
    await first_chunk(client, thread)
    asked_at = time.monotonic()
    await client.post(f"/v1/completions/{completion}/cancel", {"reason": "enough"})
    seen = await client.until_end(completion, thread)

    assert seen[-1].name == "completion.cancelled"
    assert seen[-1].data["reason"] == "enough"
    text = valid_text(seen, completion)
    assert text.startswith("w0 ")
    assert seen[-1].data["answer"]["sha256"] == sha256(text)
    exchange = exchange_of(provider, "stop me")
    await eventually(lambda: exchange.ended_at)
    assert exchange.end == "hung up"
    assert exchange.ended_at is not None
    assert exchange.ended_at - asked_at < 1.0  # the figure is in benchmarks; this is the bound
    messages = await client.get(f"/v1/threads/{thread}/messages", min_position=seen[-1].id)
    assert messages["items"][-1]["parts"] == [{"kind": "text", "content": text}]


async def test_a_silent_model_is_stopped_too(client: Client, provider: ModelServer) -> None:
    started = await client.start(ask("silent", words=5, fault="stall", after=3))
    completion = started["completion_id"]
    await first_chunk(client, started["thread_id"])
    await client.post(f"/v1/completions/{completion}/cancel")
    seen = await client.until_end(completion, started["thread_id"])
    assert seen[-1].name == "completion.cancelled"
    assert exchange_of(provider, "silent").end == "hung up"


async def test_cancelling_again_and_too_late_is_no_error(client: Client) -> None:
    started = await client.start(ask(words=None, gap_seconds=0.02))
    completion = started["completion_id"]
    await first_chunk(client, started["thread_id"])
    path = f"/v1/completions/{completion}/cancel"
    await asyncio.gather(*(client.post(path) for _ in range(10)))
    seen = await client.until_end(completion, started["thread_id"])
    assert [event.name for event in seen].count("completion.cancelled") == 1
    answer = await client.http.post(path, json={})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


async def test_the_conversation_goes_on_after_a_cancel(
    client: Client, provider: ModelServer
) -> None:
    started = await client.start(ask("begin", words=None, gap_seconds=0.02))
    thread = started["thread_id"]
    await first_chunk(client, thread)
    await client.post(f"/v1/completions/{started['completion_id']}/cancel")
    await client.until_end(started["completion_id"], thread)
    second = await client.say(thread, ask("go on after the cancel", text="Gladly."))
    seen = await client.until_end(second["completion_id"], thread)
    assert seen[-1].name == "completion.finished"
    sent = exchange_of(provider, "go on after the cancel").json["messages"]
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "user"]


async def test_a_queued_message_that_is_cancelled_never_reaches_the_model(
    client: Client, provider: ModelServer
) -> None:
    started = await client.start(ask(words=None, gap_seconds=0.02))
    thread = started["thread_id"]
    await first_chunk(client, thread)
    queued = await client.say(thread, ask("never ask this"))
    await eventually(lambda: is_pending(client, queued["completion_id"]))
    await client.post(f"/v1/completions/{queued['completion_id']}/cancel")
    await client.post(f"/v1/completions/{started['completion_id']}/cancel")
    await client.until_end(started["completion_id"], thread)
    log = await client.public_log(thread)
    assert log[-1]["name"] == "thread.turn_ended"
    assert not [one for one in provider.exchanges if b"never ask this" in one.body]


async def is_pending(client: Client, completion: str) -> bool:
    row: dict[str, object] = await client.get(f"/v1/completions/{completion}")
    return row["status"] == "pending"

"""Processes that die at any moment: a client sees an answer begin again, never a broken one."""

import asyncio

import psutil

from tests.model_server import ask
from tests.system.client import Client, sha256, valid_text
from tests.system.stack import Stack


async def typing_worker(stack: Stack, client: Client, thread: str) -> psutil.Process:
    """The process that answers, once the first words have come."""
    worker_id = ""
    async for event in client.events(thread):
        if event.name == "completion.started":
            worker_id = event.data["worker_id"]
        if event.name == "completion.chunk":
            return stack.worker(worker_id)
    raise AssertionError("no chunk came")


async def test_an_answer_whose_worker_is_killed_is_begun_again(
    stack: Stack, client: Client
) -> None:
    started = await client.start(ask(words=100, gap_seconds=0.03))
    thread, completion = started["thread_id"], started["completion_id"]
    (await typing_worker(stack, client, thread)).kill()
    seen = await client.until_end(completion, thread)
    assert seen[-1].name == "completion.finished"
    interrupted = [event for event in seen if event.name == "completion.interrupted"]
    assert [event.data["reason"] for event in interrupted] == ["worker_lost"]
    text = "".join(f"w{n} " for n in range(100))
    assert valid_text(seen, completion) == text
    assert seen[-1].data["answer"]["sha256"] == sha256(text)


async def test_an_answer_goes_on_while_the_api_and_the_projector_are_killed(
    stack: Stack, client: Client
) -> None:
    started = await client.start(ask(words=60, gap_seconds=0.03))
    thread, completion = started["thread_id"], started["completion_id"]
    follow = asyncio.create_task(client.until_end(completion, thread))
    await asyncio.sleep(0)
    for role in ("projector", "api"):
        stack.processes(role)[0].kill()
    seen = await follow
    assert seen[-1].name == "completion.finished"
    assert [event.name for event in seen].count("completion.started") == 1
    assert len({event.id for event in seen}) == len(seen)
    await stack.ready()
    row = await client.get(f"/v1/completions/{completion}", min_position=seen[-1].id)
    assert row["status"] == "completed"


async def test_a_worker_that_leaves_hands_its_answers_over(stack: Stack, client: Client) -> None:
    started = await client.start(ask(words=300, gap_seconds=0.03))
    thread, completion = started["thread_id"], started["completion_id"]
    (await typing_worker(stack, client, thread)).terminate()
    seen = await client.until_end(completion, thread)
    assert seen[-1].name == "completion.finished"
    reasons = [event.data["reason"] for event in seen if event.name == "completion.interrupted"]
    assert reasons == ["handed_over"]
    assert valid_text(seen, completion) == "".join(f"w{n} " for n in range(300))

"""A message in, a streamed answer out, every step in the log."""

import asyncio

from tests.model_server import ModelServer, ask
from tests.system.client import Client, sha256, valid_text
from tests.system.stack import eventually


async def test_an_answer_is_typed_live_and_can_be_read_back(client: Client) -> None:
    started = await client.start(ask(words=30, gap_seconds=0.02))
    thread, completion = started["thread_id"], started["completion_id"]
    seen = await client.until_end(completion, thread)

    names = [event.name for event in seen]
    assert names[:5] == [
        "thread.started",
        "thread.message_added",
        "thread.completion_requested",
        "completion.requested",
        "completion.started",
    ]
    assert names[5:-1] == ["completion.chunk"] * (len(names) - 6)
    assert names[-1] == "completion.finished"
    text = "".join(f"w{n} " for n in range(30))
    assert valid_text(seen, completion) == text
    assert seen[-1].data["answer"]["sha256"] == sha256(text)
    assert [event.body for event in seen] == (await client.public_log(thread))[: len(seen)]

    messages = await client.get(f"/v1/threads/{thread}/messages", min_position=seen[-1].id)
    question, answer = messages["items"]
    assert question["role"] == "user"
    assert answer["parts"] == [{"kind": "text", "content": text}]
    row = await client.get(f"/v1/completions/{completion}")
    assert (row["status"], row["text"]) == ("completed", text)
    assert row["output_tokens"] == 30


async def test_the_answer_begins_long_before_it_ends(client: Client) -> None:
    started = await client.start(ask(words=40, gap_seconds=0.025))
    arrivals: dict[str, float] = {}
    clock = asyncio.get_running_loop().time
    async for event in client.events(started["thread_id"]):
        arrivals.setdefault(event.name, clock())
        if event.name == "completion.finished":
            break
    model_seconds = 40 * 0.025
    typing = arrivals["completion.finished"] - arrivals["completion.chunk"]
    assert typing > 0.7 * model_seconds


async def test_the_model_is_sent_the_whole_conversation_and_its_instructions(
    client: Client, provider: ModelServer
) -> None:
    started = await client.start(ask("The first question", text="The first answer."))
    thread = started["thread_id"]
    await client.until_end(started["completion_id"], thread)
    second = await client.say(thread, ask("The second question", text="The second answer."))
    await client.until_end(second["completion_id"], thread, after=second["position"])

    [exchange] = [one for one in provider.exchanges if b"The second question" in one.body]
    sent = [(message["role"], message["content"]) for message in exchange.json["messages"]]
    assert sent[0][0] == "system"
    assert [role for role, _ in sent[1:]] == ["user", "assistant", "user"]
    assert sent[2][1] == "The first answer."


async def test_fifty_messages_at_once_are_answered_one_by_one_in_order(
    client: Client, provider: ModelServer
) -> None:
    started = await client.post("/v1/threads", {})
    thread = started["thread_id"]
    marks = [f"conversation:{thread} number {n}" for n in range(50)]
    await asyncio.gather(*(client.say(thread, ask(mark, words=2)) for mark in marks))

    async def all_answered() -> bool:
        page = await client.get(f"/v1/threads/{thread}/completions", limit=100)
        return [row["status"] for row in page["items"]] == ["completed"] * 50

    await eventually(all_answered, seconds=40)
    log = await client.public_log(thread)
    accepted = [
        event["data"]["message_id"]
        for event in log
        if event["name"] in ("thread.message_added", "thread.message_queued")
    ]
    answered = [
        event["data"]["message_id"]
        for event in log
        if event["name"] == "thread.completion_requested"
    ]
    assert answered == accepted
    assert len(set(accepted)) == 50
    assert provider.ledger.open_most_by_key[thread] == 1

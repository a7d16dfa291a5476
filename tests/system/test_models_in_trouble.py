"""A model that refuses, hangs or breaks off: a visible failure, and the thread goes on."""

import pytest

from tests.model_server import ask
from tests.system.client import Client, sha256, valid_text

CASES = {
    "rate_limited": {"refuse": "rate_limit"},
    "authentication": {"refuse": "key"},
    "context_too_long": {"refuse": "context_too_long"},
    "overloaded": {"refuse": "overloaded"},
    "timeout": {"words": 9, "fault": "stall", "after": 4},
}


@pytest.mark.parametrize("kind", CASES)
async def test_the_failure_is_named(client: Client, kind: str) -> None:
    started = await client.start(ask(kind, **CASES[kind]))
    completion = started["completion_id"]
    seen = await client.until_end(completion, started["thread_id"])
    assert seen[-1].name == "completion.failed"
    assert seen[-1].data["type"] == kind
    row = await client.get(f"/v1/completions/{completion}", min_position=seen[-1].id)
    assert (row["status"], row["error"]["type"]) == ("failed", kind)


@pytest.mark.parametrize("fault", ["cut", "end", "garbage", "error"])
async def test_what_was_said_before_the_break_is_kept(client: Client, fault: str) -> None:
    started = await client.start(ask(fault, words=30, fault=fault, after=10, gap_seconds=0.01))
    thread, completion = started["thread_id"], started["completion_id"]
    seen = await client.until_end(completion, thread)
    assert seen[-1].name == "completion.failed"
    text = valid_text(seen, completion)
    assert text.startswith("w0 w1 ")
    assert seen[-1].data["answer"]["sha256"] == sha256(text)
    again = await client.say(thread, ask("and now", text="It works again."))
    later = await client.until_end(again["completion_id"], thread, after=seen[-1].id)
    assert valid_text(later, again["completion_id"]) == "It works again."

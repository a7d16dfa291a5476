"""The built-in agent and the demo model: asked in plain words, tools run and are told of."""

from collections.abc import AsyncGenerator

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.faults.links import Links
from tests.servers import new_database
from tests.system.client import ENDINGS, Client, Seen, connected, valid_text
from tests.system.stack import KEY, Stack, running


@pytest.fixture(scope="module")
async def demo(postgres: EmbeddedPostgres, links: Links) -> AsyncGenerator[Stack]:
    url, owner_url = await new_database(postgres)
    environment = {
        **links.environment(url),
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_REDIS_PREFIX": "demo:",
        "THREADLOG_WORKERS": "1",
    }
    async with running(environment) as stack:
        yield stack


@pytest.fixture
async def client(demo: Stack) -> AsyncGenerator[Client]:
    async with connected(demo.url, key=KEY) as client:
        yield client


async def until_answers(client: Client, thread_id: str, *, answers: int) -> list[Seen]:
    """A thread's events up to the ending of so many answers."""
    seen: list[Seen] = []
    async for event in client.events(thread_id):
        seen.append(event)
        if sum(one.name in ENDINGS for one in seen) == answers:
            return seen
    raise AssertionError(f"the stream ended after {[one.name for one in seen]}")


async def test_an_analysis_runs_in_the_background_and_its_result_is_told_by_itself(
    client: Client,
) -> None:
    started = await client.start("Quickly analyse my activity of the last 30 days")
    seen = await until_answers(client, started["thread_id"], answers=2)
    names = [event.name for event in seen]
    first, follow_up = [event for event in seen if event.name in ENDINGS]
    assert {first.name, follow_up.name} == {"completion.finished"}
    assert "run_analysis is running in the background now" in valid_text(
        seen, first.body["completion_id"]
    )
    [dispatched] = [event for event in seen if event.name == "completion.tool_dispatched"]
    assert dispatched.data["arguments"] == {"analysis_type": "user_activity", "days": 30}
    ran = [name for name in names if name.startswith("tool.")]
    assert ran[0] == "tool.started"
    assert set(ran[1:]) == {"tool.progressed"}
    assert names.count("thread.result_arrived") == 1

    execution = await client.get(
        f"/v1/tool-executions/{dispatched.data['execution_id']}", min_position=follow_up.id
    )
    assert execution["status"] == "completed"
    assert execution["message"] == "Analysis complete: user_activity"
    found = execution["result"]
    assert (found["analysis_type"], found["days"]) == ("user_activity", 30)
    assert found["data"].keys() >= {"threads", "messages", "answers", "input_tokens"}
    said = valid_text(seen, follow_up.body["completion_id"])
    assert said.strip() == f"run_analysis has come back: {found['summary']}"


async def test_statistics_are_counted_at_once(client: Client) -> None:
    started = await client.start("How many threads do I have? Quickly")
    seen = await client.until_end(started["completion_id"], started["thread_id"])
    said = valid_text(seen, started["completion_id"])
    assert "get_system_stats says: threads: " in said
    assert not any(event.name.startswith("tool.") for event in seen)

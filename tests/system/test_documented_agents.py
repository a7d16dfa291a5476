"""What docs/agents-and-tools.md tells to do, done: the agents of docs/examples/ on the stack."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.faults.links import Links
from tests.servers import new_database
from tests.system.client import ENDINGS, Client, Json, Seen, connected, valid_text
from tests.system.documented import EXAMPLES, Request, blocks, started_with
from tests.system.stack import KEY, Stack, eventually, running
from tests.system.test_chat import terminal

PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="module")
def tickets() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="threadlog-tickets-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
async def shop(postgres: EmbeddedPostgres, links: Links, tickets: Path) -> AsyncGenerator[Stack]:
    url, owner_url = await new_database(postgres)
    environment = {
        **links.environment(url),
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_REDIS_PREFIX": "shop:",
        "THREADLOG_WORKERS": "1",
        "PYTHONPATH": os.pathsep.join([str(EXAMPLES), os.environ.get("PYTHONPATH", "")]),
        "SUPPORT_TICKETS": str(tickets),
        **started_with(),
    }
    async with running(environment) as stack:
        yield stack


@pytest.fixture
async def client(shop: Stack) -> AsyncGenerator[Client]:
    async with connected(shop.url, key=KEY) as client:
        yield client


async def send(client: Client, block: str, **known: str) -> Json:
    request = Request.of(block, **known)
    answer = await client.http.request(
        request.method, request.path, json=request.body, headers=request.headers
    )
    assert answer.is_success, answer.text
    return answer.json()


class Thread:
    """What a thread's stream tells, as far as it has been read."""

    def __init__(self, client: Client, started: Json) -> None:
        self._client = client
        self.id: str = started["thread_id"]
        self.seen: list[Seen] = []

    async def until(self, *names: str, times: int = 1) -> Seen:
        """Read on to the event that makes so many of these names."""
        after = self.seen[-1].id if self.seen else 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for event in self._client.events(self.id, after=after):
                self.seen.append(event)
                if sum(one.name in names for one in self.seen) == times:
                    return event
        raise AssertionError([one.name for one in self.seen])

    def has(self, name: str) -> bool:
        """Has such an event been read?"""
        return any(event.name == name for event in self.seen)

    async def answer(self, number: int = 1) -> str:
        """The whole text of the answer of this number, which must be complete."""
        ended = await self.until(*ENDINGS, times=number)
        assert ended.name == "completion.finished", ended
        return valid_text(self.seen, ended.body["completion_id"]).strip()


async def asked(client: Client, block: str) -> Thread:
    return Thread(client, await send(client, block))


async def test_an_agent_of_one_s_own_answers_with_its_tools(client: Client) -> None:
    [hello] = blocks("http", section="Define an agent")
    answer = await (await asked(client, hello)).answer()
    assert "find_order, report_orders, refund, call_customer" in answer


async def test_an_inline_tool_is_run_in_the_answer(client: Client) -> None:
    [ask] = blocks("http", section="Define an inline tool")
    answer = await (await asked(client, ask)).answer()
    assert answer.endswith("find_order says: number: 7, item: a lamp, price: 30.0")


async def test_a_background_tool_s_result_begins_an_answer(client: Client) -> None:
    [ask] = blocks("http", section="Define a background tool")
    thread = await asked(client, ask)
    told = await thread.answer()
    assert "in the background" in told
    if not thread.has("completion.input_taken"):  # else it ended before the answer went on
        told = await thread.answer(2)
    assert told.endswith("report_orders has come back: 2 orders, 75.50 in all.")
    names = [event.name for event in thread.seen]
    assert {"tool.started", "tool.progressed", "thread.result_arrived"} <= set(names)


async def test_a_tool_that_needs_approval_runs_once_a_person_has_agreed(client: Client) -> None:
    ask, approve = blocks("http", section="Define a tool that needs approval")
    thread = await asked(client, ask)
    waiting = await thread.until("completion.waiting")
    [call] = waiting.data["tool_call_ids"]
    known = {"COMPLETION_ID": waiting.body["completion_id"], "TOOL_CALL_ID": call}
    first = await send(client, approve, **known)
    again = await send(client, approve, **known)
    assert again["position"] == first["position"]
    assert (await thread.answer()).endswith("refund says: paid back: 45.5")


async def test_a_result_from_outside_begins_an_answer(client: Client, tickets: Path) -> None:
    ask, deliver = blocks("http", section="Let a result come from outside")
    thread = await asked(client, ask)
    awaited = await thread.until("tool.awaited")
    await thread.answer()
    file = tickets / f"{awaited.body['execution_id']}.json"
    ticket = json.loads(file.read_text())
    assert ticket["question"] == "Is the lamp broken?"
    known = {"EXECUTION_ID": ticket["id"], "RESULT_TOKEN": ticket["token"]}
    assert await send(client, deliver, **known) == await send(client, deliver, **known)
    assert await thread.answer(2) == "call_customer has come back: broken: true"


async def test_the_terminal_asks_for_approval(shop: Stack) -> None:
    port = shop.url.rpartition(":")[2]
    chat = ("-m", "interfaces.cli", "chat", "--agent", "support")
    async with terminal(*chat, "Quickly use the tool refund with 7", port=port) as (
        person,
        program,
    ):
        await person.shows('May refund run with {"number": 7}? [y/n]')
        person.type(b"n\n")
        await person.shows("You did not allow refund, so I did not use it.")
        assert await program.wait() == 0
    async with terminal(*chat, "Quickly use the tool report_orders", port=port) as (
        person,
        program,
    ):
        await person.shows("[report_orders has ended]")
        await person.shows("report_orders has come back: 2 orders, 75.50 in all.")
        await eventually(lambda: program.returncode == 0, seconds=20)


# The built-in agent stands beside them, and the demo model is asked in plain words


async def ask_assistant(client: Client, text: str) -> Json:
    return await client.post("/v1/threads", {"agent": "assistant", "message": {"text": text}})


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
    started = await ask_assistant(client, "Quickly analyse my activity of the last 30 days")
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
    started = await ask_assistant(client, "How many threads do I have? Quickly")
    seen = await client.until_end(started["completion_id"], started["thread_id"])
    said = valid_text(seen, started["completion_id"])
    assert "get_system_stats says: threads: " in said
    assert not any(event.name.startswith("tool.") for event in seen)

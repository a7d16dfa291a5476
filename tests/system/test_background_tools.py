"""Background tools on the whole stack: in a worker of their own, whatever dies or goes away."""

import re
import signal
import tempfile
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest

from infrastructure.embedded import EmbeddedPostgres
from tests.faults.links import Links
from tests.model_server import ModelServer, ask
from tests.servers import new_database
from tests.system.client import Client, Json, connected
from tests.system.stack import KEY, Stack, eventually, running

PATIENCE_SECONDS = 60.0  # a busy machine needs long to begin a process again


@pytest.fixture(scope="module")
async def counting(
    postgres: EmbeddedPostgres, links: Links, provider: ModelServer
) -> AsyncGenerator[Stack]:
    url, owner_url = await new_database(postgres)
    environment = {
        **provider.environment,
        **links.environment(url),
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_REDIS_PREFIX": "counting:",
        "THREADLOG_MODEL": "openai-chat:gpt-5",
        "THREADLOG_AGENTS": "tests.system.background_agent:counting",
        "THREADLOG_WORKERS": "1",
        "THREADLOG_TOOL_WORKERS": "1",
        "THREADLOG_DRAIN_SECONDS": "0.5",
    }
    async with running(environment) as stack:
        await eventually(lambda: len(workers(stack)) == 1, seconds=PATIENCE_SECONDS)
        yield stack


@pytest.fixture
async def client(counting: Stack) -> AsyncGenerator[Client]:
    async with connected(counting.url, key=KEY) as client:
        yield client


class Enough:
    """A file that ends the counting."""

    def __init__(self, folder: str) -> None:
        self.file = Path(folder) / "enough"

    def now(self) -> None:
        self.file.touch()


@pytest.fixture
def enough() -> Generator[Enough]:
    with tempfile.TemporaryDirectory(prefix="threadlog-count-", dir="/tmp") as folder:
        yield Enough(folder)


def workers(stack: Stack) -> set[int]:
    """The processes that have said that they run background tools, and live."""
    said = re.findall(r"threadlog tools\[(\d+)\] .*ready: worker", stack.logged())
    alive = {process.pid for process in stack.processes("tools")}
    return alive & {int(pid) for pid in said}


async def dispatched(client: Client, enough: Enough, *, again: list[bool]) -> list[str]:
    """The executions of one message's tool calls, once the answer to it has ended."""
    calls = [["count", {"until": str(enough.file), "again": one}] for one in again]
    started = await client.start(ask(calls=calls, words=2))
    seen = await client.until_end(started["completion_id"], started["thread_id"])
    assert seen[-1].name == "completion.finished", seen[-1]
    found = {
        event.data["tool_call_id"]: event.data["execution_id"]
        for event in seen
        if event.name == "completion.tool_dispatched"
    }
    called = [event.data for event in seen if event.name == "completion.tool_called"]
    return [found[call["tool_call_id"]] for call in called]


async def row(client: Client, execution_id: str) -> Json:
    return await client.get(f"/v1/tool-executions/{execution_id}")


async def until_status(client: Client, execution_id: str, *status: str) -> Json:
    async def is_so() -> bool:
        return (await row(client, execution_id))["status"] in status

    await eventually(is_so, seconds=PATIENCE_SECONDS)
    return await row(client, execution_id)


async def running_one(client: Client, execution_id: str) -> int:
    """Wait until it says how far it is; the process that runs it."""

    async def tells() -> bool:
        return bool((await row(client, execution_id))["progress_message"])

    await eventually(tells, seconds=PATIENCE_SECONDS)
    return int((await row(client, execution_id))["progress_message"].removeprefix("process "))


async def test_a_background_tool_runs_in_the_tools_worker_tells_how_far_it_is_and_ends(
    counting: Stack, client: Client, enough: Enough
) -> None:
    [execution_id] = await dispatched(client, enough, again=[False])
    process = await running_one(client, execution_id)
    assert {process} == workers(counting)
    enough.now()
    ended = await until_status(client, execution_id, "completed", "failed")
    assert ended["result"] == {"attempt": 1, "process": process}
    log = await client.public_log(ended["thread_id"])
    assert [event["name"] for event in log].count("thread.result_arrived") == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_when_its_worker_goes_a_tool_is_begun_again_or_its_outcome_is_unknown(
    counting: Stack, client: Client, enough: Enough, how: signal.Signals
) -> None:
    once, twice = await dispatched(client, enough, again=[False, True])
    first = await running_one(client, twice)
    assert await running_one(client, once) == first
    [worker] = [one for one in counting.processes("tools") if one.pid == first]
    worker.send_signal(how)
    lost = await until_status(client, once, "completed", "failed")
    assert (lost["status"], lost["error_type"]) == ("failed", "outcome_unknown")

    async def again() -> bool:
        return (await row(client, twice))["attempts"] == 2

    await eventually(again, seconds=PATIENCE_SECONDS)
    enough.now()
    ended = await until_status(client, twice, "completed", "failed")
    assert ended["result"]["attempt"] == 2
    assert {ended["result"]["process"]} == workers(counting) != {first}


@pytest.mark.usefixtures("healed")
async def test_without_redis_a_background_tool_is_dispatched_run_and_cancelled(
    counting: Stack, client: Client, links: Links, enough: Enough
) -> None:
    links.redis.shut()
    first, second = await dispatched(client, enough, again=[False, True])
    await running_one(client, second)
    await client.post(f"/v1/tool-executions/{second}/cancel")
    cancelled = await until_status(client, second, "completed", "failed", "cancelled")
    assert cancelled["status"] == "cancelled"
    assert cancelled["attempts"] == 1
    enough.now()
    ended = await until_status(client, first, "completed", "failed")
    assert {ended["result"]["process"]} == workers(counting)

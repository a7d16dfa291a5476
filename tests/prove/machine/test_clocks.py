"""A whole Threadlog whose clocks jump in the middle of an answer."""

import asyncio

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.faults.clock import SkewedClock
from tests.model_server import ModelServer, ask
from tests.servers import connected as database
from tests.servers import data_folder, erase
from tests.system.client import connected, sha256, valid_text
from tests.system.stack import KEY, start
from tests.system.test_killed_processes import typing_worker

HOUR = 3600.0
TEXT = "".join(f"w{n} " for n in range(60))
TIMES_THAT_FELL = """
SELECT count(*) FILTER (WHERE recorded_at < earlier) FROM (
       SELECT recorded_at, lag(recorded_at) OVER (ORDER BY notification_id) AS earlier
         FROM threadlog.chat_events) e
"""


async def test_an_answer_goes_on_while_every_clock_jumps_to_and_fro() -> None:
    with data_folder() as data, ModelServer() as provider:
        clock = SkewedClock(data.parent)
        variables = {
            **provider.environment,
            **clock.environment(),
            "THREADLOG_MODEL": "openai-chat:gpt-5",
            "THREADLOG_WORKERS": "1",
        }
        stack = start(data.parent, variables)
        postgres, valkey = EmbeddedPostgres(data), EmbeddedValkey(data)
        try:
            await stack.ready()
            async with connected(stack.url, key=KEY) as client:
                started = await client.start(ask(words=60, gap_seconds=0.03))
                thread = started["thread_id"]
                await typing_worker(stack, client, thread)
                for jump in (-HOUR, HOUR, -5.0, 0.0):
                    clock.set(jump)
                    await asyncio.sleep(0.3)
                seen = await client.until_end(started["completion_id"], thread)
                assert valid_text(seen, started["completion_id"]) == TEXT
                assert seen[-1].data["answer"]["sha256"] == sha256(TEXT)
                assert [event.name for event in seen].count("completion.started") == 1
                said = [event["at"] for event in await client.public_log(thread)]
                assert said != sorted(said)  # the worker's clock did jump
            async with database(postgres.owner_url) as superuser:
                assert await superuser.fetchval(TIMES_THAT_FELL) == 0
        finally:
            await stack.stop()
            for server in (postgres, valkey):
                erase(server)

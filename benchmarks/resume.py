"""One client, cut off twenty times while an answer is typed, comes back with Last-Event-ID.

Measures, over a 20 s answer: events lost and events doubled, when the connection is broken at
twenty random moments (mid-event too: a half event counts as not received) and once in between
everything that Redis holds is flushed. Also how long after each reconnect the first event comes.
Checks that all connections together gave the log's public events, in order, once, and that the
text is the terminal event's. Leaves out: changing networks, proxies.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from functools import partial

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.proof import check_answer, check_log
from benchmarks.rig.provider import provider
from benchmarks.rig.system import System, running
from benchmarks.rig.wire import Received, request
from infrastructure.redis_client import connect_redis
from tests.model_server import ask
from tests.system.stack import KEY

GAP_SECONDS = 0.05


class Reader:
    """A client that forgets nothing but its connection."""

    def __init__(self, url: str) -> None:
        self.events: list[Received] = []
        self.waits_ms: list[float] = []  # from a reconnect to its first event
        self._url = url

    async def read(self) -> None:
        """From where it was, until the server says that nothing more comes."""
        last = self.events[-1].id if self.events else None
        began, waiting = time.time_ns(), True
        async with request(self._url, key=KEY, last_event_id=last) as answer:
            async for event in answer.events():
                if waiting and last is not None:
                    self.waits_ms.append((event.at - began) / 1e6)
                waiting = False
                self.events.append(event)


async def follow(system: System, reader: Reader, *, cuts: Sequence[float]) -> None:
    """Cut at these moments of the answer, in seconds; Redis is flushed in the middle."""
    began = time.monotonic()
    for number, cut in enumerate(cuts):
        reading = asyncio.create_task(reader.read())
        await asyncio.sleep(max(0.0, began + cut - time.monotonic()))
        assert not reading.done(), await reading
        reading.cancel()
        await asyncio.wait({reading})
        if number == len(cuts) // 2:
            async with connect_redis(system.valkey.url) as redis:
                await redis.flushall()  # pyright: ignore[reportUnknownMemberType]
    await reader.read()


async def measure(report: Report, *, cuts: int, seconds: float) -> None:
    """One answer."""
    chance = random.Random(7)
    words = round(seconds / GAP_SECONDS)
    moments = sorted(chance.uniform(0.2, seconds - 0.5) for _ in range(cuts))
    with provider() as environment:
        async with running(environment) as system:
            message = {"text": ask(words=words, gap_seconds=GAP_SECONDS)}
            started = await system.client.post("/v1/threads", {"message": message})
            thread = started["thread_id"]
            reader = Reader(f"{system.url}/v1/threads/{thread}/events?until=idle")
            await follow(system, reader, cuts=moments)
            log = [event["position"] for event in await system.client.public_log(thread)]
            got = [event.id for event in reader.events]
            report.fact("cuts, events in the log", [cuts, len(log)])
            report.fact("lost", len(set(log) - set(got)))
            report.fact("doubled", len(got) - len(set(got)))
            report.expect(got == log, "the client got something else than the log")
            report.spread("reconnect to the next event, ms", reader.waits_ms)
            seen = [event.seen for event in reader.events]
            await check_log(system.client, thread, seen, whole=True)
            check_answer(seen, started["completion_id"], words=words)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("resume", __doc__)
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the answer")
    given = parser.parse_args(arguments)

    return measured(partial(measure, cuts=given.cuts, seconds=given.seconds), given)

"""An answer is cancelled in its middle: how long the provider still works, and when a client knows.

Measures, five answers at a time, with Redis up and then with Redis killed (-9, and not started
again): from before the POST …/cancel until the provider has seen its connection closed, until the
POST is answered, and until `completion.cancelled` is at a client that holds its stream open. With
Redis the request to cancel is a hint that the worker gets at once. Without it the worker learns of
it when its next chunk is refused, or with its next heartbeat (1 s) if the model is silent; streams
follow the log twice a second. Checks that the provider was hung up on; that the kept text is the
terminal event's, its words whole and in order; that clients saw the log, in order, once. Leaves
out: silent models and tools (tests/system).
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import psutil

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.proof import check_answer, check_log
from benchmarks.rig.provider import StampingServer
from benchmarks.rig.system import folder, up
from benchmarks.rig.wire import Received, request
from infrastructure.embedded import EmbeddedValkey
from tests.model_server import ask
from tests.servers import erase
from tests.system.client import ENDINGS, Client
from tests.system.stack import KEY, eventually

LANES = 5


@dataclass(frozen=True)
class Cancelled:
    """Milliseconds since before the POST."""

    answered: float
    provider: float
    client: float


class Rig:
    """A client of the system, and the provider that the system asks."""

    def __init__(self, url: str, client: Client, *, provider: StampingServer) -> None:
        self.url = url
        self.client = client
        self.provider = provider
        self.chance = random.Random(7)
        self.count = 0

    async def cancel_once(self) -> Cancelled:
        """Ask for an endless answer and cancel it when some of it is here."""
        self.count += 1
        mark = f"number {self.count};"
        message = {"text": ask(mark, words=None, gap_seconds=0.02)}
        started = await self.client.post("/v1/threads", {"message": message})
        events = list[Received]()
        posting: asyncio.Task[tuple[float, float]] | None = None
        stream = f"{self.url}/v1/threads/{started['thread_id']}/events?until=idle"
        async with request(stream, key=KEY) as answer:
            async for event in answer.events():
                events.append(event)
                if event.name == "completion.chunk" and posting is None:
                    posting = asyncio.create_task(self._post(started["completion_id"]))
        assert posting is not None
        posted_at, answered = await posting
        await self._check(started, events)
        ended = next(event.at for event in events if event.name in ENDINGS)
        closed_at = await self._hung_up(mark)
        wall = time.time_ns() / 1e9 - time.monotonic()
        return Cancelled(
            answered * 1e3, (closed_at - posted_at) * 1e3, (ended / 1e9 - wall - posted_at) * 1e3
        )

    async def _post(self, completion: str) -> tuple[float, float]:
        """After a while; when, in monotonic seconds, and the seconds until the POST's answer."""
        await asyncio.sleep(self.chance.uniform(0.1, 1.0))
        posted_at = time.monotonic()
        await self.client.post(f"/v1/completions/{completion}/cancel")
        return posted_at, time.monotonic() - posted_at

    async def _check(self, started: dict[str, str], events: Sequence[Received]) -> None:
        seen = [event.seen for event in events]
        await check_log(self.client, started["thread_id"], seen, whole=True)
        assert [one.name for one in seen if one.name in ENDINGS] == ["completion.cancelled"]
        assert check_answer(seen, started["completion_id"], words=None)

    async def _hung_up(self, mark: str) -> float:
        """When the provider saw its client leave, in monotonic seconds."""
        [exchange] = [one for one in self.provider.exchanges if mark.encode() in one.body]
        await eventually(lambda: exchange.ended_at)
        assert exchange.end == "hung up", exchange.end
        assert exchange.ended_at is not None
        return exchange.ended_at

    async def cancel(self, count: int) -> list[Cancelled]:
        """So many, some at a time."""
        lanes = asyncio.Semaphore(LANES)

        async def one() -> Cancelled:
            async with lanes:
                return await self.cancel_once()

        return await asyncio.gather(*(one() for _ in range(count)))


def kill(valkey: EmbeddedValkey) -> None:
    """With -9; named by its URL, it is nobody's to start again."""
    sockets = str(valkey.socket_dir)
    for process in psutil.process_iter():
        if process.name() == "valkey-server" and sockets in " ".join(process.cmdline()):
            process.kill()
            process.wait(5)
    assert not valkey.ready()


async def measure(report: Report, *, cancels: int) -> None:
    """First with Redis, then without."""
    async with folder() as place:
        valkey = EmbeddedValkey(place / "redis")
        await asyncio.to_thread(valkey.start)
        try:
            with StampingServer(keep=True) as provider:
                redis = {"THREADLOG_REDIS_URL": valkey.url}
                async with up(place, {**provider.environment, **redis}) as system:
                    await system.workers_ready()
                    rig = Rig(system.url, system.client, provider=provider)
                    await rig.cancel(2 * LANES)  # warms up
                    _tell(report, "Redis up", await rig.cancel(cancels))
                    kill(valkey)
                    await rig.cancel(LANES)  # notices
                    _tell(report, "Redis killed", await rig.cancel(cancels))
        finally:
            await asyncio.to_thread(erase, valkey)


def _tell(report: Report, when: str, cancelled: Sequence[Cancelled]) -> None:
    report.spread(f"{when}: POST answered, ms", [one.answered for one in cancelled])
    report.spread(f"{when}: provider's connection closed, ms", [one.provider for one in cancelled])
    report.spread(f"{when}: terminal event at the client, ms", [one.client for one in cancelled])


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("cancel", __doc__)
    parser.add_argument("--cancels", type=int, default=50, help="with Redis, and without")
    given = parser.parse_args(arguments)

    return measured(partial(measure, cancels=given.cancels), given)

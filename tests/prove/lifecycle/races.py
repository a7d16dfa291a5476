"""An answer that ends against its cancellation: one winner each time, and nobody sees another."""

import asyncio
import time
from asyncio import FIRST_COMPLETED
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx2

from tests.faults.processes import resume, suspend
from tests.prove.lifecycle.everything import part_of
from tests.prove.lifecycle.fleet import CHAT
from tests.prove.lifecycle.scene import Asked, Scene
from tests.prove.lifecycle.streams import named
from tests.storm.evidence import Evidence, read_log
from tests.storm.invariants import every_answer_ends_once
from tests.system.client import ENDINGS
from tests.system.stack import eventually

GAP_SECONDS = 0.02
ENDS_SECONDS = 40.0
STATUS = {"finished": "completed", "cancelled": "cancelled", "failed": "failed"}
LEAN = 1.04  # by how much the moment moves towards who has lost
LINE = "| {} | {} | {} | {} | {} | {} | {} |"


@dataclass(frozen=True)
class Weather:
    """What is done to the system while a batch of answers runs, and how many races there are."""

    name: str
    races: int
    batch: int  # which all meet the same weather
    at_once: int
    during: Callable[[Scene], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Race:
    """What everybody was told of one."""

    asked: Asked
    streamed: Sequence[str]  # names of the events that a client saw, to the end of its stream
    told: Sequence[tuple[int, str]]  # answers to the cancellations: HTTP status and status
    late: tuple[int, str]  # the same, when it was over
    shown: str  # the status that GET shows


@dataclass
class Moment:
    """When to cancel, as a multiple of what the model needs: moved so that either wins as often."""

    factor: float = 1.3

    def learn(self, race: Race) -> None:
        cancelled = race.late[1] == "cancelled"
        self.factor = min(8.0, max(0.5, self.factor * (LEAN if cancelled else 1 / LEAN)))


@dataclass
class Tally:
    """Of one weather."""

    winners: Counter[str] = field(default_factory=Counter[str])
    faults: list[str] = field(default_factory=list[str])


async def prove_races(scene: Scene) -> None:
    """Prints a line for each weather."""
    heads = ("races", "cancelled", "finished", "failed", "violations", "s")
    print(
        LINE.format("weather", *heads), "|---|---:|---:|---:|---:|---:|---:|", sep="\n", flush=True
    )
    total = violations = 0
    for weather in WEATHERS:
        began = time.monotonic()
        races = await _races(scene, weather)
        seconds = time.monotonic() - began
        threads = {UUID(race.asked.thread_id) for race in races}
        log = part_of(await read_log(scene.fleet.postgres.owner_url), threads)
        tally = _judge(races, log)
        winners = [tally.winners[name] for name in ("cancelled", "finished", "failed")]
        shown = len(races), *winners, len(tally.faults), f"{seconds:.0f}"
        print(LINE.format(weather.name, *shown), flush=True)
        for fault in tally.faults[:5]:
            print(f"    BROKEN {fault[:500]}")
        total, violations = total + len(races), violations + len(tally.faults)
        least = min(tally.winners["cancelled"], tally.winners["finished"])
        scene.figures.at_least(f"races, {weather.name}: won by either", least, weather.races // 20)
    scene.figures.at_least("races of a cancellation and an ending", total, 1000)
    scene.figures.equal("races without one winner that everybody saw", violations, 0)


async def _races(scene: Scene, weather: Weather) -> Sequence[Race]:
    """In batches, each of which has its weather."""
    races: list[Race] = []
    moment = Moment()
    while len(races) < weather.races:
        lanes = asyncio.Semaphore(weather.at_once)
        count = min(weather.batch, weather.races - len(races))
        async with weather.during(scene):
            races += await asyncio.gather(*(_race(scene, moment, lanes) for _ in range(count)))
    return races


async def _race(scene: Scene, moment: Moment, lanes: asyncio.Semaphore) -> Race:
    async with lanes:
        tag = scene.tag("race")
        words = scene.random.randint(3, 15)
        asked = await scene.ask(tag, words=words, gap_seconds=GAP_SECONDS)
        following = asyncio.create_task(_follow(scene, asked))
        begun = eventually(lambda: scene.provider.asked(tag), seconds=ENDS_SECONDS)
        await asyncio.wait({asyncio.ensure_future(begun), following}, return_when=FIRST_COMPLETED)
        about = scene.random.uniform(0.8, 1.2) * moment.factor
        await asyncio.sleep(about * words * GAP_SECONDS)
        told = await asyncio.gather(*(_cancel(scene, asked) for _ in range(2)))
        streamed = await following
        late = await _cancel(scene, asked)
        shown = await scene.client.get(
            f"/v1/completions/{asked.completion_id}", min_position=streamed[-1][0]
        )
        race = Race(asked, [name for _, name in streamed], told, late, shown["status"])
        moment.learn(race)
        return race


async def _cancel(scene: Scene, asked: Asked) -> tuple[int, str]:
    path = f"/v1/completions/{asked.completion_id}/cancel"
    answer = await scene.client.http.post(path, json={})
    assert answer.is_success, answer.text
    return answer.status_code, answer.json()["status"]


async def _follow(scene: Scene, asked: Asked) -> list[tuple[int, str]]:
    """Position and name of what a client sees until the thread is idle."""
    seen: list[tuple[int, str]] = []
    path = f"/v1/threads/{asked.thread_id}/events"
    while not any(name in ENDINGS for _, name in seen):
        after = {"Last-Event-ID": str(seen[-1][0] if seen else 0)}
        headers = {"Accept": "text/event-stream", **after}
        stream = scene.client.http.stream("GET", path, params={"until": "idle"}, headers=headers)
        async with stream as answer:
            assert answer.status_code == 200, await answer.aread()
            seen += [
                (int(event.id or 0), event.event)
                async for event in httpx2.EventSource(answer)
                if event.data and event.event != "sync"
            ]
    return seen


def _judge(races: Sequence[Race], log: Evidence) -> Tally:
    tally = Tally()
    tally.faults += every_answer_ends_once(log)
    for race in races:
        events = log.completions[UUID(race.asked.completion_id)]
        winner = events[-1].name.removeprefix("completion.")
        tally.winners[winner] += 1
        for fault in _faults(race, winner):
            tally.faults.append(f"{race.asked.completion_id} {winner}: {fault}")
        if named(events, "completion.cancel_requested") and winner != "cancelled":
            tally.faults.append(f"{race.asked.completion_id} {winner} though it was cancelled")
    return tally


def _faults(race: Race, winner: str) -> list[str]:
    faults: list[str] = []
    status = STATUS.get(winner, "none")
    endings = [name for name in race.streamed if name in ENDINGS]
    if endings != [f"completion.{winner}"]:
        faults.append(f"the stream says {endings}")
    elif [name for name in race.streamed[race.streamed.index(endings[0]) + 1 :] if "chunk" in name]:
        faults.append("the stream goes on after the end")
    for code, said in race.told:
        if said != status if code == 200 else winner != "cancelled":
            faults.append(f"who cancels is told {code} {said}")
    if race.late != (200, status):
        faults.append(f"who cancels afterwards is told {race.late}")
    if race.shown != status:
        faults.append(f"it is shown as {race.shown}")
    return faults


@asynccontextmanager
async def _alive(_: Scene) -> AsyncGenerator[None]:
    yield


@asynccontextmanager
async def _paused(scene: Scene) -> AsyncGenerator[None]:
    """Two of three workers sleep for so long that others end what was cancelled, or nearly."""
    async with _disturbed(scene, _pause):
        yield


@asynccontextmanager
async def _dead(scene: Scene) -> AsyncGenerator[None]:
    """Two of three workers die."""
    await scene.fleet.all_ready()
    async with _disturbed(scene, _kill):
        yield


@asynccontextmanager
async def _without_redis(scene: Scene) -> AsyncGenerator[None]:
    scene.fleet.link.redis.shut()
    try:
        yield
    finally:
        await scene.fleet.link.redis.heal()


@asynccontextmanager
async def _disturbed(
    scene: Scene, disturb: Callable[[Scene], "asyncio.Future[None]"]
) -> AsyncGenerator[None]:
    disturbing = disturb(scene)
    try:
        yield
    finally:
        await disturbing


def _pause(scene: Scene) -> "asyncio.Future[None]":
    async def pause() -> None:
        await asyncio.sleep(scene.random.uniform(0.1, 0.4))
        asleep = [scene.fleet.process(name) for name in CHAT[:2]]
        suspend(asleep)
        await asyncio.sleep(scene.random.uniform(0.5, 3.5))  # a cancelled answer is ended after 2
        resume(asleep)

    return asyncio.ensure_future(pause())


def _kill(scene: Scene) -> "asyncio.Future[None]":
    async def kill() -> None:
        await asyncio.sleep(scene.random.uniform(0.1, 0.4))
        for name in CHAT[:2]:
            scene.fleet.kill(name)

    return asyncio.ensure_future(kill())


WEATHERS = (
    Weather("worker alive", 700, 700, 24, _alive),
    Weather("two of three workers paused", 100, 25, 25, _paused),
    Weather("two of three workers killed", 100, 34, 34, _dead),
    Weather("Redis away", 100, 100, 25, _without_redis),
)

"""Many answers at once, workers killed or replaced at random moments, and what the log says."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

from tests.prove.lifecycle.everything import part_of, tell_guarantees
from tests.prove.lifecycle.fleet import CHAT, TOOLS
from tests.prove.lifecycle.scene import Scene, call
from tests.prove.lifecycle.streams import named
from tests.servers import connected
from tests.storm.evidence import Event, Evidence, read_log
from tests.system.stack import eventually

ENOUGH, LEAST = 200, 100  # answers that lose a worker
SECONDS = 100.0  # for enough of them; half of it where the parts before were slow
MOST_SECONDS = 150.0  # for the least
ALL_SECONDS = 390.0
AT_ONCE = 32
PAUSE_SECONDS = (1.0, 3.0)  # before a kill: who takes over shall come to something
REPLACED_SECONDS = 2.5  # of a pause; a worker whose connection is gone is replaced after one
ENDS_SECONDS = 60.0  # after all is well again; G13
KILLED_SO_FAR = """
SELECT count(DISTINCT originator_id) FROM threadlog.chat_events
 WHERE topic LIKE 'completion.interrupted@%' AND state LIKE '%worker_lost%'
   AND notification_id > $1
"""
END = "SELECT coalesce(max(notification_id), 0) FROM threadlog.chat_events"
KINDS = ("plain", "look", "note", "send", "both", "study", "study_again")


@dataclass
class _Under:
    """What is under way."""

    open: set[str] = field(default_factory=set[str])  # completions
    threads: set[UUID] = field(default_factory=set[UUID])
    struck: Counter[str] = field(default_factory=Counter[str])  # workers
    over: asyncio.Event = field(default_factory=asyncio.Event)


async def prove_chances(scene: Scene) -> None:
    """As many answers as it takes until so many have lost a worker."""
    under, began = _Under(), time.monotonic()
    async with connected(scene.fleet.postgres.owner_url) as database:
        since = await database.fetchval(END)
        striking = asyncio.create_task(_strike(scene, under, Random(scene.random.random())))
        lanes = [
            asyncio.create_task(_lane(scene, under, Random(scene.random.random())))
            for _ in range(AT_ONCE)
        ]
        try:
            while not striking.done():
                killed = await database.fetchval(KILLED_SO_FAR, since)
                if killed >= ENOUGH or _time_is_over(scene, began=began, killed=killed):
                    break
                await asyncio.sleep(0.5)
        finally:
            under.over.set()
            await asyncio.gather(*lanes, striking)
        await _all_ended(scene, under)
        killed = await database.fetchval(KILLED_SO_FAR, since)
    scene.figures.at_least("random: answers that lost a worker", killed, LEAST)
    events = await read_log(scene.fleet.postgres.owner_url)
    evidence = part_of(events, under.threads)
    _tell(scene, under, evidence)
    tell_guarantees(scene, evidence, of="random", since=began)


def _time_is_over(scene: Scene, *, began: float, killed: int) -> bool:
    seconds = max(SECONDS / 2, min(SECONDS, scene.began + ALL_SECONDS - began))
    return time.monotonic() > began + (seconds if killed >= LEAST else MOST_SECONDS)


async def _lane(scene: Scene, under: _Under, random: Random) -> None:
    """One question after another."""
    while not under.over.is_set():
        tag = scene.tag("random")
        asked = await scene.ask(tag, **_question(tag, random))
        under.threads.add(UUID(asked.thread_id))
        under.open.add(asked.completion_id)
        await scene.streams.until_closed(asked.completion_id, seconds=ENDS_SECONDS)
        under.open.discard(asked.completion_id)


def _question(tag: str, random: Random) -> dict[str, Any]:
    kind = random.choice(KINDS)
    hold = random.choice([0.0, 0.5, 2.0])
    said: dict[str, Any] = {"words": random.randint(5, 20), "gap_seconds": 0.1}
    said["delay_seconds"] = random.uniform(0.0, 1.5)
    match kind:
        case "plain":
            return said
        case "both":
            calls = [call("send", tag, hold=hold), call("look", tag, hold=2.0 - hold)]
        case "study" | "study_again":
            calls = [call("study", tag, hold=2 * hold, again=kind == "study_again")]
        case _:
            calls = [call(kind, tag, hold=hold)]
    return {**said, "calls": calls, "preamble": random.randint(0, 5), "then": said}


async def _strike(scene: Scene, under: _Under, random: Random) -> None:
    """Choose an answer, wait a moment, and kill who works on it, or who runs tools; or pause it
    until it is replaced."""
    while not under.over.is_set():
        kind = random.choices(["killed", "paused", "tools killed"], [3, 1, 2])[0]
        names = TOOLS if kind == "tools killed" else CHAT
        await scene.fleet.can_lose_one(names)
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))
        alive = [name for name in names if scene.fleet.is_ready(name)]
        chosen = await _worker_of(scene, random.choice(sorted(under.open) or [""]))
        name = chosen if chosen in alive else random.choice(alive)
        if kind == "paused":
            await scene.fleet.replace(name, seconds=REPLACED_SECONDS)
        else:
            scene.fleet.kill(name)
        under.struck[kind] += 1


async def _worker_of(scene: Scene, completion_id: str) -> str | None:
    """Who answers it now, where somebody does."""
    events = await scene.streams.read(completion_id) if completion_id else []
    started = named(events, "completion.started")
    return scene.fleet.name_of(started[-1].data["worker_id"]) if started else None


async def _all_ended(scene: Scene, under: _Under) -> None:
    """Every answer, follow-ups too, and every background tool."""
    await scene.fleet.all_ready()
    async with connected(scene.fleet.postgres.owner_url) as database:

        async def none_open() -> bool:
            return not await database.fetchval(
                "SELECT count(*) FROM threadlog.open_runs WHERE thread_id = ANY ($1)",
                list(under.threads),
            )

        await eventually(none_open, seconds=ENDS_SECONDS, every_seconds=0.1)


def _tell(scene: Scene, under: _Under, evidence: Evidence) -> None:
    figures = scene.figures
    endings = Counter(events[-1].name for events in evidence.completions.values())
    figures.tell("random: workers", f"{dict(under.struck)}")
    figures.tell("random: answers", f"{len(evidence.completions)}: {dict(endings)}")
    figures.tell("random: background tools", _of_tools(evidence))
    waits = [_seconds(events) for events in evidence.completions.values()]
    figures.at_most("random: longest from accepted to ended", max(waits), ENDS_SECONDS, unit=" s")
    again = [_until_again(scene, events) for events in evidence.completions.values()]
    slowest = max((seconds for some in again for seconds in some), default=0.0)
    figures.at_most("random: longest from a kill to the next attempt", slowest, 5.0, unit=" s")
    unexplained = [
        f"{completion} {events[-1].data}"
        for completion, events in evidence.completions.items()
        if not events[-1].name.endswith("finished") and not _is_used_up(events)
    ]
    figures.equal("random: answers that failed without two losses at one step", unexplained, [])


def _of_tools(evidence: Evidence) -> str:
    ends = Counter(
        events[-1].name + (f" ({events[-1].data['type']})" if "type" in events[-1].data else "")
        for events in evidence.streams.values()
        if events[0].name == "tool.dispatched"
    )
    return f"{ends.total()}: {dict(ends)}"


def _seconds(events: Sequence[Event]) -> float:
    return (events[-1].recorded_at - events[0].recorded_at).total_seconds()


def _until_again(scene: Scene, events: Sequence[Event]) -> Iterator[float]:
    """For each worker that was killed while it answered: until the next one began."""
    killed = {death.worker_id: death.at for death in scene.fleet.deaths}
    for before, after in pairwise(named(events, "completion.started")):
        at = killed.get(before.data["worker_id"])
        if at is not None:
            yield after.recorded_at.timestamp() - at


def _is_used_up(events: Sequence[Event]) -> bool:
    """Has it lost a worker twice at the same step, or three in all?"""
    lost = [
        one
        for one in named(events, "completion.interrupted")
        if one.data["reason"] == "worker_lost"
    ]
    kept = [one.data["kept_through"] for one in lost]
    return len(kept) > 2 or len(set(kept)) < len(kept)

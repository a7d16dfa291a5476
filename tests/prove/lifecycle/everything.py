"""When all is over: the whole log, the tables, what is left, and what the world outside counted."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from tests.prove.lifecycle.counter import Counter
from tests.prove.lifecycle.provider import TaggingServer
from tests.prove.lifecycle.scene import Scene
from tests.prove.lifecycle.spliced import spliced
from tests.storm.evidence import Event, Evidence, read_log
from tests.storm.invariants import (
    Invariant,
    attempts_follow_one_another,
    every_answer_ends_once,
    every_tool_ends_once,
    nothing_is_left_over,
    one_answer_at_a_time,
    one_result_for_each_call,
    positions_are_dense,
    rebuilt_equals_live,
    requests_were_recorded_first,
    text_is_of_one_attempt,
    time_never_falls,
    versions_are_dense,
)
from tests.storm.journal import Journal
from tests.storm.quiet import left_over
from tests.storm.tables import live_tables, rebuilt_tables

GUARANTEES: dict[str, Sequence[Invariant]] = {
    "G13, G14 one ending, and nothing after it": (every_answer_ends_once, every_tool_ends_once),
    "G16 nothing written by a fenced attempt": (attempts_follow_one_another,),
    "G18 no spliced text": (text_is_of_one_attempt,),
    "G21 one result for each call": (one_result_for_each_call,),
    "one answer at a time": (one_answer_at_a_time,),
}
OF_THE_WHOLE: Sequence[Invariant] = (
    positions_are_dense,
    versions_are_dense,
    time_never_falls,
    requests_were_recorded_first,
    rebuilt_equals_live,
    nothing_is_left_over,
)
HARMLESS = ("look", "note", "instructions")


@dataclass(frozen=True)
class Outside:
    """What the world outside has seen."""

    provider: TaggingServer
    counter: Counter
    since: float  # effects, time.monotonic()


async def look_at_everything(scene: Scene) -> None:
    """Stops the processes."""
    left = await left_over(scene.fleet, scene.provider)
    postgres = scene.fleet.postgres
    live = await live_tables(postgres.owner_url)
    left += await scene.fleet.stop()
    evidence = Evidence(
        events=await read_log(postgres.owner_url),
        journal=Journal(),
        live_tables=live,
        rebuilt_tables=await rebuilt_tables(postgres.url, postgres.owner_url),
        requests=[hashlib.sha256(one.body).hexdigest() for one in scene.provider.exchanges],
        left_over=left,
    )
    scene.figures.tell("events", len(evidence.events))
    scene.figures.tell("answers", len(evidence.completions))
    scene.figures.tell("workers killed", len(scene.fleet.deaths))
    tell_guarantees(scene, evidence, of="everything")
    for check in OF_THE_WHOLE:
        _tell(scene, check.__name__.replace("_", " "), list(check(evidence)))


def tell_guarantees(scene: Scene, evidence: Evidence, *, of: str, since: float = 0.0) -> None:
    """Each must have no violation. `since`: when the evidence begins, time.monotonic()."""
    outside = Outside(scene.provider, scene.counter, since)
    for name, checks in GUARANTEES.items():
        found = [line for check in checks for line in check(evidence)]
        if name.startswith("G18"):
            found += list(_spliced(evidence, outside))
        if name.startswith("G21"):
            found += list(_effects(evidence, outside))
        _tell(scene, f"{of}: {name}, violations", found)


def part_of(evidence_events: Sequence[Event], threads: set[UUID]) -> Evidence:
    """The evidence on some threads alone."""
    events = [event for event in evidence_events if event.thread_id in threads]
    return Evidence(events, Journal(), live_tables={}, rebuilt_tables={})


def _tell(scene: Scene, what: str, found: Sequence[str]) -> None:
    scene.figures.equal(what, len(found), 0)
    for line in found[:5]:
        print(f"    BROKEN {line[:500]}")


def _spliced(evidence: Evidence, outside: Outside) -> Iterator[str]:
    for completion, events in evidence.completions.items():
        for fault in spliced(events, whole=outside.provider.whole):
            yield f"completion {completion}: {fault}"


def _effects(evidence: Evidence, outside: Outside) -> Iterator[str]:
    """At most one for each key, but for what says of itself that it may be repeated."""
    of_executions = {
        str(stream): events[0].data["retries"]
        for stream, events in evidence.streams.items()
        if events[0].name == "tool.dispatched"
    }
    for (tool, key), effects in outside.counter.by_key().items():
        most = 1 + of_executions.get(key, 0)
        is_ours = effects[0].at >= outside.since
        if is_ours and tool not in HARMLESS and len(effects) > most:
            yield f"{tool} {key} had its effect {len(effects)} times"

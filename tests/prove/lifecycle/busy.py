"""Fifty messages at one moment on a thread that is answering, for each `when_busy`."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.model_server import ask
from tests.prove.lifecycle.agents import HELD_SECONDS
from tests.prove.lifecycle.everything import part_of
from tests.prove.lifecycle.scene import Asked, Scene, call
from tests.prove.lifecycle.streams import named
from tests.servers import connected
from tests.storm.evidence import Event, Evidence, read_log
from tests.storm.invariants import every_answer_ends_once, one_answer_at_a_time
from tests.system.stack import eventually

MESSAGES = 50
QUIET_SECONDS = 60.0
LINE = "| {} | {} | {} | {} | {} | {} | {} |"
OPEN = "SELECT count(*) FROM threadlog.open_runs WHERE thread_id = $1"
INTERRUPTED = "Another message interrupted the answer."


@dataclass
class Case:
    """What came of fifty messages."""

    name: str
    statuses: Counter[int]
    log: Evidence
    seconds: float
    faults: list[str] = field(default_factory=list[str])

    @property
    def events(self) -> Sequence[Event]:
        return self.log.events

    def promise(self, what: str, value: object, expected: object) -> None:
        """Note where it is not so."""
        if value != expected:
            self.faults.append(f"{self.name}: {what} {value}, not {expected}")


async def prove_busy(scene: Scene) -> None:
    """Prints a line for each."""
    heads = ("answers to POST", "answers", "order kept", "running at once", "s")
    print(LINE.format("when_busy", *heads, "violations"))
    print("|---|---|---|---|---:|---:|---:|", flush=True)
    cases = [await case(scene) for case in CASES]
    for fault in [fault for case in cases for fault in case.faults]:
        print(f"    BROKEN {fault[:500]}")
    good = sum(not case.faults for case in cases)
    scene.figures.equal("busy threads where all is as promised", good, len(CASES))


async def _enqueue(scene: Scene) -> Case:
    asked = await scene.ask(scene.tag("enqueue"), words=40, gap_seconds=0.05)
    await scene.streams.until_named(asked.completion_id, "completion.chunk")
    case = await _post_all(scene, asked, "enqueue")
    case.promise("statuses", dict(case.statuses), {202: MESSAGES})
    case.promise("endings", dict(_endings(case)), {"completion.finished": 1 + MESSAGES})
    return _tell(case)


async def _steer(scene: Scene) -> Case:
    """While a tool runs: its answer takes them all in before the model is asked again."""
    tag = scene.tag("steer")
    asked = await scene.ask(tag, calls=[call("look", tag, hold=HELD_SECONDS)], words=10)
    await scene.has_effect(tag, "look")
    case = await _post_all(scene, asked, "steer", release=tag)
    case.promise("statuses", dict(case.statuses), {202: MESSAGES})
    case.promise("endings", dict(_endings(case)), {"completion.finished": 1})
    _told_in_order(scene, case, tag, requests=2)
    return _tell(case)


async def _steer_too_late(scene: Scene) -> Case:
    """In the last text: they are the next turn, one answer to them all."""
    tag = scene.tag("steer-late")
    asked = await scene.ask(tag, words=60, gap_seconds=0.05)
    await scene.streams.until_named(asked.completion_id, "completion.chunk")
    case = await _post_all(scene, asked, "steer", name="steer, in the last text")
    case.promise("statuses", dict(case.statuses), {202: MESSAGES})
    case.promise("endings", dict(_endings(case)), {"completion.finished": 2})
    _told_in_order(scene, case, tag, requests=2)
    return _tell(case)


async def _interrupt(scene: Scene) -> Case:
    asked = await scene.ask(scene.tag("interrupt"), words=None, gap_seconds=0.05)
    await scene.streams.until_named(asked.completion_id, "completion.chunk")
    case = await _post_all(scene, asked, "interrupt", words=10, gap_seconds=0.02)
    case.promise("statuses", dict(case.statuses), {202: MESSAGES})
    first = case.log.completions[UUID(asked.completion_id)][-1]
    case.promise("the first", (first.name, first.data.get("reason")), _CANCELLED)
    case.promise("its partial text is kept", first.data["answer"]["characters"] > 0, True)
    ends = [events[-1] for events in case.log.completions.values()]
    others = [one for one in ends if one.name != "completion.finished"]
    reasons = {(one.name, one.data.get("reason")) for one in others}
    case.promise("those that have not finished", reasons, {_CANCELLED})
    last = max(ends, key=lambda end: end.position)
    case.promise("the last", last.name, "completion.finished")
    return _tell(case)


async def _reject(scene: Scene) -> Case:
    asked = await scene.ask(scene.tag("reject"), words=30, gap_seconds=0.05)
    await scene.streams.until_named(asked.completion_id, "completion.chunk")
    case = await _post_all(scene, asked, "reject")
    case.promise("statuses", dict(case.statuses), {409: MESSAGES})
    case.promise("endings", dict(_endings(case)), {"completion.finished": 1})
    return _tell(case)


async def _reject_when_idle(scene: Scene) -> Case:
    asked = await scene.ask(scene.tag("reject-idle"), words=1)
    await _quiet(scene, asked)
    case = await _post_all(
        scene, asked, "reject", name="reject, on an idle thread", words=100, gap_seconds=0.05
    )
    case.promise("statuses", dict(case.statuses), {202: 1, 409: MESSAGES - 1})
    case.promise("endings", dict(_endings(case)), {"completion.finished": 2})
    return _tell(case)


async def _post_all(
    scene: Scene,
    asked: Asked,
    when_busy: str,
    *,
    name: str | None = None,
    release: str | None = None,
    **script: Any,
) -> Case:
    """At one moment; then wait until the thread is quiet."""
    began = time.monotonic()

    async def post(number: int) -> int:
        script_of_it = script or {"text": f"Answer {number}."}
        text = f"message-{number}; " if when_busy == "steer" else ask("", **script_of_it)
        body = {"text": text, "when_busy": when_busy}
        path = f"/v1/threads/{asked.thread_id}/messages"
        answer = await scene.client.http.post(path, json=body)
        return answer.status_code

    statuses = Counter(await asyncio.gather(*map(post, range(MESSAGES))))
    if release is not None:
        scene.counter.release(release)
    await _quiet(scene, asked)
    log = part_of(await read_log(scene.fleet.postgres.owner_url), {UUID(asked.thread_id)})
    return Case(name or when_busy, statuses, log, time.monotonic() - began)


async def _quiet(scene: Scene, asked: Asked) -> None:
    async with connected(scene.fleet.postgres.owner_url) as database:

        async def none_open() -> bool:
            return await database.fetchval(OPEN, UUID(asked.thread_id)) == 0

        await eventually(none_open, seconds=QUIET_SECONDS, every_seconds=0.05)


def _tell(case: Case) -> Case:
    """Checks what holds for all of them, and prints the line."""
    at_once, overlaps = _running_at_once(case.events)
    case.faults += overlaps
    case.faults += [*every_answer_ends_once(case.log), *one_answer_at_a_time(case.log)]
    delivered = _messages(case.events, "thread.message_delivered")
    queued = _messages(case.events, "thread.message_queued")
    case.promise("delivered", delivered, queued)
    statuses = ", ".join(f"{count} × {status}" for status, count in case.statuses.items())
    endings = ", ".join(
        f"{count} {name.removeprefix('completion.')}" for name, count in _endings(case).items()
    )
    order = "yes" if delivered == queued else "**no**"
    line = LINE.format(
        case.name, statuses, endings, order, at_once, f"{case.seconds:.1f}", len(case.faults)
    )
    print(line, flush=True)
    return case


def _endings(case: Case) -> Counter[str]:
    return Counter(events[-1].name for events in case.log.completions.values())


def _messages(events: Sequence[Event], name: str) -> list[str]:
    return [event.data["message_id"] for event in named(events, name)]


def _running_at_once(events: Sequence[Event]) -> tuple[int, list[str]]:
    """The most in the order of the log, and who wrote beside another."""
    running: set[UUID] = set()
    most, faults = 0, list[str]()
    for event in events:
        if event.name == "completion.started":
            running.add(event.stream)
            most = max(most, len(running))
        elif event.is_terminal:
            running.discard(event.stream)
        elif event.name == "completion.chunk" and running != {event.stream}:
            faults.append(f"position {event.position} is of {event.stream}, beside {running}")
    if most > 1:
        faults.append(f"{most} completions ran at once")
    return most, faults


def _told_in_order(scene: Scene, case: Case, tag: str, *, requests: int) -> None:
    """The last request has all messages, each once, in the order in which they were taken."""
    exchanges = scene.provider.by_key[tag]
    case.promise("requests to the model", len(exchanges), requests)
    body = exchanges[-1].body.decode()
    queued = named(case.events, "thread.message_queued")
    texts = [event.data["parts"][0]["content"] for event in queued]
    case.promise("each is told once", {body.count(text.strip()) for text in texts}, {1})
    places = [body.find(text.strip()) for text in texts]
    case.promise("told in order", places == sorted(places), True)


_CANCELLED = ("completion.cancelled", INTERRUPTED)
CASES: Sequence[Callable[[Scene], Awaitable[Case]]] = (
    _enqueue,
    _steer,
    _steer_too_late,
    _interrupt,
    _reject,
    _reject_when_idle,
)

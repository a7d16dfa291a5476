"""Results of background tools that come early, late, twice and several at once: told once each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.prove.lifecycle.agents import HELD_SECONDS, found
from tests.prove.lifecycle.scene import Asked, Scene, call
from tests.prove.lifecycle.streams import kept_text, named
from tests.storm.evidence import Event
from tests.system.stack import eventually

QUIET_SECONDS = 30.0
LINE = "| {} | {} | {} | {} | {} |"


@dataclass
class Case:
    """One moment at which a result comes."""

    scene: Scene
    name: str
    asked: Asked
    told_in: str
    faults: list[str] = field(default_factory=list[str])
    counts: list[int] = field(default_factory=list[int])  # in each request to the model
    deliveries: int = 0

    @property
    def tag(self) -> str:
        return self.asked.tag

    def promise(self, what: str, value: object, expected: object) -> None:
        """Note where it is not so."""
        if value != expected:
            self.faults.append(f"{self.name}: {what} {value}, not {expected}")

    async def told_once(
        self, words: Sequence[str], counts: Sequence[int], *, answers: int, teller: int
    ) -> "Case":
        """`counts`: how often each result stands in each request to the model; `answers` there are
        in the end, and `teller` is the one that tells it."""
        scene = self.scene
        completions = list[str]()

        async def quiet() -> bool:
            completions[:] = await scene.completions_of(self.asked.thread_id)
            return len(completions) >= answers and scene.provider.asked(self.tag) >= len(counts)

        await eventually(quiet, seconds=QUIET_SECONDS)
        for completion in completions:
            await scene.streams.until_end(completion)
        completions = await scene.completions_of(self.asked.thread_id)
        self.promise("answers", len(completions), answers)
        bodies = [one.body.decode() for one in scene.provider.by_key[self.tag]]
        for one in words:
            self.counts = [body.count(one) for body in bodies]
            self.promise(f"{one!r} in the requests", self.counts, list(counts))
        delivered = await self._delivered()
        self.deliveries = len(delivered)
        executions = await scene.executions_of(self.asked)
        told = [(one.data["execution_id"], one.data["completion_id"]) for one in delivered]
        expected = [(execution, completions[teller]) for execution in executions]
        self.promise("delivered", sorted(told), sorted(expected))
        return self

    async def _delivered(self) -> list[Event]:
        thread = await self.scene.streams.read(self.asked.thread_id)
        return named(thread, "thread.result_delivered")


async def prove_results(scene: Scene) -> None:
    """Prints the matrix."""
    print(LINE.format("the result comes", "told in", "in each request", "deliveries", "violations"))
    print("|---|---|---|---:|---:|", flush=True)
    cases = list(await asyncio.gather(*(case(scene) for case in CASES)))
    cases.append(await _and_the_teller_dies(scene))
    for case in cases:
        counts = " ".join(map(str, case.counts))
        print(LINE.format(case.name, case.told_in, counts, case.deliveries, len(case.faults)))
        for fault in case.faults:
            print(f"    BROKEN {fault[:500]}")
    good = sum(not case.faults for case in cases)
    scene.figures.equal("moments of a result at which it is told once", good, len(CASES) + 1)


async def _before_the_next_request(scene: Scene) -> Case:
    tag = scene.tag("result-before")
    studied = f"{tag}-studied"
    calls = [call("study", studied, hold=HELD_SECONDS), call("look", tag, hold=HELD_SECONDS)]
    asked = await scene.ask(tag, calls=calls, words=5)
    case = Case(scene, "before the next request", asked, "the same answer")
    await scene.has_effect(studied, "study")
    await scene.has_effect(tag, "look")
    await _let_it_end(scene, asked, studied)
    scene.counter.release(tag)
    return await case.told_once([found(studied)], [0, 1], answers=1, teller=0)


async def _before_a_later_request(scene: Scene) -> Case:
    tag = scene.tag("result-during")
    studied = f"{tag}-studied"
    last = {"calls": [call("look", tag)], "preamble": 40, "gap_seconds": 0.05}
    calls = [call("study", studied, hold=HELD_SECONDS)]
    asked = await scene.ask(tag, calls=calls, then={**last, "then": {"words": 5}})
    case = Case(scene, "in a text that another request follows", asked, "the same answer")
    await scene.streams.until(asked.completion_id, kept_text)
    await _let_it_end(scene, asked, studied)
    return await case.told_once([found(studied)], [0, 0, 1], answers=1, teller=0)


async def _in_the_last_text(scene: Scene) -> Case:
    asked, tags = await _studying(scene, "result-last", last={"words": 40, "gap_seconds": 0.05})
    case = Case(scene, "in the last text", asked, "a follow-up by itself")
    await scene.streams.until_named(asked.completion_id, "completion.model_requested", count=2)
    await _let_it_end(scene, asked, *tags)
    return await case.told_once([found(tags[0])], [0, 0, 1], answers=2, teller=1)


async def _when_idle(scene: Scene) -> Case:
    asked, tags = await _studying(scene, "result-after")
    case = Case(scene, "after the end", asked, "a follow-up by itself")
    await scene.streams.until_end(asked.completion_id)
    await _let_it_end(scene, asked, *tags)
    return await case.told_once([found(tags[0])], [0, 0, 1], answers=2, teller=1)


async def _and_the_teller_dies(scene: Scene) -> Case:
    asked, tags = await _studying(scene, "result-killed", last={"words": 5, "delay_seconds": 1.5})
    case = Case(scene, "after the end, and who tells it is killed", asked, "its second attempt")
    await scene.streams.until_end(asked.completion_id)
    await scene.fleet.can_lose_one()
    await _let_it_end(scene, asked, *tags)
    await eventually(lambda: scene.provider.asked(asked.tag) == 3, seconds=QUIET_SECONDS)
    [_, follow_up] = await scene.completions_of(asked.thread_id)
    await scene.kill_worker_of(follow_up)
    return await case.told_once([found(tags[0])], [0, 0, 1, 1], answers=2, teller=1)


async def _twice_from_outside(scene: Scene) -> Case:
    tag = scene.tag("result-twice")
    asked = await scene.ask(tag, calls=[call("order", tag)], words=5)
    case = Case(scene, "from outside, ten times", asked, "a follow-up by itself")
    await scene.streams.until_end(asked.completion_id)
    [effect] = scene.counter.effects[tag]

    async def deliver(result: dict[str, Any]) -> tuple[int, int | None]:
        answer = await scene.client.http.post(
            f"/v1/tool-executions/{effect.more['execution_id']}/result",
            json={"result": result},
            headers={"Authorization": f"Bearer {effect.more['token']}"},
        )
        return answer.status_code, answer.json().get("position")

    told = await asyncio.gather(*(deliver({"finding": found(tag)}) for _ in range(10)))
    case.promise("answers to the POSTs", {status for status, _ in told}, {202})
    case.promise("positions", len({position for _, position in told}), 1)
    case.promise("another result", (await deliver({"finding": "none"}))[0], 409)
    return await case.told_once([found(tag)], [0, 0, 1], answers=2, teller=1)


async def _after_a_cancel(scene: Scene) -> Case:
    endless = {"words": None, "gap_seconds": 0.05}
    asked, tags = await _studying(scene, "result-cancel", last=endless)
    case = Case(scene, "after a cancel that leaves it running", asked, "the user's next question")
    await _cancel_in_the_text(scene, asked, tools=False)
    await _let_it_end(scene, asked, *tags)
    case.promise("answers by themselves", len(await scene.completions_of(asked.thread_id)), 1)
    await scene.say(asked, "What has come of it?")
    return await case.told_once([found(tags[0])], [0, 0, 1], answers=2, teller=1)


async def _cancelled_with_its_answer(scene: Scene) -> Case:
    endless = {"words": None, "gap_seconds": 0.05}
    asked, tags = await _studying(scene, "result-stopped", last=endless)
    case = Case(scene, "never: it is cancelled too", asked, "the user's next question")
    await _cancel_in_the_text(scene, asked, tools=True)
    await eventually(lambda: tags[0] in scene.counter.stopped, seconds=QUIET_SECONDS)
    events = await scene.streams.until_end(await scene.execution_of(asked))
    case.promise("its end", events[-1].name, "tool.cancelled")
    case.promise("answers by themselves", len(await scene.completions_of(asked.thread_id)), 1)
    await scene.say(asked, "What has come of it?")
    return await case.told_once(["has ended. It was cancelled"], [0, 0, 1], answers=2, teller=1)


async def _several(scene: Scene) -> Case:
    last = {"words": 60, "gap_seconds": 0.05}
    asked, tags = await _studying(scene, "result-several", last=last, count=3)
    case = Case(scene, "three in the last text", asked, "one follow-up by itself")
    await scene.executions_of(asked, count=3)
    await _let_it_end(scene, asked, *tags)
    words = [found(tag) for tag in tags]
    return await case.told_once(words, [0, 0, 1], answers=2, teller=1)


async def _studying(
    scene: Scene, name: str, *, last: dict[str, Any] | None = None, count: int = 1
) -> tuple[Asked, list[str]]:
    """An answer whose background tools work until they are let go; their tags."""
    tag = scene.tag(name)
    tags = [f"{tag}-studied-{number}" for number in range(count)]
    calls = [call("study", one, hold=HELD_SECONDS) for one in tags]
    asked = await scene.ask(tag, calls=calls, then=last or {"words": 5})
    for one in tags:
        await scene.has_effect(one, "study")
    return asked, tags


async def _let_it_end(scene: Scene, asked: Asked, *tags: str) -> None:
    scene.counter.release(*tags)
    for execution in await scene.executions_of(asked, count=len(tags)):
        await scene.streams.until_end(execution)


async def _cancel_in_the_text(scene: Scene, asked: Asked, *, tools: bool) -> None:
    await scene.streams.until(asked.completion_id, kept_text)
    await scene.client.post(f"/v1/completions/{asked.completion_id}/cancel", {"tools": tools})
    await scene.streams.until_end(asked.completion_id)


CASES: Sequence[Callable[[Scene], Awaitable[Case]]] = (
    _before_the_next_request,
    _before_a_later_request,
    _in_the_last_text,
    _when_idle,
    _twice_from_outside,
    _after_a_cancel,
    _cancelled_with_its_answer,
    _several,
)

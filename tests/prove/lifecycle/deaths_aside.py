"""Deaths beside the answer itself: while it waits for a person, and in a background tool."""

from collections.abc import Awaitable, Callable, Sequence

from tests.prove.lifecycle.agents import HELD_SECONDS, found
from tests.prove.lifecycle.fleet import TOOLS
from tests.prove.lifecycle.row import Row, outcomes, taken_over, text_of, told
from tests.prove.lifecycle.scene import Asked, Scene, call
from tests.prove.lifecycle.streams import named
from tests.system.stack import eventually


def waiting(*, approved: bool) -> Callable[[Scene], Awaitable[Row]]:
    """The worker that asked is killed; another one goes on when the person has decided."""

    async def row(scene: Scene) -> Row:
        await scene.fleet.can_lose_one()
        asked, tool_call_id = await _wait_for_approval(scene, hold=0.0)
        death = await scene.kill_worker_of(asked.completion_id)
        answered = await _approve(scene, asked, tool_call_id, approved=approved)
        where = f"while waiting for approval, then {'agreed' if approved else 'denied'}"
        row = await taken_over(scene, asked, answered, where, tool="pay")
        started = named(await scene.streams.read(asked.completion_id), "completion.started")
        row.promise("answered by another", started[-1].data["worker_id"] != death.worker_id, True)
        row.promise("tool runs", row.effects, int(approved))
        words = found(asked.tag) if approved else "did not allow"
        told(scene, row, asked.tag, words)
        return row

    return row


async def in_an_approved_tool(scene: Scene) -> Row:
    """What a person agreed to once is not done twice."""
    await scene.fleet.can_lose_one()
    asked, tool_call_id = await _wait_for_approval(scene, hold=HELD_SECONDS)
    await _approve(scene, asked, tool_call_id, approved=True)
    await scene.has_effect(asked.tag, "pay")
    death = await scene.kill_worker_of(asked.completion_id)
    where = "in a tool that was agreed to"
    row = await taken_over(scene, asked, death, where, tool="pay", attempts=3)
    row.promise("tool runs", row.effects, 1)
    row.promise("results", await outcomes(scene, asked), ["outcome_unknown"])
    return row


async def _wait_for_approval(scene: Scene, *, hold: float) -> tuple[Asked, str]:
    tag = scene.tag("approval")
    asked = await scene.ask(tag, calls=[call("pay", tag, hold=hold)], preamble=3, words=10)
    events = await scene.streams.until_named(asked.completion_id, "completion.waiting")
    return asked, named(events, "completion.waiting")[-1].data["tool_call_ids"][0]


async def _approve(scene: Scene, asked: Asked, tool_call_id: str, *, approved: bool) -> float:
    """When, on the wall clock."""
    path = f"/v1/completions/{asked.completion_id}/approvals"
    await scene.client.post(path, {"tool_call_id": tool_call_id, "approved": approved})
    events = await scene.streams.read(asked.completion_id)
    return named(events, "completion.approval_answered")[-1].recorded_at.timestamp()


def in_the_background(*, again: bool) -> Callable[[Scene], Awaitable[Row]]:
    """The worker that runs it is killed; the answer is over by then, and another one follows."""

    async def row(scene: Scene) -> Row:
        await scene.fleet.can_lose_one(TOOLS)
        tag = scene.tag("background")
        calls = [call("study", tag, hold=HELD_SECONDS, again=again)]
        asked = await scene.ask(tag, calls=calls, words=5)
        await scene.streams.until_end(asked.completion_id)
        await scene.has_effect(tag, "study")
        execution = await scene.execution_of(asked)
        death = await scene.kill_worker_of(execution)
        events = await scene.streams.until_end(execution)
        started = named(events, "tool.started")
        next_one = started[-1] if again else events[-1]
        [_, follow_up] = await _follow_up(scene, asked)
        said = await scene.streams.until_end(follow_up)
        row = Row(
            f"in a background tool, retries={int(again)}",
            len(started),
            scene.counter.times(tag, "study"),
            scene.provider.asked(tag),
            next_one.recorded_at.timestamp() - death.at,
            text_of(scene, said),
            f"{events[-1].name}{': ' + events[-1].data['type'] if not again else ''}",
        )
        expected = ("tool.finished", None) if again else ("tool.failed", "outcome_unknown")
        row.promise("ending", (events[-1].name, events[-1].data.get("type")), expected)
        row.promise("tool runs", row.effects, 2 if again else 1)
        row.promise("keys", len({one.key for one in scene.counter.effects[tag]}), 1)
        row.promise("the follow-up", said[-1].name, "completion.finished")
        words = found(tag) if again else "It failed"
        told(scene, row, tag, words)
        return row

    return row


async def _follow_up(scene: Scene, asked: Asked) -> Sequence[str]:
    completions: list[str] = []

    async def there() -> bool:
        completions[:] = await scene.completions_of(asked.thread_id)
        return len(completions) == 2

    await eventually(there, seconds=20)
    return completions

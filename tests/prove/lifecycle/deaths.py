"""A worker is killed (-9) at each point of an answer: what was repeated and said, how soon."""

from collections.abc import Awaitable, Callable, Sequence

from tests.prove.lifecycle.agents import HELD_SECONDS, found
from tests.prove.lifecycle.deaths_aside import in_an_approved_tool, in_the_background, waiting
from tests.prove.lifecycle.row import Row, outcomes, taken_over, told
from tests.prove.lifecycle.scene import Scene, call
from tests.prove.lifecycle.streams import named
from tests.storm.evidence import Event

TAKEN_OVER_SECONDS = 5.0
LINE = "| {} | {} | {} | {} | {} | {} | {} |"


async def prove_deaths(scene: Scene) -> None:
    """Prints the table."""
    print(LINE.format("killed", "attempts", "tool runs", "model asked", "s", "text", "ending"))
    print("|---|---:|---:|---:|---:|---|---|", flush=True)
    rows: list[Row] = []
    for point in POINTS:
        row = await point(scene)
        if row.seconds > TAKEN_OVER_SECONDS:
            row.faults.append(f"{row.where}: the next attempt came after {row.seconds:.1f} s")
        print(_line(row), flush=True)
        rows.append(row)
    for fault in [fault for row in rows for fault in row.faults]:
        print(f"    BROKEN {fault}")
    good = sum(not row.faults for row in rows)
    scene.figures.equal("points of death where all is as promised", good, len(POINTS))
    slowest = max(row.seconds for row in rows)
    scene.figures.at_most("kill -9 to the next attempt", slowest, TAKEN_OVER_SECONDS, unit=" s")


def _line(row: Row) -> str:
    figures = row.attempts, row.effects, row.model_asked, f"{row.seconds:.2f}"
    return LINE.format(row.where, *figures, row.text, row.ending)


async def _before_the_model(scene: Scene) -> Row:
    await scene.fleet.can_lose_one()
    asked = await scene.ask(scene.tag("before"), agent="thoughtful", words=10)
    await scene.has_effect(asked.thread_id, "instructions")
    death = await scene.kill_worker_of(asked.completion_id)
    row = await taken_over(scene, asked, death, "before the model call")
    row.promise("requests to the model", row.model_asked, 1)
    return row


async def _in_the_text(scene: Scene) -> Row:
    await scene.fleet.can_lose_one()
    asked = await scene.ask(scene.tag("text"), words=40, gap_seconds=0.03)
    await scene.streams.until_named(asked.completion_id, "completion.chunk", count=5)
    death = await scene.kill_worker_of(asked.completion_id)
    row = await taken_over(scene, asked, death, "in mid-text")
    row.promise("requests to the model", row.model_asked, 2)
    return row


def _in_a_tool(tool: str, effect: str, *, runs: int) -> Callable[[Scene], Awaitable[Row]]:
    async def row(scene: Scene) -> Row:
        await scene.fleet.can_lose_one()
        tag = scene.tag("in-tool")
        calls = [call(tool, tag, hold=HELD_SECONDS)]
        asked = await scene.ask(tag, calls=calls, preamble=3, words=10)
        await scene.has_effect(tag, tool)
        death = await scene.kill_worker_of(asked.completion_id)
        where = f"between call and return, effect {effect}"
        row = await taken_over(scene, asked, death, where, tool=tool)
        outcome = await outcomes(scene, asked)
        row.promise("tool runs", row.effects, runs)
        row.promise("results", outcome, ["outcome_unknown" if runs == 1 else "completed"])
        words = "It is not known whether" if runs == 1 else found(tag)
        told(scene, row, tag, words)
        return row

    return row


async def _after_the_return(scene: Scene) -> Row:
    await scene.fleet.can_lose_one()
    tag = scene.tag("returned")
    then = {"words": 10, "delay_seconds": 2.0}
    asked = await scene.ask(tag, calls=[call("send", tag)], preamble=3, then=then)
    await scene.streams.until_named(asked.completion_id, "completion.model_requested", count=2)
    death = await scene.kill_worker_of(asked.completion_id)
    row = await taken_over(scene, asked, death, "after the return", tool="send")
    row.promise("tool runs", row.effects, 1)
    row.promise("results", await outcomes(scene, asked), ["completed"])
    return row


async def _in_the_text_after_a_tool(scene: Scene) -> Row:
    await scene.fleet.can_lose_one()
    tag = scene.tag("second-text")
    then = {"words": 30, "gap_seconds": 0.05}
    asked = await scene.ask(tag, calls=[call("send", tag)], preamble=3, then=then)
    await scene.streams.until(asked.completion_id, lambda events: _said_after_tool(events) >= 3)
    death = await scene.kill_worker_of(asked.completion_id)
    row = await taken_over(scene, asked, death, "in the text after a tool", tool="send")
    row.promise("tool runs", row.effects, 1)
    row.promise("requests to the model", row.model_asked, 3)
    return row


def _said_after_tool(events: Sequence[Event]) -> int:
    returned = named(events, "completion.tool_returned")
    after = [
        one
        for one in named(events, "completion.chunk")
        if returned and one.position > returned[0].position
    ]
    return len(after)


POINTS: Sequence[Callable[[Scene], Awaitable[Row]]] = (
    _before_the_model,
    _in_the_text,
    _in_a_tool("look", "none", runs=2),
    _in_a_tool("note", "idempotent", runs=2),
    _in_a_tool("send", "once", runs=1),
    _after_the_return,
    _in_the_text_after_a_tool,
    waiting(approved=True),
    waiting(approved=False),
    in_an_approved_tool,
    in_the_background(again=False),
    in_the_background(again=True),
)

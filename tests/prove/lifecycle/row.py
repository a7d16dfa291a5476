"""One point of death: what the log, the model and the world outside have seen of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.prove.lifecycle.fleet import Death
from tests.prove.lifecycle.scene import Asked, Scene
from tests.prove.lifecycle.spliced import spliced
from tests.prove.lifecycle.streams import kept_chunks, named
from tests.storm.evidence import Event


@dataclass
class Row:
    """One point of death."""

    where: str
    attempts: int
    effects: int  # outside
    model_asked: int
    seconds: float  # from the death, or from what woke it up, to the next attempt
    text: str
    ending: str
    faults: list[str] = field(default_factory=list[str])

    def promise(self, what: str, value: object, expected: object) -> None:
        """Note where it is not so."""
        if value != expected:
            self.faults.append(f"{self.where}: {what} {value}, not {expected}")


async def taken_over(
    scene: Scene,
    asked: Asked,
    since: Death | float,
    where: str,
    *,
    tool: str | None = None,
    attempts: int = 2,
) -> Row:
    """The row of an answer, when that has ended. `since`: the death, or what it waited for."""
    events = await scene.streams.until_end(asked.completion_id)
    started = named(events, "completion.started")
    at = since.at if isinstance(since, Death) else since
    row = Row(
        where,
        len(started),
        scene.counter.times(asked.tag, tool) if tool else 0,
        scene.provider.asked(asked.tag),
        started[-1].recorded_at.timestamp() - at,
        text_of(scene, events),
        events[-1].name.removeprefix("completion."),
    )
    row.faults += [f"{where}: {fault}" for fault in spliced(events, whole=scene.provider.whole)]
    row.promise("attempts", row.attempts, attempts)
    row.promise("ending", row.ending, "finished")
    row.promise("keys", len({one.key for one in scene.counter.effects[asked.tag]}) <= 1, True)
    return row


async def outcomes(scene: Scene, asked: Asked) -> list[str]:
    """What came of its tool calls."""
    events = await scene.streams.read(asked.completion_id)
    return [one.data["outcome"] for one in named(events, "completion.tool_returned")]


def told(scene: Scene, row: Row, tag: str, words: str) -> None:
    """The last request to the model has these words, once."""
    last = scene.provider.by_key[tag][-1].body.decode()
    row.promise(f"the model was told {words!r}", last.count(words), 1)


def text_of(scene: Scene, events: Sequence[Event]) -> str:
    """Of which attempts it is, step by step."""
    by_step = {one.data["step"]: one.data["attempt"] for one in kept_chunks(events)}
    whole = "" if not spliced(events, whole=scene.provider.whole) else " SPLICED"
    return "attempt " + " + ".join(map(str, by_step.values())) + whole

"""Is an answer's text that of single requests to the model, each whole and in its order?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tests.prove.lifecycle.provider import WORD
from tests.prove.lifecycle.streams import kept_chunks, named
from tests.storm.evidence import Event

Step: TypeAlias = tuple[int, int]  # attempt and step


def spliced(events: Sequence[Event], *, whole: Mapping[int, str]) -> list[str]:
    """What is wrong with a completion's text, whose words name the requests that they are of.

    `whole`: by request, all that it says when nothing disturbs it. Text without such words is not
    looked at.
    """
    said = _by_step(named(events, "completion.chunk"))
    faults = [fault for step, text in said.items() for fault in _not_of_one(step, text)]
    requests = [int(WORD.findall(text)[0][0]) for text in said.values() if WORD.match(text)]
    if len(set(requests)) != len(requests):
        faults.append(f"one request is said in two steps: {requests}")
    kept = _by_step(kept_chunks(events))
    steps = [step for _, step in kept]
    if len(set(steps)) != len(steps):
        faults.append(f"a step of two attempts is kept: {list(kept)}")
    finished = events[-1].name == "completion.finished"
    return faults + [
        fault
        for step, text in kept.items()
        for fault in _not_whole(step, text, whole=whole, finished=finished)
    ]


def _by_step(chunks: Sequence[Event]) -> dict[Step, str]:
    said: defaultdict[Step, str] = defaultdict(str)
    for chunk in chunks:
        if chunk.data["kind"] == "text":
            said[chunk.data["attempt"], chunk.data["step"]] += chunk.data["text"]
    return dict(said)


def _not_of_one(step: Step, text: str) -> list[str]:
    words = [(int(request), int(place)) for request, place in WORD.findall(text)]
    if not words:
        return []
    request = words[0][0]
    if words != [(request, place) for place in range(len(words))]:
        return [f"attempt {step[0]}, step {step[1]} says {text[:200]!r}"]
    return []


def _not_whole(step: Step, text: str, *, whole: Mapping[int, str], finished: bool) -> list[str]:
    words = WORD.findall(text)
    expected = whole.get(int(words[0][0])) if words else None
    if expected is None:
        return []
    if text != expected if finished else not expected.startswith(text):
        return [f"step {step[1]} says {text[-80:]!r} and the model {expected[-80:]!r}"]
    return []

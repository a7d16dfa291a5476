"""What must hold after every storm. Each check names what it found; nothing found is good."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from tests.storm.evidence import Event, Evidence

Invariant = Callable[[Evidence], Iterator[str]]


def positions_are_dense(evidence: Evidence) -> Iterator[str]:
    """1, 2, 3 … without a hole."""
    for place, event in enumerate(evidence.events, start=1):
        if event.position != place:
            yield f"position {place} is missing"
            return


def versions_are_dense(evidence: Evidence) -> Iterator[str]:
    """Each stream counts 1, 2, 3 … in the order of the log."""
    for stream, events in evidence.streams.items():
        versions = [event.version for event in events]
        if versions != list(range(1, len(versions) + 1)):
            yield f"stream {stream} has the versions {versions[:50]}"


def time_never_falls(evidence: Evidence) -> Iterator[str]:
    """Whatever the clocks did."""
    for earlier, later in pairwise(evidence.events):
        if later.recorded_at < earlier.recorded_at:
            yield f"position {later.position} was recorded before {earlier.position}"


def nothing_acknowledged_is_lost(evidence: Evidence) -> Iterator[str]:
    """What was answered with 2xx is in the log, once, as it was said and where it was told."""
    known = Counter(message_id for message_id, _ in evidence.messages)
    said = dict(evidence.messages)
    for told in evidence.journal.told:
        at = evidence.by_position.get(told.position)
        if at is None or at.thread_id != told.thread_id:
            yield f"{told.act} {told.id}: position {told.position} is of {at and at.thread_id}"
        match told.act:
            case "thread":
                if told.id not in evidence.streams:
                    yield f"thread {told.id} is not in the log"
            case "message":
                sent = evidence.journal.sent[told.id].text
                if known[told.id] != 1 or said[told.id] != sent:
                    yield f"message {told.id} is in the log {known[told.id]} times, or not as said"
                if evidence.answers.get(told.completion_id) != told.id:
                    yield f"completion {told.completion_id} was promised to message {told.id}"
            case "cancel":
                if not _is_cancelled(evidence.completions.get(told.id, []), by=told.position):
                    yield f"completion {told.id}: nobody has asked to cancel it"


def nothing_seen_is_made_up(evidence: Evidence) -> Iterator[str]:
    """Every event that a stream delivered stands in the log, word for word."""
    for stream in evidence.journal.streams:
        for seen in stream.seen:
            event = evidence.by_position.get(seen.position)
            if event is None or _shown(event) != seen.body or event.name != seen.name:
                yield f"position {seen.position} ({seen.name}) was seen otherwise than recorded"


def streams_are_exact(evidence: Evidence) -> Iterator[str]:
    """Over all its connections a client saw what is its stream's, in order, each event once."""
    for stream in evidence.journal.streams:
        positions = [seen.position for seen in stream.seen]
        expected = [event.position for event in evidence.shown_on(stream)]
        if positions != expected:
            twice = [position for position, n in Counter(positions).items() if n > 1]
            missing = sorted(set(expected) - set(positions))
            yield (
                f"thread {stream.thread_id}: {len(positions)} of {len(expected)} events, twice "
                f"{twice[:5]}, missing {missing[:5]}, in order {positions == sorted(positions)}"
            )


def every_answer_ends_once(evidence: Evidence) -> Iterator[str]:
    """One terminal event, and nothing after it; all of it in one thread."""
    for completion, events in evidence.completions.items():
        if len({event.thread_id for event in events}) != 1:
            yield f"completion {completion} belongs to several threads"
        ends = [place for place, event in enumerate(events, start=1) if event.is_terminal]
        if ends != [len(events)]:
            yield f"completion {completion} has {len(events)} events and ends at {ends}"


def every_tool_ends_once(evidence: Evidence) -> Iterator[str]:
    """In the background too: one terminal event, nothing after it, and its thread knows it once."""
    arrived = Counter(
        UUID(event.data["execution_id"])
        for event in evidence.events
        if event.name == "thread.result_arrived"
    )
    told = Counter(
        UUID(event.data["execution_id"])
        for event in evidence.events
        if event.name == "thread.result_delivered"
    )
    for stream, events in evidence.streams.items():
        if events[0].name != "tool.dispatched":
            continue
        ends = [place for place, event in enumerate(events, start=1) if event.is_terminal]
        if ends != [len(events)] or arrived[stream] != 1 or told[stream] > 1:
            yield (
                f"execution {stream} has {len(events)} events and ends at {ends}; it arrived "
                f"{arrived[stream]} times and was told {told[stream]} times"
            )


def attempts_follow_one_another(evidence: Evidence) -> Iterator[str]:
    """Claims are 1, 2, 3 …; nobody writes for an earlier attempt; each one left is interrupted."""
    for completion, events in evidence.completions.items():
        current, is_open = 0, False
        for event in events:
            attempt: int = event.data.get("attempt", 0)
            match event.name:
                case "completion.started":
                    if attempt != current + 1 or is_open:
                        yield f"completion {completion}: attempt {attempt} began after {current}"
                    current, is_open = attempt, True
                case "completion.interrupted":
                    is_open = is_open and attempt != current
                case "completion.waiting":
                    is_open = False
                case "completion.model_requested" | "completion.chunk" | "completion.tool_called":
                    if attempt != current:
                        yield f"completion {completion}: attempt {attempt} wrote during {current}"
                case _:
                    pass


def text_is_of_one_attempt(evidence: Evidence) -> Iterator[str]:
    """The ending vouches for the chunks that are not void; a whole answer is the model's."""
    for completion, events in evidence.completions.items():
        text = _text(events)
        last = events[-1]
        if not last.is_terminal:
            continue
        if last.data["answer"]["sha256"] != hashlib.sha256(text.encode()).hexdigest():
            yield f"completion {completion}: the ending is of another text than {text[:80]!r}"
        expected = evidence.expected(completion)
        if expected is None:
            continue
        whole = last.name == "completion.finished"
        if text != expected if whole else not expected.startswith(text):
            yield f"completion {completion} says {text[:200]!r} and the model {expected[:200]!r}"


def one_result_for_each_call(evidence: Evidence) -> Iterator[str]:
    """No call has two results, and in the attempt that ended the answer each has one."""
    for completion, events in evidence.completions.items():
        calls, results = (
            _ids(events, "completion.tool_called"),
            _ids(events, "completion.tool_returned"),
        )
        last = max((n for n, e in enumerate(events) if e.name == "completion.started"), default=0)
        missing = _ids(events[last:], "completion.tool_called") - results
        twice = results - Counter(set(results))
        if results - calls or twice or missing:
            yield f"completion {completion}: calls {dict(calls)}, results {dict(results)}"


def answers_end_for_a_reason(evidence: Evidence) -> Iterator[str]:
    """Failed: it has killed its workers, or the model was not well; cancelled: it was asked."""
    cancelled = {told.id for told in evidence.journal.told if told.act == "cancel"}
    for completion, events in evidence.completions.items():
        last = events[-1]
        lost = [
            e
            for e in events
            if e.name.endswith("interrupted") and e.data["reason"] == "worker_lost"
        ]
        is_ours = last.name == "completion.failed" and evidence.expected(completion) is not None
        kept = [e.data["kept_through"] for e in lost]
        used_up = len(lost) > 2 or len(set(kept)) < len(kept)  # a second time at the same step
        if is_ours and (last.data["type"] != "worker_lost" or not used_up):
            yield f"completion {completion} failed as {last.data['type']}, {len(lost)} lost"
        if last.name == "completion.cancelled" and completion not in cancelled:
            yield f"completion {completion} was cancelled, and no client wanted that"


def one_answer_at_a_time(evidence: Evidence) -> Iterator[str]:
    """A thread gives a turn only after the turn before has ended, and the last has ended too."""
    for stream, events in evidence.streams.items():
        turn = None
        for event in events:
            if event.name == "thread.completion_requested":
                if turn is not None:
                    yield f"thread {stream}: a turn at {event.position} beside {turn}"
                turn = event.data["completion_id"]
            elif event.name == "thread.turn_ended":
                if turn != event.data["completion_id"]:
                    yield f"thread {stream}: not the turn of {turn} ended at {event.position}"
                turn = None
        if turn is not None:
            yield f"thread {stream}: the turn of {turn} has not ended"


def requests_were_recorded_first(evidence: Evidence) -> Iterator[str]:
    """The provider was asked nothing that the log does not have, and not more often."""
    recorded = Counter(
        event.data["body_sha256"]
        for event in evidence.events
        if event.name == "completion.model_requested"
    )
    unknown = Counter(evidence.requests) - recorded
    if unknown:
        yield f"{unknown.total()} of {len(evidence.requests)} requests are not in the log"


def rebuilt_equals_live(evidence: Evidence) -> Iterator[str]:
    """The tables made again from the log are the tables as they were."""
    for table, live in evidence.live_tables.items():
        if evidence.rebuilt_tables[table] != live:
            yield f"{table}: live {live}, rebuilt {evidence.rebuilt_tables[table]}"


def clients_have_no_complaints(evidence: Evidence) -> Iterator[str]:
    """Every request got an answer that the contract has, and every answer came in time."""
    yield from evidence.journal.complaints
    for event in evidence.events:
        if event.name == "completion.failed" and event.data["type"] == "internal":
            yield f"completion {event.stream} failed for a reason of ours: {event.data}"


def much_has_happened(evidence: Evidence) -> Iterator[str]:
    """Where nothing happens nothing breaks: acts of each kind, and answers in between."""
    acts = Counter(told.act for told in evidence.journal.told)
    clients = sum(stream.thread_id is not None for stream in evidence.journal.streams)
    answered = sum(
        seen.name == "completion.finished" and seen.at < evidence.journal.healed_at
        for seen in evidence.journal.all_seen()
    )
    figures = {
        "threads": (acts["thread"], clients),
        "messages": (acts["message"], 2 * clients),
        "cancels": (acts["cancel"], 1),
        "answers before all was well again": (answered, clients),
        "requests to the model": (len(evidence.requests), clients),
        "streams that showed something": (
            sum(bool(s.seen) for s in evidence.journal.streams),
            clients,
        ),
        "tables that were compared": (len(evidence.live_tables), 4),
    }
    for what, (count, least) in figures.items():
        if count < max(1, least):
            yield f"{what}: {count}, and at least {max(1, least)} were to be"


def nothing_is_left_over(evidence: Evidence) -> Iterator[str]:
    """When all is quiet no connection, claim or task is held, and after the end no process."""
    yield from evidence.left_over


INVARIANTS: Sequence[Invariant] = (
    positions_are_dense,
    versions_are_dense,
    time_never_falls,
    nothing_acknowledged_is_lost,
    nothing_seen_is_made_up,
    streams_are_exact,
    every_answer_ends_once,
    attempts_follow_one_another,
    text_is_of_one_attempt,
    answers_end_for_a_reason,
    one_result_for_each_call,
    one_answer_at_a_time,
    requests_were_recorded_first,
    rebuilt_equals_live,
    clients_have_no_complaints,
    much_has_happened,
    nothing_is_left_over,
)


def violations(evidence: Evidence) -> dict[str, list[str]]:
    """By invariant: what was found; those that hold are not named."""
    found = {check.__name__: list(check(evidence)) for check in INVARIANTS}
    return {name: lines for name, lines in found.items() if lines}


def _shown(event: Event) -> dict[str, Any]:
    """The event as the HTTP contract has it."""
    moment = datetime.fromtimestamp(event.state["at"] // 1_000_000, UTC)
    milliseconds = event.state["at"] % 1_000_000 // 1000
    subject = {"completion": "completion_id", "tool": "execution_id"}.get(
        event.name.partition(".")[0]
    )
    return {
        "position": event.position,
        "thread_id": str(event.thread_id),
        **({subject: str(event.stream)} if subject else {}),
        "name": event.name,
        "at": f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z",
        "data": event.data,
    }


def _is_cancelled(events: Sequence[Event], *, by: int) -> bool:
    """Was it asked for, or over by then?"""
    return any(e.name == "completion.cancel_requested" for e in events) or (
        bool(events) and events[-1].is_terminal and events[-1].position <= by
    )


def _ids(events: Sequence[Event], name: str) -> Counter[str]:
    return Counter(event.data["tool_call_id"] for event in events if event.name == name)


def _text(events: Sequence[Event]) -> str:
    chunks = [event for event in events if event.name == "completion.chunk"]
    for event in events:
        if event.name == "completion.interrupted":
            kept, at = event.data["kept_through"], event.position
            chunks = [c for c in chunks if c.position <= kept or c.position > at]
    return "".join(c.data["text"] for c in chunks if c.data["kind"] == "text")

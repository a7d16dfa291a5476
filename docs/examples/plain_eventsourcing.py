"""Reads, follows and replays the log with nothing but the library `eventsourcing`.

    export THREADLOG_DATABASE_URL=postgresql://threadlog:…@localhost/threadlog
    export PERSISTENCE_MODULE=infrastructure.event_sourcing
    export MAPPER_TOPIC=infrastructure.event_log:EventMapper
    PYTHONPATH=. .venv/bin/python docs/examples/plain_eventsourcing.py [HOW_MANY_ANSWERS]

Prints what is in the log, then each answer when it has ended. Without a number it never stops.
"""
# ruff: noqa: T201

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.projection import ApplicationSubscription

from domain.completion_events import Chunk, CompletionFinished, CompletionStarted
from infrastructure.event_log import MappedEvent

FINISHED = "completion.finished@1"


@dataclass
class Answer:
    """What the events of one completion come to."""

    attempts: int = 0
    pieces: int = 0
    text: str = ""


def replay(answer: Answer | None, events: Iterable[MappedEvent]) -> Answer:
    """The library gives the events of a stream in order; the last one has the whole text."""
    answer = answer or Answer()
    for mapped in events:
        match mapped.event:
            case CompletionStarted():
                answer.attempts += 1
            case Chunk(kind="text"):
                answer.pieces += 1
            case CompletionFinished(answer=ending):
                answer.text = ending.text
            case _:
                pass
    return answer


def read(log: Application[UUID]) -> int:
    """Print the whole log, a page at a time; the position where it ends."""
    last = 0
    while page := log.recorder.select_notifications(start=last + 1, limit=100):
        for notification in page:
            event = log.mapper.to_domain_event(notification)
            print(
                f"{notification.id:8} {notification.topic:34} {event.originator_id} {event.actor}"
            )
        last = page[-1].id
    return last


def follow(log: Application[UUID], *, after: int, answers: int | None) -> None:
    """Wait for answers and replay each; whatever is committed meanwhile is not missed."""
    with ApplicationSubscription(log, gt=after, topics=[FINISHED]) as subscription:
        for ending, tracking in islice(subscription, answers):
            answer = log.repository.get(ending.originator_id, projector_func=replay)
            typed = f"typed in {answer.pieces} pieces, {answer.attempts} attempt"
            print(f"{tracking.notification_id:8} {typed}: {answer.text}", flush=True)


def main(arguments: list[str]) -> None:
    answers = int(arguments[0]) if arguments else None
    with Application[UUID]() as log:
        last = read(log)
        print(f"following after position {last}", flush=True)
        follow(log, after=last, answers=answers)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Reload = stream = slider: a page that is followed looks as if it were opened just now."""

from collections.abc import Sequence
from random import Random
from uuid import UUID

import pytest

from domain.catalogue import BY_TYPE, Event
from domain.recorded import Recorded
from domain.thread_events import TurnEnded
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.frames import is_public, sse_block
from interfaces.admin.live.heard import READ_FROM_LOG, public_event
from tests.infrastructure.audit.stored import StoredLog, eventful_thread
from tests.interfaces.admin.conversation.pages import Following, opened
from tests.interfaces.admin.conversation.talks import TALKS, Talk

CUTS = 2  # at each of which a page is opened, and followed to the end


async def assert_followed_at_every_step(log: StoredLog, thread_id: UUID) -> None:
    """One page from the first event to the last."""
    first, *rest = [Codec().decode(entry) for entry in log.entries]
    page = await Following.at(log, thread_id, first.position)
    for recorded in rest:
        page.hear(recorded)
        page.write()
        if recorded.position % 3 and not isinstance(recorded.event, TurnEnded):
            continue  # to save time
        now = await opened(log, thread_id, recorded.position)
        assert str(page.dom) == str(now), f"{recorded.position} {recorded.event}"


async def assert_followed_from_anywhere(log: StoredLog, thread_id: UUID, *, seed: int) -> None:
    """Pages that were opened in between, are written to at any time, and hear the relay."""
    random, end = Random(seed), str(await opened(log, thread_id))
    for cut in random.sample(range(1, len(log.entries)), CUTS):
        page = await Following.at(log, thread_id, cut)
        page.follow(as_heard(log.entries[cut:]), random=random)
        assert str(page.dom) == end, cut


def as_heard(entries: Sequence[LogEntry]) -> list[Recorded[Event]]:
    """What is public as the relay brings it, and of the rest what pages read from the log."""
    heard: list[Recorded[Event]] = []
    for entry in entries:
        assert entry.thread_id is not None
        sse = sse_block(entry) if is_public(entry) else b""
        event = ThreadStreamEvent(entry.thread_id, 0, entry.position, entry.name, sse)
        recorded = public_event(event)
        if recorded is None and entry.name in READ_FROM_LOG:
            recorded = Codec().decode(entry)
        if recorded is not None:
            heard.append(recorded)
    return heard


@pytest.mark.parametrize("name", TALKS)
async def test_what_the_engine_says_looks_the_same_followed_and_opened(
    name: str, talks: dict[str, Talk]
) -> None:
    talk = talks[name]
    log = StoredLog(talk.events)
    await assert_followed_at_every_step(log, talk.id)
    await assert_followed_from_anywhere(log, talk.id, seed=1)


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_may_happen_looks_the_same_followed_and_opened(seed: int) -> None:
    story = eventful_thread(seed, events=80)
    log = StoredLog(story.log.events)
    await assert_followed_at_every_step(log, story.id)
    await assert_followed_from_anywhere(log, story.id, seed=seed)


def test_everything_that_pages_show_happens_in_those_talks(talks: dict[str, Talk]) -> None:
    happened = {BY_TYPE[type(one.event)].name for talk in talks.values() for one in talk.events}
    names = {kind.name for kind in BY_TYPE.values() if kind.public}
    assert names - happened == {"thread.head_moved", "tool.awaited"}  # stories have the first


async def test_an_event_that_was_applied_changes_nothing(talks: dict[str, Talk]) -> None:
    talk = talks["approvals"]
    page = await Following.at(StoredLog(talk.events), talk.id, len(talk.events))
    for recorded in talk.events:
        page.hear(recorded)
    assert page.shown.patches() == []

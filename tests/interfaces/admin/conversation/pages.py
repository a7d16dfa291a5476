"""Pages of a conversation, opened at one position and followed from there."""

from collections.abc import Sequence
from random import Random
from uuid import UUID

from domain.catalogue import Event
from domain.recorded import Recorded
from infrastructure.audit.log import AuditedLog
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import PLACES, Shown
from tests.interfaces.admin.conversation.dom import Dom


def whole(shown: Shown) -> str:
    """All that a page shows of a conversation."""
    return "\n".join([*(shown.place(place) for place in PLACES), shown.html()])


async def opened(log: AuditedLog, thread_id: UUID, position: int | None = None) -> Dom:
    """The page as of a position."""
    return Dom(whole(Shown(await conversation_at(log, thread_id, position))))


class Following:
    """A page that was opened at a position, and the server that follows it from there."""

    def __init__(self, dom: Dom, shown: Shown) -> None:
        self.dom = dom
        self.shown = shown

    @classmethod
    async def at(cls, log: AuditedLog, thread_id: UUID, position: int) -> "Following":
        """The page is one request, its stream another."""
        dom = await opened(log, thread_id, position)
        return cls(dom, Shown(await conversation_at(log, thread_id, position)))

    def hear(self, recorded: Recorded[Event]) -> None:
        self.shown.conversation.apply(recorded)

    def write(self, budget: int | None = None) -> None:
        for patch in self.shown.patches(budget):
            self.dom.apply(patch)

    def follow(self, events: Sequence[Recorded[Event]], *, random: Random | None = None) -> None:
        """To the end; `random` decides when the page is written to."""
        for recorded in events:
            self.hear(recorded)
            if random is None:
                self.write()
            elif random.random() < 0.3:
                self.write(random.choice([None, 0, 200]))
        self.write()

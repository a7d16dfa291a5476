"""A rolling restart of all processes, one after the other, while thirty people talk."""

import asyncio
import time
from collections import Counter
from random import Random
from uuid import UUID

from infrastructure.tasks import end
from tests.servers import connected
from tests.storm.conversation import Conversation
from tests.storm.deployment import PROCESSES
from tests.storm.evidence import Evidence
from tests.storm.figures import Figures
from tests.storm.journal import Journal
from tests.storm.machines import Machines
from tests.storm.troubles import Counting
from tests.system.stack import KEY

GUESTS = 30
WARM_SECONDS = 4.0  # of conversation before the first restart and after each
PATIENCE_SECONDS = 60.0
HELD = "SELECT stream_id FROM threadlog.open_runs WHERE worker_id = $1::uuid"


class Rolling:
    """`held`: the answers that each leaving worker was giving when it was asked to leave."""

    def __init__(self, machines: Machines, journal: Journal, *, seed: int) -> None:
        self._machines = machines
        self._journal = journal
        self._random = Random(seed)
        self.troubles: Counter[str] = Counter()
        self.held: list[UUID] = []

    async def prove(self, figures: Figures) -> None:
        """Restart everything, then let the guests end their conversations."""
        guests = [self._guest(number) for number in range(GUESTS)]
        stop = asyncio.Event()
        talking = [asyncio.create_task(guest.run(stop)) for guest in guests]
        await asyncio.sleep(WARM_SECONDS)
        for name in PROCESSES:
            await self._note_held(name)
            restart = await self._machines.restart(name)
            told = (
                f"left in {restart.leave_seconds:.1f} s, ready {restart.ready_seconds:.1f} s later"
            )
            figures.tell(
                f"restart of {name}", told, promised="leaves by itself", kept=restart.left_by_itself
            )
            await asyncio.sleep(WARM_SECONDS)
        self._journal.healed_at = time.monotonic()
        stop.set()
        done, waiting = await asyncio.wait(talking, timeout=PATIENCE_SECONDS + 30)
        await end(waiting)
        for guest in guests:
            await guest.close()
        for task in done:
            task.result()
        figures.equal("guests that waited in vain", len(waiting), 0)
        self._tell(figures)

    def tell_answers(self, figures: Figures, evidence: Evidence) -> None:
        """What became of those that ran on a leaving worker."""
        ways = Counter(_way(evidence, completion_id) for completion_id in self.held)
        left = ways["drained"] + ways["handed over"]
        figures.at_least("answers that ran on a leaving worker", left, 1)
        figures.tell("- drained: ended there", ways["drained"])
        figures.tell("- handed over to another", ways["handed over"])
        figures.equal("- taken for dead", ways["lost"], 0)

    def _guest(self, number: int) -> Conversation:
        return Conversation(
            number,
            apis=self._machines.apis,
            key=KEY,
            journal=self._journal,
            random=Random(self._random.getrandbits(64)),
            patience_seconds=PATIENCE_SECONDS,
            transport=Counting(self.troubles),
        )

    async def _note_held(self, name: str) -> None:
        if name.startswith("worker"):
            worker_id = self._machines.worker_id(name)
            async with connected(self._machines.postgres.owner_url) as database:
                rows = await database.fetch(HELD, worker_id)
            self.held += [row["stream_id"] for row in rows]

    def _tell(self, figures: Figures) -> None:
        unanswered = sum(n for name, n in self.troubles.items() if name.startswith("unanswered"))
        refused = sum(n for name, n in self.troubles.items() if name.startswith("refused"))
        figures.tell("requests with an answer", self.troubles["requests"])
        figures.tell("refused by one that leaves, asked of the other", refused)
        figures.equal("sent and never answered", unanswered, 0)
        figures.equal("answered 5xx other than 503", self.troubles["5xx"], 0)
        figures.equal("complaints of the clients", len(self._journal.complaints), 0)
        for complaint in self._journal.complaints[:5]:
            print(f"    {complaint}")
        broken = [one for stream in self._journal.streams for one in stream.broken]
        figures.tell("streams that were resumed", len(broken))
        longest = max((one.back_at - one.at for one in broken), default=0.0)
        figures.tell("- the longest pause", f"{longest:.1f} s")


def _way(evidence: Evidence, completion_id: UUID) -> str:
    reasons = [
        event.data["reason"]
        for event in evidence.streams[completion_id]
        if event.name == "completion.interrupted"
    ]
    if "worker_lost" in reasons:
        return "lost"
    return "handed over" if reasons else "drained"

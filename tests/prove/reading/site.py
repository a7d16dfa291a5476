"""What the parts of this proof work on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from tests.prove.reading.readers import Reader, Seen
from tests.storm.figures import Figures
from tests.storm.machines import Machines
from tests.system.stack import KEY

READERS = 6


@dataclass(frozen=True)
class Site:
    """Two APIs, two workers and a projector on servers of their own."""

    machines: Machines
    figures: Figures
    random: Random

    @property
    def variables(self) -> dict[str, str]:
        """For a command of an operator."""
        return {
            "THREADLOG_DATABASE_URL": self.machines.postgres.url,
            "THREADLOG_OWNER_DATABASE_URL": self.machines.postgres.owner_url,
            "THREADLOG_REDIS_URL": self.machines.valkey.url,
        }

    @asynccontextmanager
    async def readers(self) -> AsyncGenerator[Seen]:
        """Some people read and write until the block ends."""
        seen, stop = Seen(), asyncio.Event()
        people = [
            Reader(
                number,
                url=self.machines.apis[number % 2],
                key=KEY,
                seen=seen,
                random=Random(self.random.getrandbits(64)),
            )
            for number in range(READERS)
        ]
        reading = [asyncio.create_task(one.run(stop)) for one in people]
        try:
            yield seen
        finally:
            stop.set()
            await asyncio.gather(*reading)

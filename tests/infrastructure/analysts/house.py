"""A database with read tables, the views of analysts and their logins."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from domain.catalogue import Event
from domain.recorded import Recorded
from infrastructure import analysts
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.connection import Connection, connected
from infrastructure.migrations import migrate
from projections.analytics import publish
from projections.tool_calls import TOOL_CALLS
from tests.projections.tables import Tables
from tests.servers import new_database


@dataclass
class House:
    """Everything that an analyst asks."""

    url: str
    owner_url: str
    record: Tables
    calls: Tables
    _logins: list[str] = field(default_factory=list[str])

    async def tell(self, events: Sequence[Recorded[Event]]) -> None:
        """As the projector does, all at once."""
        await self.record.apply(events)
        await self.calls.apply(events)

    async def publish(self) -> None:
        async with self.record.engine.begin() as connection:
            await publish(connection)

    async def new_analyst(self, *, texts: bool = False) -> str:
        """The URL of a new login, which goes with the house."""
        async with connected(self.owner_url) as owner, owner.transaction():
            login = f"ann_{uuid4().hex}"
            made = await analysts.create(owner, login, texts=texts)
        self._logins.append(login)
        return made.url(self.owner_url)

    async def close(self) -> None:
        async with connected(self.owner_url) as owner:
            for login in self._logins:
                await self._drop(owner, login)
        await self.record.close()
        await self.calls.close()

    async def _drop(self, owner: Connection, login: str) -> None:
        await analysts.shut_out(owner, login)
        await analysts.drop(owner, login)


@asynccontextmanager
async def house_in(server: EmbeddedPostgres) -> AsyncGenerator[House]:
    """In a new database."""
    url, owner_url = await new_database(server)
    await migrate(owner_url, url)
    record = Tables(url, owner_url=owner_url)
    calls = Tables(url, owner_url=owner_url, projection=TOOL_CALLS)
    house = House(url, owner_url, record, calls)
    await record.make()
    await calls.make()
    await house.publish()
    yield house
    await house.close()

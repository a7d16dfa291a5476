"""The projector process: keeps the read tables."""

import asyncio

from infrastructure.projector import Projector
from infrastructure.settings import Settings
from infrastructure.tasks import end
from interfaces import processes
from interfaces.cli.servers import Addresses


async def serve_projector(settings: Settings, addresses: Addresses) -> None:
    """Lead or stand by until SIGTERM or SIGINT."""
    del settings
    finish = processes.finish_event()
    processes.settle()
    work = asyncio.create_task(Projector(addresses.database).run())
    waiting = asyncio.create_task(finish.wait())
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    await end({waiting})
    if work.done():
        work.result()  # it never ends by itself but by an error
    await end({work})

"""The projector process: keeps the read tables."""

import asyncio

from infrastructure.projecting.projector import Projector
from infrastructure.settings import Settings
from infrastructure.tasks import end
from interfaces import processes
from interfaces.cli.servers import Addresses
from projections.registry import ProjectionsSettingInvalid, all_projections


async def serve_projector(settings: Settings, addresses: Addresses) -> None:
    """Lead or stand by until SIGTERM or SIGINT."""
    try:
        projections = all_projections(settings.projections)
    except ProjectionsSettingInvalid as error:
        raise processes.CannotStart(str(error)) from error
    finish = processes.finish_event()
    processes.settle()
    work = asyncio.create_task(Projector(addresses.database, projections=projections).run())
    waiting = asyncio.create_task(finish.wait())
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    await end({waiting})
    if work.done():
        work.result()  # it never ends by itself but by an error
    await end({work})

"""The projector process: keeps the read tables, watches analysts, sends events to webhooks."""

import asyncio

from infrastructure.analysts import AnalystWatch
from infrastructure.projecting.projector import Projector
from infrastructure.settings import Settings
from infrastructure.tasks import end
from infrastructure.webhooks.sender import WebhookSender
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
    sender = WebhookSender(addresses.database, private=settings.webhook_private)
    work = {
        asyncio.create_task(Projector(addresses.database, projections=projections).run()),
        asyncio.create_task(sender.run()),
        asyncio.create_task(AnalystWatch(addresses.database).run()),
    }
    waiting = asyncio.create_task(finish.wait())
    done, _ = await asyncio.wait({*work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    await end({*work, waiting})
    for one in done & work:
        one.result()  # it never ends by itself but by an error

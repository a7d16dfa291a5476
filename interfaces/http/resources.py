"""What the routes work with."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from application.commands.context import Application
from application.keys import Accounts
from infrastructure.event_log.reader import LogReader
from infrastructure.read_database import ReadDatabase
from infrastructure.relay.hub import Hub
from infrastructure.webhooks.office import WebhookOffice
from interfaces.http.access_log import AccessLog
from interfaces.http.readiness import Check
from interfaces.http.stream_places import StreamPlaces


@dataclass(frozen=True)
class Resources:
    """One of each per API process; whoever makes them opens and closes them."""

    application: Application
    accounts: Accounts
    reader: LogReader
    tables: ReadDatabase
    hub: Hub
    access_log: AccessLog
    checks: Sequence[Check]
    office: WebhookOffice
    streams: StreamPlaces = field(default_factory=StreamPlaces)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)  # set when the process ends


async def _resources(request: Request) -> Resources:
    return cast("Resources", request.app.state.resources)


Here = Annotated[Resources, Depends(_resources)]

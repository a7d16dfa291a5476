"""`/livez`, is the process alive, and `/readyz`, can it serve?"""

import asyncio
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from interfaces.http.resources import Here

router = APIRouter(tags=["health"])


class Alive(BaseModel):
    """The process runs and answers."""

    status: Literal["alive"] = "alive"


class Readiness(BaseModel):
    """`ready`, `degraded`: it serves without something, or `away`: it cannot."""

    status: Literal["ready", "degraded", "away"]
    checks: dict[str, str]  # "ok", or what is wrong


@router.get("/livez")
async def live() -> Alive:
    """Looks at nothing but itself."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness}})
async def ready(here: Here, response: Response) -> Readiness:
    """200 as long as requests can be answered, 503 when they cannot; names what is wrong."""
    found = await asyncio.gather(*(check.run() for check in here.checks))
    wrong = [check for check, fault in zip(here.checks, found, strict=True) if fault]
    status = "degraded" if wrong else "ready"
    if any(check.required for check in wrong):
        status, response.status_code = "away", 503
    checks = zip((check.name for check in here.checks), found, strict=True)
    return Readiness(status=status, checks={name: fault or "ok" for name, fault in checks})

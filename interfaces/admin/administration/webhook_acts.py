"""What is done to a webhook that is there: pause, resume, retry, replay, test, another secret."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from application.commands import webhooks as commands
from application.commands.context import Principal
from domain.refusals import PositionIsAhead
from interfaces.admin.administration.typed import wrong
from interfaces.admin.administration.webhook_forms import Act, Replay, Rotate, mistyped_webhook
from interfaces.admin.administration.webhook_page import WEBHOOKS, show_webhook
from interfaces.admin.administration.webhook_rows import in_words
from interfaces.admin.forms import Filled, Form, fit, form
from interfaces.admin.page_route import PageRoute
from interfaces.admin.viewer import Viewing
from interfaces.http.freshness import in_the_log
from interfaces.http.problems import RequestInvalid
from interfaces.http.resources import Here, Resources

STALE = (
    "Nothing was done this time: this webhook has changed since the page was opened, perhaps "
    "because a button was pressed twice. This is how it is now; repeat it if you still want it."
)

router = APIRouter(prefix="/webhooks/{webhook_id}", route_class=PageRoute)


@router.post("/pause", dependencies=[Depends(form(Form))])
async def pause_webhook(here: Here, by: Viewing, webhook_id: UUID) -> Response:
    """Its events wait in the log."""
    return await _enable(here, webhook_id, by=by, enabled=False, done="pause")


@router.post("/resume", dependencies=[Depends(form(Form))])
async def resume_webhook(here: Here, by: Viewing, webhook_id: UUID) -> Response:
    """What waits is on its way."""
    return await _enable(here, webhook_id, by=by, enabled=True, done="resume")


@router.post("/retry")
async def retry_dead_letters(
    request: Request,
    here: Here,
    by: Viewing,
    webhook_id: UUID,
    sent: Annotated[Act, Depends(form(Act))],
) -> Response:
    """What was given up, and at once what waits."""
    if await _is_stale(here, webhook_id, sent, by=by):
        return await _stale(request, here, webhook_id, by=by)
    log, webhooks = here.application.log, here.office.webhooks
    await commands.retry_webhook(log, webhooks, webhook_id, by=by)
    return _done(webhook_id, "retry")


@router.post("/replay")
async def replay_deliveries(
    request: Request, here: Here, by: Viewing, webhook_id: UUID, filled: Filled
) -> Response:
    """Everything after a position again."""
    try:
        sent = fit(Replay, filled)
    except RequestInvalid as refusal:
        typed = mistyped_webhook(filled, refusal)
        return await show_webhook(request, here, webhook_id, by=by, status=422, typed=typed)
    try:
        await in_the_log(here, sent.after)
    except PositionIsAhead as refusal:
        typed = wrong(filled, after=str(refusal))
        return await show_webhook(request, here, webhook_id, by=by, status=422, typed=typed)
    if await _is_stale(here, webhook_id, sent, by=by):
        return await _stale(request, here, webhook_id, by=by)
    log, webhooks = here.application.log, here.office.webhooks
    await commands.replay_webhook(log, webhooks, webhook_id, by=by, after=sent.after)
    return _done(webhook_id, "replay")


@router.post("/secret")
async def rotate_secret(
    request: Request,
    here: Here,
    by: Viewing,
    webhook_id: UUID,
    sent: Annotated[Rotate, Depends(form(Rotate))],
) -> Response:
    """Another secret, on the page that answers and nowhere else."""
    log, webhooks = here.application.log, here.office.webhooks
    generation = sent.generation
    known = await webhooks.owned(webhook_id, owner_id=by.user_id)
    if known.generation not in (generation, generation + 1):
        return await _stale(request, here, webhook_id, by=by)
    await commands.rotate_secret(log, webhooks, webhook_id, by=by, generation=generation)
    secret = await here.office.secret_of(webhook_id, generation=generation + 1)
    return await show_webhook(request, here, webhook_id, by=by, status=201, secret=secret)


@router.post("/test", dependencies=[Depends(form(Form))])
async def try_receiver(request: Request, here: Here, by: Viewing, webhook_id: UUID) -> Response:
    """An event named webhook.test now, once, and what came of it."""
    webhook = await here.office.webhooks.owned(webhook_id, owner_id=by.user_id)
    answer = await here.office.try_out(webhook)
    if answer.arrived:
        notice = ("success", f"The test arrived: the receiver said {answer.status}.")
    elif answer.status is not None:
        text = f"The test arrived, but the receiver said {answer.status}: it should say 200 to 299."
        notice = ("error", text)
    else:
        notice = ("error", f"The test did not arrive. {in_words(answer.error or 'Unknown')}")
    return await show_webhook(request, here, webhook_id, by=by, notice=notice)


async def _enable(
    here: Resources, webhook_id: UUID, *, by: Principal, enabled: bool, done: str
) -> Response:
    changes = commands.Changes(enabled=enabled)
    log, webhooks = here.application.log, here.office.webhooks
    await commands.change_webhook(log, webhooks, webhook_id, by=by, changes=changes)
    return _done(webhook_id, done)


def _done(webhook_id: UUID, what: str) -> Response:
    return RedirectResponse(f"{WEBHOOKS}/{webhook_id}?done={what}", 303)


async def _is_stale(here: Resources, webhook_id: UUID, sent: Act, *, by: Principal) -> bool:
    known = await here.office.webhooks.owned(webhook_id, owner_id=by.user_id)
    return known.version != sent.version


async def _stale(request: Request, here: Resources, webhook_id: UUID, *, by: Principal) -> Response:
    return await show_webhook(
        request, here, webhook_id, by=by, status=409, notice=("warning", STALE)
    )

"""Webhooks: addresses to which a user's events are sent as they happen."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, Field

from application.commands import webhooks as commands
from domain.webhook_address import WebhookUrlInvalid, check_url
from interfaces.http.authentication import Caller
from interfaces.http.event_query import PUBLIC_NAMES
from interfaces.http.fields import Name
from interfaces.http.freshness import in_the_log
from interfaces.http.idempotency import IdempotencyKey, new_id, one_effect
from interfaces.http.in_time import TimelyRoute
from interfaces.http.json_body import Body, Sent, described, json_body
from interfaces.http.paging import Listed, Pages, page_of
from interfaces.http.problems import FieldError, RequestInvalid
from interfaces.http.resources import Here, Resources
from interfaces.http.shown_webhooks import (
    DeliveryView,
    Tried,
    WebhookCreated,
    WebhookSecret,
    WebhookView,
    delivery_of,
    view_of,
)
from interfaces.http.written import Written

router = APIRouter(prefix="/webhooks", tags=["webhooks"], route_class=TimelyRoute)


def _known(names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    if set(names) - PUBLIC_NAMES:
        raise ValueError("there is no such event")
    return tuple(dict.fromkeys(names))


Names = Annotated[
    tuple[str, ...] | None,
    Field(min_length=1, max_length=100, description="null: all but completion.chunk"),
    AfterValidator(_known),
]


class CreateWebhook(Body):
    """Events from now on are sent to `url`: of one's own threads; administrators may have all."""

    id: UUID | None = None
    url: str
    names: Names = None
    all_threads: bool = False
    name: Name | None = None


class ChangeWebhook(Body):
    """What shall be otherwise; what is left out stays."""

    url: str = ""
    names: Names = None
    enabled: bool = True
    name: Name | None = None


class ReplayWebhook(Body):
    """Everything `after` a position of the log is sent again; 0: everything."""

    after: Annotated[int, Field(ge=0, lt=2**63)]


@router.post("", status_code=201, openapi_extra=described(CreateWebhook))
async def create_webhook(
    here: Here,
    by: Caller,
    key: IdempotencyKey,
    sent: Annotated[Sent[CreateWebhook], Depends(json_body(CreateWebhook))],
) -> WebhookCreated:
    """A new webhook, and the secret that its messages are signed with."""
    body = sent.body
    _check(body.url, here)
    new = new_id(body.id, key=key, by=by, route="POST /v1/webhooks")
    command = commands.CreateWebhook(
        by=by,
        webhook_id=new.id,
        url=body.url,
        names=body.names,
        all_threads=body.all_threads,
        name=body.name,
        request_hash=sent.hash,
    )
    with one_effect(new):
        position = await commands.create_webhook(
            here.application.log, here.office.webhooks, command
        )
    secret = await here.office.secret_of(new.id, generation=0)
    return WebhookCreated(webhook_id=new.id, secret=secret, position=position)


@router.get("")
async def list_webhooks(here: Here, by: Caller, pages: Pages) -> Listed[WebhookView]:
    """One's own webhooks, the oldest first."""
    begin = pages.number("webhooks") or 0
    webhooks = await here.office.webhooks.of_owner(by.user_id)
    left = [one for one in webhooks if one.position > begin]
    shown = left[: pages.limit]
    views = map(view_of, shown, await here.office.stands(shown))
    after = shown[-1].position if len(left) > len(shown) else None
    return page_of(views, kind="webhooks", after=after)


@router.get("/{webhook_id}")
async def get_webhook(here: Here, by: Caller, webhook_id: UUID) -> WebhookView:
    """One webhook, and how far it is."""
    webhook = await here.office.webhooks.owned(webhook_id, owner_id=by.user_id)
    [stand] = await here.office.stands([webhook])
    return view_of(webhook, stand)


@router.patch("/{webhook_id}", openapi_extra=described(ChangeWebhook))
async def change_webhook(
    here: Here,
    by: Caller,
    webhook_id: UUID,
    sent: Annotated[Sent[ChangeWebhook], Depends(json_body(ChangeWebhook))],
) -> Written:
    """Change it. While it is not enabled its events wait; what waits is then tried at once."""
    changes = commands.Changes()
    for name in sent.body.model_fields_set:
        changes[name] = getattr(sent.body, name)
    if "url" in changes:
        _check(changes["url"], here)
    log, webhooks = here.application.log, here.office.webhooks
    position = await commands.change_webhook(log, webhooks, webhook_id, by=by, changes=changes)
    return Written(position=position)


@router.delete("/{webhook_id}")
async def delete_webhook(here: Here, by: Caller, webhook_id: UUID) -> Written:
    """Nothing more is sent, what waits neither. Safe to repeat."""
    log, webhooks = here.application.log, here.office.webhooks
    return Written(position=await commands.delete_webhook(log, webhooks, webhook_id, by=by))


@router.get("/{webhook_id}/deliveries")
async def list_deliveries(
    here: Here,
    by: Caller,
    pages: Pages,
    webhook_id: UUID,
    state: Literal["pending", "dead"] | None = None,
) -> Listed[DeliveryView]:
    """Events that have not arrived, in the order of the log."""
    await here.office.webhooks.owned(webhook_id, owner_id=by.user_id)
    rows = await here.office.deliveries(
        webhook_id,
        dead=None if state is None else state == "dead",
        after=pages.number("deliveries") or 0,
        limit=pages.limit + 1,
    )
    shown = rows[: pages.limit]
    after = shown[-1].position if len(rows) > pages.limit else None
    return page_of(map(delivery_of, shown), kind="deliveries", after=after)


@router.post("/{webhook_id}/replay", status_code=202, openapi_extra=described(ReplayWebhook))
async def replay_webhook(
    here: Here,
    by: Caller,
    webhook_id: UUID,
    sent: Annotated[Sent[ReplayWebhook], Depends(json_body(ReplayWebhook))],
) -> Written:
    """Send everything after a position again, with the same ids as before."""
    after = sent.body.after
    await in_the_log(here, after)
    log, webhooks = here.application.log, here.office.webhooks
    position = await commands.replay_webhook(log, webhooks, webhook_id, by=by, after=after)
    return Written(position=position)


@router.post("/{webhook_id}/retry", status_code=202)
async def retry_webhook(here: Here, by: Caller, webhook_id: UUID) -> Written:
    """Try again what was given up, and at once what waits for its next try."""
    log, webhooks = here.application.log, here.office.webhooks
    return Written(position=await commands.retry_webhook(log, webhooks, webhook_id, by=by))


@router.post("/{webhook_id}/secret")
async def rotate_webhook_secret(here: Here, by: Caller, webhook_id: UUID) -> WebhookSecret:
    """A new secret, shown this once. The one before signs, too, for 24 hours."""
    log, webhooks = here.application.log, here.office.webhooks
    webhook = await webhooks.owned(webhook_id, owner_id=by.user_id)
    generation = webhook.generation
    position = await commands.rotate_secret(log, webhooks, webhook_id, by=by, generation=generation)
    secret = await here.office.secret_of(webhook_id, generation=generation + 1)
    return WebhookSecret(secret=secret, position=position)


@router.post("/{webhook_id}/test")
async def try_webhook(here: Here, by: Caller, webhook_id: UUID) -> Tried:
    """Send an event named webhook.test now, once, and say what came of it."""
    webhook = await here.office.webhooks.owned(webhook_id, owner_id=by.user_id)
    answer = await here.office.try_out(webhook)
    return Tried(arrived=answer.arrived, status=answer.status, error=answer.error)


def _check(url: str, here: Resources) -> None:
    try:
        check_url(url, private=here.office.private)
    except WebhookUrlInvalid as error:
        raise RequestInvalid([FieldError(loc=["body", "url"], msg=str(error))]) from None

"""API keys: list, issue, revoke. Whoever is no administrator does so for themselves only."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, field_validator

from application.commands import keys as commands
from application.commands.context import Principal
from domain.account import Key
from domain.account_events import Role
from domain.refusals import NotPermitted
from domain.times import microseconds_of, time_of
from interfaces.http.authentication import Caller
from interfaces.http.fields import Name
from interfaces.http.idempotency import IdempotencyKey, new_id
from interfaces.http.in_time import TimelyRoute
from interfaces.http.json_body import Body, Sent, described, json_body
from interfaces.http.paging import Listed, Pages, page_of
from interfaces.http.resources import Here
from interfaces.http.written import Written

router = APIRouter(prefix="/keys", tags=["keys"], route_class=TimelyRoute)

LAST_YEAR = 9999  # whose end, in another time zone, is no time any more


class IssueKey(Body):
    """A key for `user_id`, by default the caller, in `role`, by default the caller's.

    With a new `user_id` there is a new user, called `user_name`.
    """

    id: UUID | None = None
    user_id: UUID | None = None
    user_name: Name | None = None
    role: Role | None = None
    name: Name | None = None
    expires_at: AwareDatetime | None = None

    @field_validator("expires_at")
    @classmethod
    def _is_ahead(cls, moment: datetime | None) -> datetime | None:
        if moment is not None and not (moment > datetime.now(UTC) and moment.year < LAST_YEAR):
            raise ValueError(f"must be in the future, and before the year {LAST_YEAR}")
        return moment


class Issued(BaseModel):
    """The only time that the key itself is seen."""

    key_id: UUID
    user_id: UUID
    role: Role
    key: str
    position: int


class KeyView(BaseModel):
    """A key, without what makes it one."""

    id: UUID
    user_id: UUID
    prefix: str
    role: Role
    name: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked: bool


@router.get("")
async def list_keys(
    here: Here, by: Caller, pages: Pages, user_id: UUID | None = None
) -> Listed[KeyView]:
    """A user's keys, the oldest first."""
    owner = user_id or by.user_id
    if owner != by.user_id and by.role != "admin":
        raise NotPermitted
    keys = list((await here.accounts.load(owner)).keys.values())
    begin = pages.number("keys") or 0
    end = begin + pages.limit
    views = (_view(key, owner=owner) for key in keys[begin:end])
    return page_of(views, kind="keys", after=end if end < len(keys) else None)


@router.post("", status_code=201, openapi_extra=described(IssueKey, optional=True))
async def issue_key(
    here: Here,
    by: Caller,
    key: IdempotencyKey,
    sent: Annotated[Sent[IssueKey], Depends(json_body(IssueKey, optional=True))],
) -> Issued:
    """A new key, shown this once. A repeat makes no second one, and is refused with 409."""
    key_id = new_id(sent.body.id, key=key, by=by, route="POST /v1/keys").id
    command = _command(sent.body, key_id, by=by)
    issued = await commands.issue_key(here.application.log, here.accounts, command)
    return Issued(
        key_id=issued.key_id,
        user_id=command.user_id,
        role=command.role,
        key=issued.key,
        position=issued.position,
    )


@router.delete("/{key_id}")
async def revoke_key(here: Here, by: Caller, key_id: UUID, user_id: UUID | None = None) -> Written:
    """Make a key worthless, everywhere within ten seconds. Safe to repeat."""
    command = commands.RevokeKey(by, key_id, user_id or by.user_id)
    log = here.application.log
    return Written(position=await commands.revoke_key(log, here.accounts, command))


def _command(body: IssueKey, key_id: UUID, *, by: Principal) -> commands.IssueKey:
    expires = body.expires_at
    return commands.IssueKey(
        by=by,
        user_id=body.user_id or by.user_id,
        role=body.role or by.role,
        name=body.name,
        expires_at=None if expires is None else microseconds_of(expires),
        key_id=key_id,
        user_name=body.user_name,
    )


def _view(key: Key, *, owner: UUID) -> KeyView:
    issued = key.issued
    return KeyView(
        id=issued.key_id,
        user_id=owner,
        prefix=issued.prefix,
        role=issued.role,
        name=issued.name,
        created_at=time_of(key.issued_at),
        expires_at=None if issued.expires_at is None else time_of(issued.expires_at),
        revoked=key.revoked,
    )

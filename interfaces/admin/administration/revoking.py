"""Revoking a key: asked once, and once more for the key that one has signed in with."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from application.commands import keys as commands
from application.commands.context import Principal
from interfaces.admin.administration.key_rows import key_row, key_rows
from interfaces.admin.forms import Form
from interfaces.admin.pages import page
from interfaces.http.resources import Resources

NOT_SURE = "This is the key that you have signed in with. Check this box if you mean it."


class Revoke(Form):
    """`sure` is asked for by the key that one has signed in with."""

    sure: Literal["true"] | None = None


@dataclass(frozen=True)
class About:
    """Whose key it is about, and the page to go back to."""

    user_id: UUID
    key_id: UUID
    back: str


async def ask(
    request: Request,
    here: Resources,
    about: About,
    *,
    by: Principal,
    status: int = 200,
    error: str | None = None,
) -> Response:
    """What revoking it would do, and a button. Raises KeyNotFound."""
    account = await here.accounts.load(about.user_id)
    key = key_row(account, about.key_id, by=by)
    in_force = [row for row in key_rows(account, by=by) if row.state == "in force"]
    return page(
        request,
        "administration/revoke_key.html",
        by=by,
        status=status,
        key=key,
        is_own=about.user_id == by.user_id,
        is_last=[row.id for row in in_force] == [key.id],
        back=about.back,
        error=error,
    )


async def revoke(
    request: Request, here: Resources, about: About, *, by: Principal, sent: Revoke
) -> Response:
    """Revoked, or asked again. Raises KeyNotFound."""
    if about.key_id == by.key_id and sent.sure is None:
        return await ask(request, here, about, by=by, status=422, error=NOT_SURE)
    command = commands.RevokeKey(by, about.key_id, about.user_id)
    await commands.revoke_key(here.application.log, here.accounts, command)
    return RedirectResponse(about.back, 303)

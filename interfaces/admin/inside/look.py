"""A look into a conversation: by its owner, or by an auditor, whose look is written down first."""

from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from fastapi import Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from application.commands.context import Principal, owned_thread, readable_thread
from domain.thread import Thread
from interfaces.admin.inside.reason_cookie import kept_reason
from interfaces.admin.pages import asking_page, is_fragment_wanted, page
from interfaces.http.audit import open_thread
from interfaces.http.resources import Resources

REASON_PAGE = "/_admin/audit/reason"


@dataclass(frozen=True)
class Look:
    """Somebody may look into this thread."""

    thread: Thread
    by: Principal
    reason: str | None = None  # an auditor's

    @property
    def sees_all(self) -> bool:
        """Internal events, too?"""
        return self.by.reads_all

    def page(self, request: Request, template: str, *, tab: str, **context: object) -> HTMLResponse:
        """A page inside the conversation; `tab` is its name among them."""
        return page(
            request,
            template,
            by=self.by,
            status=200,
            tab=tab,
            thread_id=self.thread.id,
            thread_title=self.thread.title,
            reason=self.reason,
            **context,
        )


async def look(
    request: Request, here: Resources, thread_id: UUID, *, by: Principal
) -> Look | Response:
    """The look, or the way to the page that asks an auditor for a reason.

    An auditor's look is in the log when this returns, whosever thread it is. Raises ThreadNotFound,
    also for anybody else's thread, and LogUnavailable or OutcomeUnknown: then show nothing.
    """
    if not by.reads_all:
        return Look(await owned_thread(here.application, thread_id, by=by), by)
    reason = kept_reason(request, by)
    if reason is None:
        return ask_for_reason(request)
    await open_thread(here, thread_id, request=request, by=by, reason=reason)
    return Look(await readable_thread(here.application, thread_id, by=by), by, reason)


def ask_for_reason(request: Request) -> Response:
    """To the page that asks for it, and back."""
    if is_fragment_wanted(request):
        to = asking_page(request)
        return Response(status_code=204, headers={"hx-redirect": f"{REASON_PAGE}?to={quote(to)}"})
    path, query = request.url.path, request.url.query
    to = f"{path}?{query}" if query else path
    return RedirectResponse(f"{REASON_PAGE}?to={quote(to)}", 303)

"""Routes of pages: what is refused is told on a page, where a person can read it."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from application.ports import OutcomeUnknown
from interfaces.admin.pages import asking_page, is_fragment_wanted, notice, page
from interfaces.admin.refusals import NotSignedIn
from interfaces.http.in_time import TimelyRoute
from interfaces.http.problems import STATUS, RequestInvalid, invalid, told

logger = logging.getLogger(__name__)

SIGN_IN = "/_admin/sign-in"
QUERY = "%/?:@!$&'()*+,;="  # what stays as it is in a query
OUTCOME_UNKNOWN = (
    "The database went away meanwhile, so nobody knows whether this was done. Look whether it was "
    "before you do it again."
)
TITLES = {
    403: "Not for this role",
    404: "Not found",
    410: "This link is used up",
    500: "Something went wrong",
    503: "Something is away at the moment",
}


class PageRoute(TimelyRoute):
    """Turns refusals into pages, or for htmx into notices; streams are told as API clients are."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_with_page(request: Request) -> Response:
            if "text/event-stream" in request.headers.get("accept", ""):
                return await answer(request)
            try:
                return await answer(request)
            except Exception as error:  # noqa: BLE001  # the person is told
                return refused(request, error)

        return answer_with_page


def refused(request: Request, error: Exception) -> Response:
    """The page that tells a person of it; what nobody has foreseen is logged."""
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request)
    if isinstance(error, (*STATUS, RequestInvalid, RequestValidationError, HTTPException)):
        return _problem(request, error)
    logger.error("a page failed: %s", _named(request), exc_info=error)
    text = "Something went wrong inside the server. It has been written down there."
    return _told(request, 500, text)


def _named(request: Request) -> str:
    """The page's function and whose page it was: a path may hold a link's secret, and any byte."""
    ids = {name: value for name, value in request.path_params.items() if name.endswith("_id")}
    return f"{request.scope['endpoint'].__name__} {ids!r}"


def _problem(request: Request, refusal: Exception) -> Response:
    if isinstance(refusal, RequestValidationError):
        errors = refusal.errors()
        is_no_page = any(error["loc"][0] == "path" for error in errors)
        refusal = HTTPException(404) if is_no_page else invalid(errors)
    if isinstance(refusal, HTTPException):
        is_missing = refusal.status_code == 404
        text = "There is no such page." if is_missing else f"{refusal.detail}."
        return _told(request, refusal.status_code, text)
    if isinstance(refusal, OutcomeUnknown):
        return _told(request, STATUS[OutcomeUnknown], OUTCOME_UNKNOWN)
    return _told(request, *told(refusal))


def _told(request: Request, status: int, text: str) -> Response:
    if is_fragment_wanted(request):
        return notice(text, status=status)
    again = status == 503 and request.method == "GET"
    return page(
        request,
        "problem.html",
        by=getattr(request.state, "by", None),
        status=status,
        title=TITLES.get(status, "This did not work"),
        text=text,
        href=_path(request) if again else "/_admin",
        action="Try again" if again else "Go to the start page",
    )


def _to_sign_in(request: Request) -> Response:
    """To the sign-in page, and back to where the reader was going."""
    if is_fragment_wanted(request):
        back = asking_page(request)
        to = f"{SIGN_IN}?next={quote(back)}" if back else SIGN_IN
        return Response(status_code=401, headers={"hx-redirect": to})
    if request.method != "GET":
        return RedirectResponse(SIGN_IN, 303)
    path = _path(request)
    if request.headers.get("sec-fetch-site") == "cross-site":
        # Our cookie is not shown on the way in from elsewhere: let the browser come again, from us.
        return Response(
            "One moment.", media_type="text/plain", headers={"refresh": f"0; url={path}"}
        )
    return RedirectResponse(f"{SIGN_IN}?next={quote(path)}", 303)


def _path(request: Request) -> str:
    """Fit for a header, whatever bytes came."""
    path, query = quote(request.scope["path"]), request.scope["query_string"]
    return f"{path}?{quote(query, safe=QUERY)}" if query else path

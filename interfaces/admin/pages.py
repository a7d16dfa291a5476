"""Pages: what every template is given, and the headers that keep a browser from harm."""

from functools import cache
from pathlib import Path
from typing import cast
from urllib.parse import quote, urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from application.commands.context import Principal
from interfaces.admin import formats
from interfaces.admin.navigation import sections
from interfaces.admin.static_files import static

TEMPLATES = Path(__file__).parent / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",  # a form's origin is looked at
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "vary": "HX-Request",
}


def page(
    request: Request, template: str, *, by: Principal | None, status: int = 200, **context: object
) -> HTMLResponse:
    """A whole page. The template gets `by` (who looks; None: nobody is signed in) as well."""
    path = quote(request.scope["path"])
    shown = {
        **context,
        "by": by,
        "sections": sections(by.role, path=path) if by else [],
        "here_url": path,
    }
    return HTMLResponse(render(template, **shown), status, headers=HEADERS)


def fragment(template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """A part of a page, for htmx."""
    return HTMLResponse(render(template, **context), status, headers=HEADERS)


def notice(text: str, *, status: int) -> HTMLResponse:
    """What was refused, for htmx: it goes where the page has its notices."""
    answer = fragment("notice.html", status=status, text=text)
    answer.headers["hx-retarget"] = "#notices"
    answer.headers["hx-reswap"] = "innerHTML"
    return answer


def is_fragment_wanted(request: Request) -> bool:
    """Did htmx ask, for a part of the page that is open?"""
    return request.headers.get("hx-request") == "true"


def asking_page(request: Request) -> str:
    """The path and query of the page that htmx asks for; empty where it does not say so."""
    try:
        parts = urlsplit(request.headers.get("hx-current-url", ""))
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def render(template: str, **context: object) -> str:
    """The text of a template, everything escaped that is not Markup."""
    return environment().get_template(template).render(context)


@cache
def environment() -> Environment:
    """Where templates are found; each name is escaped, and none may be missing."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cast("dict[str, object]", made.globals)["static"] = static
    made.filters.update(formats.FILTERS)
    return made

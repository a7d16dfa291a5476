"""Why an auditor reads: asked with every request, and written down before it is answered."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Header, Query, Request

from application.audit.reasons import reason_of

WHAT_CHARACTERS = 500


async def _reason(
    audit_reason: Annotated[str | None, Header(description="why you read this")] = None,
    reason: Annotated[str | None, Query(description="the same, where there is no header")] = None,
) -> str:
    """Raises AuditReasonMissing."""
    return reason_of(reason if audit_reason is None else _as_utf8(audit_reason))


Reason = Annotated[str, Depends(_reason)]


def what(request: Request) -> str:
    """The route, and what it was asked for."""
    asked = [(name, value) for name, value in request.query_params.multi_items()]
    query = urlencode([(name, value) for name, value in asked if name != "reason"])
    route: str = request.scope["endpoint"].__name__
    return f"{route} {query}".rstrip()[:WHAT_CHARACTERS]


def _as_utf8(header: str) -> str:
    """Headers arrive as Latin-1, whatever the client meant; UTF-8 is known by its shape."""
    try:
        return header.encode("latin-1").decode()
    except ValueError:
        return header

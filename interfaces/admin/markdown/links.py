"""Where a link that a model wrote may lead, and how its reader sees where."""

import re
from html import escape

# A browser agrees with these on the host: there is no name, password or backslash to confuse it.
_WEB = re.compile(r"https?://([a-z0-9.-]+(?::\d{1,5})?)(?:[/?#][!-\[\]-~]*)?", re.IGNORECASE)
_MAIL = re.compile(r"mailto:([a-z0-9.!#$%'*+/=^_`{|}~-]+@[a-z0-9.-]+)(?:\?[!-~]*)?", re.IGNORECASE)
ADDRESS_AT_MOST = 2_000  # characters


def destination(address: str) -> str | None:
    """The host, for mail the person, that an absolute link leads to; None: it must be no link."""
    if len(address) > ADDRESS_AT_MOST:
        return None
    found = _WEB.fullmatch(address) or _MAIL.fullmatch(address)
    return found[1] if found else None


def link(address: str, *, text: str, html: str) -> str:
    """A link with its host beside it, unless its `text` is the address or the host itself."""
    host = destination(address)
    if host is None:
        return html
    shown = "" if text in (address, host) else f'<span class="host">{escape(host)}</span>'
    return f'<a href="{escape(address)}">{html}</a>{shown}'

"""Where a page leads back to: only ever to one of our own."""

from urllib.parse import urlsplit


def way_back(to: str, *, default: str) -> str:
    """The place, if it is among our pages."""
    try:
        parts = urlsplit(to)
    except ValueError:
        return default
    inside = parts.path == "/_admin" or parts.path.startswith("/_admin/")
    ours = inside and not parts.netloc and not parts.scheme
    return to if ours and to.isprintable() else default

"""Scripts, styles and pictures of the pages, served from here under the hash of their content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True)
class StaticFile:
    """One file as it goes out."""

    content: bytes
    media_type: str
    version: str


def static_file_of(name: str) -> StaticFile | None:
    """A file by its path below `static`; None where there is none of that name."""
    return _all().get(name)


@cache  # of what there is, and not of what anybody asks for
def _all() -> Mapping[str, StaticFile]:
    paths = (path for path in FOLDER.rglob("*.*") if path.suffix in TYPES)
    return {path.relative_to(FOLDER).as_posix(): _read(path) for path in paths}


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:16])


def static(name: str) -> str:
    """The address of a file; another content has another one, so it may be kept for ever."""
    found = static_file_of(name)
    assert found is not None, name
    return f"/_admin/static/{name}?v={found.version}"

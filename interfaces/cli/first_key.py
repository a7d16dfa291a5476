"""The administrator's first key: from the settings, or made once and kept in the data folder."""

import os
from pathlib import Path

from application.keys import ADMINISTRATOR, new_key
from infrastructure.settings import Settings


def key_file(settings: Settings) -> Path:
    """Where a key that we made is kept, mode 0600."""
    return settings.data_dir / "api_key"


def known_key(settings: Settings) -> str | None:
    """The key, if there is one already."""
    if settings.api_key is not None:
        return settings.api_key.get_secret_value()
    file = key_file(settings)
    return file.read_text().strip() if file.exists() else None


def make_key(settings: Settings) -> tuple[str, bool]:
    """The key, and whether it was made just now. Safe to call in several processes at once."""
    if (key := known_key(settings)) is not None:
        return key, False
    file = key_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}")
    with open(draft, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as written:
        written.write(new_key(ADMINISTRATOR) + "\n")
    try:
        os.link(draft, file)  # unlike a rename, never replaces another process's key
        made = True
    except FileExistsError:
        made = False
    finally:
        draft.unlink()
    return file.read_text().strip(), made

"""The SQL files of this folder."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

PACKAGE = "infrastructure.migrations"


@dataclass(frozen=True)
class Migration:
    """One numbered file. Once released it is never changed: what comes later is a new file."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        """What the database remembers of it."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read_sql(name: str) -> str:
    """The text of one file beside this module."""
    return files(PACKAGE).joinpath(name).read_text(encoding="utf-8")


def migrations() -> list[Migration]:
    """All numbered files, in order."""
    names = sorted(
        entry.name
        for entry in files(PACKAGE).iterdir()
        if entry.name.endswith(".sql") and entry.name[0].isdigit()
    )
    return [Migration(name, read_sql(name)) for name in names]

"""What PostgreSQL was asked, and by whom: out of its own log, one line for each round trip."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from infrastructure.event_log import statements as ours

_LINE = re.compile(r"^\d{4}-\d\d-\d\d [^\[]* \[(\d+)\] ", re.MULTILINE)
_SAID = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)", re.DOTALL)
# What workers do once or twice a second, and what a new connection learns about types.
BACKGROUND = (
    "WITH RECURSIVE typeinfo_tree",
    "current_setting('jit')",
    "threadlog.workers",  # beats, and looks at the others
    "WHERE cancel_requested",
    "r.kind = 'tool' AND r.waiting",  # the look for what somebody outside owes
    "kind = $1 AND waiting",  # the look for who waits for a person
    "AND stream_id <> ALL ($3)",  # the look for what nobody has claimed
    "FROM unnest($1::uuid[]) AS s(id)",  # the look for what operators ask of read models
    "LIKE 'webhook.%'",  # the look for webhooks, of which there are none
)


@dataclass(frozen=True)
class Asked:
    """One statement, as it was sent."""

    pid: int
    text: str

    @property
    def name(self) -> str:
        """Of its file, for those of the log; else the beginning of its text."""
        return _files().get(self.text) or re.sub(r"\s+", " ", self.text)[:90].strip()

    @property
    def is_background(self) -> bool:
        """Does it come with time or with connections, and not with work?"""
        return any(words in self.text for words in BACKGROUND)


def asked(log: bytes) -> list[Asked]:
    """The statements in a piece of the server's log, in order."""
    text = log.decode(errors="replace")
    lines = list(_LINE.finditer(text))
    found: list[Asked] = []
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        said = _SAID.match(text[line.end() : after.start() if after else None])
        if said is not None:
            found.append(Asked(int(line[1]), said[1].replace("\n\t", "\n").strip()))
    return found


@dataclass(frozen=True)
class Statements:
    """Those of some time, by role. PostgreSQL does not log empty ones, with which pools ping."""

    all: Mapping[str, list[Asked]]

    @staticmethod
    def of(log: bytes, *, roles: Mapping[int, str]) -> "Statements":
        """`roles`: whose each back end is; nobody else's are counted."""
        by_role: dict[str, list[Asked]] = {role: [] for role in sorted(set(roles.values()))}
        for one in asked(log):
            if one.pid in roles:
                by_role[roles[one.pid]].append(one)
        return Statements(by_role)

    def counts(self, role: str) -> Counter[str]:
        """How often each was sent; not what comes with time."""
        return Counter(one.name for one in self.all[role] if not one.is_background)

    def texts(self, role: str) -> set[str]:
        """Each once."""
        return {one.text for one in self.all[role]}

    def shown(self) -> str:
        """For a person who wants to know what happened."""
        return "\n".join(
            f"{count:5} {role}: {name}"
            for role in self.all
            for name, count in self.counts(role).most_common()
        )


@cache
def _files() -> Mapping[str, str]:
    folder = Path(ours.__file__).parent / "sql"
    return {ours.statement(file.stem).strip(): file.stem for file in folder.glob("*.sql")}

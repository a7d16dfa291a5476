"""How every read model stands: what an operator, a health check and the metrics ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from infrastructure.event_log.database import Database
from infrastructure.event_log.statements import statement
from infrastructure.projecting.follower import names_of
from projections.checkpoints import Checkpoint
from projections.projection import Projection

PACKAGE = "infrastructure.projecting"  # of the statements


@dataclass(frozen=True)
class Standing:
    """One read model. `shown` and `other` are its copies: what readers see, and beside it."""

    name: str
    code_version: int | None  # None: no code here makes its tables
    shown: Checkpoint | None
    other: Checkpoint | None
    in_work: bool  # somebody makes `other`, or is about to swap the two
    last: int  # position of the log's last event
    waiting_seconds: float  # of the first event that is to be applied; 0 when none is
    leads: bool  # there is a projector

    @property
    def position(self) -> int:
        """Everything up to it is in what readers see."""
        return self.shown.position if self.shown else 0

    @property
    def lag(self) -> int:
        """Events of the log after that, chunks and all."""
        return max(self.last - self.position, 0)

    @property
    def making(self) -> Checkpoint | None:
        """The copy on its way to readers."""
        if self.other is not None and (self.in_work or not self.other.complete):
            return self.other
        return None

    @property
    def made(self) -> float | None:
        """How much of the log that copy has followed, from 0 to 1; None: there is none."""
        return None if self.making is None else min(self.making.position / max(self.last, 1), 1)

    @property
    def faults(self) -> list[str]:
        """What keeps it from following the log, for people; none when it follows."""
        if self.shown is None:
            return ["has never run"]
        found: list[str] = []
        if self.shown.stopped_at is not None:
            found.append(f"stopped before {self.shown.stopped_at}: {self.shown.error}")
        if self.shown.paused:
            found.append("paused")
        if self.code_version is not None and self.shown.version != self.code_version:
            age = "a newer" if self.shown.version > self.code_version else "an older"
            found.append(f"made by {age} version ({self.shown.version}, here {self.code_version})")
        if not self.leads:
            found.append("no projector leads")
        return found

    @property
    def state(self) -> str:
        """One line for people."""
        told = self.faults or ["following" if self.code_version else "no code for it here"]
        if self.making is not None and self.made is not None:
            work = "being made again" if self.in_work else "half made again"
            told.append(f"{work}: {int(self.made * 100)} %")
            if self.making.stopped_at is not None:
                told.append(f"that stopped before {self.making.stopped_at}: {self.making.error}")
        return "; ".join(told)


async def look(database: Database, projections: Sequence[Projection]) -> list[Standing]:
    """These read models, and others that have been made, in this order. Raises LogUnavailable."""
    code = {projection.name: projection for projection in projections}
    rows = await database.run(statement("look", package=PACKAGE))
    last, leads = rows[0][:2]
    copies = {
        name: list(found)
        for name, found in groupby((row for row in rows if row[3] is not None), key=lambda r: r[3])
    }
    standings: list[Standing] = []
    for name in dict.fromkeys([*code, *copies]):
        projection, found = code.get(name), copies.get(name, [])
        both = [Checkpoint(*row[3:]) for row in found]
        shown = next((copy for copy in both if copy.active), None)
        standings.append(
            Standing(
                name=name,
                code_version=projection.version if projection else None,
                shown=shown,
                other=next((copy for copy in both if not copy.active), None),
                in_work=any(row[2] for row in found),
                last=last,
                waiting_seconds=await _waiting(
                    database, projection, after=shown.position if shown else 0
                ),
                leads=leads,
            )
        )
    return standings


async def _waiting(database: Database, projection: Projection | None, *, after: int) -> float:
    names = names_of(projection) if projection else None
    wanted = None if names is None else sorted(names)
    rows = await database.run(statement("waiting_seconds", package=PACKAGE), after, wanted)
    return max(rows[0][0], 0.0) if rows else 0.0

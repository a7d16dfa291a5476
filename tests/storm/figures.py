"""What a part of the proof has measured, and whether the promise beside it was kept."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One line of a table. `kept` is None where nothing was promised."""

    what: str
    value: str
    promised: str
    kept: bool | None


@dataclass
class Figures:
    """Told as they come, so that whoever waits sees something."""

    lines: list[Figure] = field(default_factory=list[Figure])

    def tell(
        self, what: str, value: object, *, promised: str = "", kept: bool | None = None
    ) -> None:
        """Add a line and print it."""
        shown = f"{value:.1f}" if isinstance(value, float) else str(value)
        self.lines.append(Figure(what, shown, promised, kept))
        mark = {None: " ", True: "ok", False: "BROKEN"}[kept]
        print(
            f"  {what}: {shown} {f'({promised})' if promised else ''} {mark}".rstrip(), flush=True
        )

    def at_most(self, what: str, value: float, limit: float, *, unit: str = "") -> None:
        """A figure with a limit."""
        self.tell(what, f"{value:.4g}{unit}", promised=f"≤ {limit:g}{unit}", kept=value <= limit)

    def at_least(self, what: str, value: float, limit: float) -> None:
        """A figure that would prove nothing were it smaller."""
        self.tell(what, f"{value:.4g}", promised=f"≥ {limit:g}", kept=value >= limit)

    def equal(self, what: str, value: object, expected: object) -> None:
        """A figure that can only be one."""
        self.tell(what, value, promised=f"{expected}", kept=value == expected)

    @property
    def all_kept(self) -> bool:
        return not any(line.kept is False for line in self.lines)

    def markdown(self) -> str:
        """The table."""
        marks = {None: "", True: "yes", False: "**no**"}
        rows = [
            f"| {one.what} | {one.value} | {one.promised} | {marks[one.kept]} |"
            for one in self.lines
        ]
        return "\n".join(["| what | measured | promised | kept |", "|---|---|---|---|", *rows])

"""How a page writes times, durations, money, counts and ids; most are filters of parts.html."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from uuid import UUID

NOTHING = "–"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SIZES = ("kB", "MB", "GB", "TB")
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"


def moment(at: datetime) -> str:
    """A moment in UTC: `23 Nov 2026, 01:12:09 UTC`."""
    at = at.astimezone(UTC)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}, {at:%H:%M:%S} UTC"


def brief(at: datetime) -> str:
    """The same without year and seconds: `23 Nov, 01:12`."""
    at = at.astimezone(UTC)
    return f"{at.day} {MONTHS[at.month - 1]}, {at:%H:%M}"


def exact(at: datetime) -> str:
    """The same to the millisecond: `2026-11-23 01:12:09.042 UTC`."""
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC"


def iso(at: datetime) -> str:
    """What the `datetime` attribute of `<time>` takes: `2026-11-23T01:12:09.042000Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def duration(ms: float | None) -> str:
    """Milliseconds with the two units that tell most: `85 ms`, `3.2 s`, `4 min 5 s`, `2 d 3 h`."""
    if ms is None:
        return NOTHING
    if round(ms) < 1000:
        return spaced(round(ms), "ms")
    if round(ms / 100) < 600:
        return spaced(f"{ms / 1000:.1f}", "s")
    seconds = round(ms / 1000)
    if seconds < 3600:
        return two(seconds, "min", 60, "s")
    if seconds < 86_400:
        return two(seconds // 60, "h", 60, "min")
    return two(seconds // 3600, "d", 24, "h")


def money(microdollars: int | None) -> str:
    """Millionths of a dollar as dollars; below one dollar to a hundredth of a cent: `$0.0123`."""
    if microdollars is None:
        return NOTHING
    if microdollars == 0:
        return "$0.00"
    if 0 < microdollars < 100:
        return "< $0.0001"
    return f"${microdollars / 1e6:,.{4 if microdollars < 1_000_000 else 2}f}"


def count(n: int | None) -> str:
    """A number with its thousands apart: `12,345`."""
    return NOTHING if n is None else f"{n:,}"


def size(bytes_: int | None) -> str:
    """Bytes in the largest decimal unit that they fill: `999 B`, `1.5 kB`."""
    if bytes_ is None:
        return NOTHING
    if bytes_ < 1000:
        return spaced(bytes_, "B")
    thousands = 1
    while thousands < len(SIZES) and round(bytes_ / 1000**thousands, 1) >= 1000:
        thousands += 1
    return spaced(f"{bytes_ / 1000**thousands:,.1f}", SIZES[thousands - 1])


def share(part: float | None, whole: float | None) -> str:
    """How much of the whole, in percent: `98.2 %`; nothing to say of nothing."""
    return spaced(f"{100 * part / whole:.1f}", "%") if part is not None and whole else NOTHING


def short(identifier: UUID | str) -> str:
    """The last eight characters of an id: ids made together begin alike."""
    text = str(identifier)
    return text if len(text) <= 12 else f"…{text[-8:]}"


def cut(text: str, *, most: int) -> str:
    """At most so many characters, the last one `…` where there are more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def two(amount: int, large: str, per_large: int, small: str) -> str:
    """An amount of small units in both units, the small one only where there is any."""
    rest = f" {spaced(amount % per_large, small)}" if amount % per_large else ""
    return spaced(amount // per_large, large) + rest


def spaced(number: object, unit: str) -> str:
    return f"{number}{NARROW_SPACE}{unit}"


FILTERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        made.__name__: made
        for made in (moment, brief, exact, iso, duration, money, count, size, share, short)
    }
)

"""How far a long work is, for people: the words, and a line that changes in its place."""

from typing import TextIO


class Place:
    """Where lines appear: on a terminal each over the one before, elsewhere one below the other."""

    def __init__(self, out: TextIO) -> None:
        self.is_terminal = out.isatty()
        self._out = out

    def write(self, line: str, *, stays: bool = False) -> None:
        """`stays`: what comes next on a terminal goes below it."""
        before, after = ("\r", "\x1b[K") if self.is_terminal else ("", "")
        end = "\n" if stays or not self.is_terminal else ""
        self._out.write(f"{before}{line}{after}{end}")
        self._out.flush()


def share_of(done: int, whole: int) -> float:
    """From 0 to 1, however wrong the whole was guessed."""
    return min(done / max(whole, 1), 1)


def how_far(done: int, whole: int, *, rate: float, unit: str = "") -> str:
    """`rate` is per second; `unit` begins with a space."""
    left = _as_clock(max(whole - done, 0) / rate if rate else 0.0)
    share = share_of(done, whole)
    return f"{done:,} of {whole:,}{unit} ({share:.0%}), {rate:,.0f}{unit}/s, {left} left"


def _as_clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

"""How often a page is written to: at once when it was quiet, then as often as its text is worth."""

from dataclasses import dataclass

QUICK_SECONDS = 0.1
SLOW_SECONDS = 0.4
MOST_PER_BYTE = 3  # of text, above which it goes slower; the limit that is promised is 4
FREE_BYTES = 200  # of its beginning, so that the first words come quickly


@dataclass
class Pace:
    """Times are those of the event loop's clock."""

    _text_bytes: int = 0
    _sent_bytes: int = 0
    _written_at: float = float("-inf")

    def heard(self, text: str) -> None:
        """So much was said."""
        self._text_bytes += len(text.encode())

    def wrote(self, size: int, *, at: float) -> None:
        """So many bytes went to the page because of it."""
        self._sent_bytes += size
        self._written_at = at

    @property
    def next_at(self) -> float:
        """When the page may be written to again; a moment that has passed: now."""
        costly = self._sent_bytes > MOST_PER_BYTE * self._text_bytes + FREE_BYTES
        return self._written_at + (SLOW_SECONDS if costly else QUICK_SECONDS)

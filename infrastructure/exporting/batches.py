"""How many rows to hold at once: by their bytes, because a row may have a hundred or a million."""

FIRST, LEAST, MOST = 200, 10, 5_000  # rows
BYTES = 4 << 20


class BatchSize:
    """Rows to ask for next, so that they have about `BYTES` if they are like those before."""

    def __init__(self) -> None:
        self.rows = FIRST

    def learn(self, rows: int, *, size: int) -> None:
        """So many rows had so many bytes."""
        fitting = rows * BYTES // max(size, 1)
        self.rows = max(LEAST, min(fitting, MOST, self.rows * 4))

"""What a conversation has used so far: tokens and money."""

from dataclasses import dataclass

from domain.completion_events import Answer


@dataclass
class Totals:
    """Of all answers that have ended, on all branches."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_microdollars: int = 0
    priced: int = 0  # answers whose price is known
    unpriced: int = 0  # and those whose price is not

    @property
    def tokens(self) -> int:
        """In both directions."""
        return self.input_tokens + self.output_tokens

    def add(self, ended: Answer) -> None:
        """One more answer."""
        self.input_tokens += ended.usage.input_tokens
        self.output_tokens += ended.usage.output_tokens
        self.priced += ended.cost_microdollars is not None
        self.cost_microdollars += ended.cost_microdollars or 0
        self.unpriced += ended.cost_microdollars is None and ended.usage.requests > 0

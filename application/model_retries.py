"""Whether a model that is in trouble is asked again, and when."""

import random
from dataclasses import dataclass

from application.model_errors import ModelFailure


@dataclass(frozen=True)
class ModelRetries:
    """Pauses that double, with equal jitter (AWS Architecture Blog, Exponential Backoff, 2015).

    A provider's Retry-After counts as the least; one that is longer than `longest_seconds` is not
    waited for.
    """

    most: int = 2  # of one step of an answer
    first_seconds: float = 1.0
    longest_seconds: float = 30.0

    def pause_seconds(self, failure: ModelFailure, *, before: int) -> float | None:
        """How long to wait after the failure that follows `before` retries; None: not again."""
        asked = failure.retry_after_seconds or 0.0
        if not failure.retryable or before >= self.most or asked > self.longest_seconds:
            return None
        backoff = self.first_seconds * 2**before
        return max(asked, min(backoff, self.longest_seconds) * random.uniform(0.5, 1.0))  # noqa: S311


NORMAL_RETRIES = ModelRetries()

"""How a run ends: the last events of a completion, and what its thread is told."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Literal

from pydantic_ai.exceptions import RunCancelled
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolReturnPart

from application.accounting import cost_microdollars, responses_of, usage_of
from application.journal import Journal
from application.model_errors import ModelFailure, classify
from application.model_retries import ModelRetries
from application.recorder import Recorder
from application.stop import Stop
from application.witness import Witness
from domain.completion import Completion
from domain.completion_events import (
    Answer,
    CompletionCancelled,
    CompletionEvent,
    CompletionFailed,
    CompletionFinished,
    CompletionWaiting,
    MessageRecorded,
    ToolReturned,
)
from domain.thread_events import Outcome

logger = logging.getLogger(__name__)

BROKEN = ModelFailure("internal", "Something went wrong on our side.", retryable=False)
STOPPED_ITSELF = "The agent stopped itself."


@dataclass(frozen=True)
class Closing:
    """The closing append, less the thread's part."""

    outcome: Outcome | Literal["waiting", "again"]  # the last two do not end the turn
    events: Sequence[CompletionEvent]
    answered: bool = False
    pause_seconds: float = 0.0


@dataclass(frozen=True)
class Ended:
    """A run that has stopped, everything it said being durable or dropped."""

    completion: Completion
    journal: Journal
    recorder: Recorder
    witness: Witness | None  # None: it ended before it could ask
    messages: Sequence[ModelMessage]
    deferred: tuple[str, ...]  # calls that a person must approve
    spent: Sequence[ModelResponse]  # of earlier attempts
    claimed_at: float  # monotonic seconds, of the first attempt of this worker
    retries: ModelRetries

    async def closing(self, error: BaseException | None) -> Closing:
        """What to append: by why the journal was stopped, else by what ended the run.

        A request to cancel comes first: what was refused after it is not part of the answer.
        """
        if self.journal.stopped is Stop.CANCELLED:
            return await self._cancelled(self.journal.cancel_reason)
        if self.journal.stopped is Stop.BROKEN:
            return self.broken()
        if error is None:
            return self._waiting() if self.deferred else self._finished()
        if isinstance(error, RunCancelled):
            return await self._cancelled(STOPPED_ITSELF)
        failure = classify(error)
        defect = error if failure.type == "internal" else None
        logger.warning("completion %s failed: %s", self.completion.id, failure, exc_info=defect)
        return self._again(failure) or await self._failed_with(failure)

    def _waiting(self) -> Closing:
        return Closing("waiting", [CompletionWaiting(self.deferred)])

    def _again(self, failure: ModelFailure) -> Closing | None:
        """The same worker tries again, if it may."""
        completion = self.journal.completion
        pause = self.retries.pause_seconds(failure, before=completion.model_retries)
        if pause is None or completion.worker_id is None:
            return None
        events = completion.retry(
            completion.worker_id,
            error=failure.type,
            message=failure.message,
            wait_ms=round(pause * 1000),
        )
        return Closing("again", events, pause_seconds=pause)

    def _finished(self) -> Closing:
        """The answer is complete, its last message not yet recorded."""
        recorded = self._unrecorded()
        missing = self.journal.transcript.missing_results(self._attempt)
        finished = CompletionFinished(self._attempt, self._answer())
        return self._closing("finished", missing, recorded, finished)

    async def _cancelled(self, reason: str | None) -> Closing:
        """What is durable of the answer stays."""
        results, recorded = await self._results(), self._partial()
        cancelled = CompletionCancelled(self._attempt, self._answer(), reason)
        return self._closing("cancelled", results, recorded, cancelled)

    async def _failed_with(self, failure: ModelFailure) -> Closing:
        results, recorded = await self._results(), self._partial()
        return self._closing("failed", results, recorded, self._failed(failure))

    async def too_late(self, seconds: float) -> Closing:
        """What is durable of the answer stays, with the reason."""
        message = f"The answer was not complete after {round(seconds)} seconds."
        return await self._failed_with(ModelFailure("timeout", message, retryable=True))

    def broken(self) -> Closing:
        """The least that can be said, where nothing else can be relied on."""
        return self._closing("failed", [], [], self._failed(BROKEN))

    @property
    def _attempt(self) -> int:
        return self.completion.attempt

    def _closing(
        self,
        outcome: Outcome,
        results: Sequence[ToolReturned],
        recorded: Sequence[MessageRecorded],
        terminal: CompletionEvent,
    ) -> Closing:
        answered = self.journal.transcript.answered or any(
            one.message["kind"] == "response" and one.message["parts"] for one in recorded
        )
        return Closing(outcome, [*results, *recorded, terminal], answered)

    def _partial(self) -> list[MessageRecorded]:
        """The open step's durable text; else, the results of tools that answer durable calls."""
        interrupted = self.journal.transcript.interrupted_message(self._attempt)
        requests = takewhile(lambda one: one.message["kind"] == "request", self._unrecorded())
        return interrupted or [one for one in requests if one.message["parts"]]

    def _unrecorded(self) -> list[MessageRecorded]:
        durable = self.journal.transcript.messages(self._attempt)
        return self.recorder.beyond(durable, self.messages)

    async def _results(self) -> list[ToolReturned]:
        """One for each call that has none: its own where the tool got that far."""
        returns = {
            part.tool_call_id: part
            for message in self.messages[-1:]
            if isinstance(message, ModelRequest)
            for part in message.parts
            if isinstance(part, ToolReturnPart)
        }
        results: list[ToolReturned] = []
        for missing in self.journal.transcript.missing_results(self._attempt):
            part = returns.get(missing.tool_call_id)
            if part is not None and self.witness is not None:
                results.append(await self.witness.result(part))
            else:
                results.append(missing)
        return results

    def _failed(self, failure: ModelFailure) -> CompletionFailed:
        return CompletionFailed(
            self._attempt,
            failure.type,
            failure.message,
            self._answer(),
            retryable=failure.retryable,
            status=failure.status,
            provider_request_id=failure.request_id,
        )

    def _answer(self) -> Answer:
        said = self.journal.transcript.answer()
        sent_bytes = self.witness.sent_bytes if self.witness else 0
        responses = [*self.spent, *responses_of(self.messages, sent_bytes=sent_bytes)]
        first = self.journal.first_delta_at
        return replace(
            said,
            usage=usage_of(responses),
            model=_model(responses) or said.model,
            cost_microdollars=cost_microdollars(responses),
            time_to_first_token_ms=None if first is None else self._milliseconds(first),
            duration_ms=self._milliseconds(time.monotonic()),
        )

    def _milliseconds(self, at: float) -> int:
        return round((at - self.claimed_at) * 1000)


def _model(responses: Sequence[ModelResponse]) -> str | None:
    return responses[-1].model_name if responses else None

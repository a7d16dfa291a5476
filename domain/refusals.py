"""Why a command is refused: one class per fact, whose docstring is what the user reads."""


class Refusal(Exception):
    """The request was refused."""

    def __str__(self) -> str:
        return type(self).__doc__ or ""


class ThreadNotFound(Refusal):
    """There is no such thread."""


class ThreadIsArchived(Refusal):
    """The thread is archived and takes no new messages."""


class ThreadIsBusy(Refusal):
    """The thread is answering another message. Wait for it, or post with when_busy=enqueue."""


class MessageNotFound(Refusal):
    """There is no such message in this thread."""


class ParentNotFound(Refusal):
    """The parent_id names no delivered message of this thread."""


class MessageAlreadyDelivered(Refusal):
    """The message has already been delivered and cannot be withdrawn."""


class CompletionNotFound(Refusal):
    """There is no such completion."""


class ExecutionNotFound(Refusal):
    """There is no such tool execution."""


class IdIsTaken(Refusal):
    """This id already names something else."""


class BodyDiffers(Refusal):
    """The same id or Idempotency-Key was used before with another body."""


class AgentNotFound(Refusal):
    """There is no such agent."""


class CompletionHasEnded(Refusal):
    """The completion has already reached its final state."""


class ApprovalNotAsked(Refusal):
    """The completion does not wait for an answer about this tool call."""


class ApprovalAlreadyAnswered(Refusal):
    """This tool call was answered before, and otherwise."""


class ResultTokenInvalid(Refusal):
    """The token does not belong to this tool execution."""


class ResultNotAwaited(Refusal):
    """This tool execution takes no result from outside."""


class ExecutionHasEnded(Refusal):
    """The tool execution has already reached its final state."""


class PositionIsAhead(Refusal):
    """The position is beyond the end of the log."""


class KeyNotFound(Refusal):
    """There is no such key."""


class UserNotFound(Refusal):
    """There is no such user."""


class SignInLinkInvalid(Refusal):
    """This sign-in link was used before, or is too old. Make another, or sign in with a key."""


class WebhookNotFound(Refusal):
    """There is no such webhook."""


class WebhooksAreMany(Refusal):
    """You have as many webhooks as one user may have. Delete one first."""


class NotPermitted(Refusal):
    """Your role does not permit this."""

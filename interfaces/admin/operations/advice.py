"""What each class of error means, and what an operator does about it."""

from collections.abc import Mapping
from types import MappingProxyType

ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "rate_limited": "The provider limits how much may be asked of it. It was tried again and"
        " again. Ask for a higher limit, or spread the load.",
        "overloaded": "The provider had too much to do, and still had after several tries."
        " Look at its status page, or use another model.",
        "timeout": "It took longer than it may. If this happens often, allow more time, or look"
        " at what is slow: the provider, or the tool.",
        "rejected": "The provider refused the request. The name of the model or its settings may be"
        " wrong, or the message breaks its rules. Trying again will not help.",
        "context_too_long": "The conversation is longer than the model can read. Go on in a new"
        " one, or use a model with a longer context.",
        "authentication": "The provider did not accept the key. Look at its environment variable"
        " on the workers, and at the account.",
        "internal": "Something went wrong inside. The worker's log has the error at this time.",
        "internal_error": "The tool raised an error. The worker's log has it at this time.",
        "worker_lost": "Worker processes died while they answered, more often than it is tried."
        " Look at their memory and their log.",
        "validation_error": "The tool refused its arguments. The model wrote what it cannot use.",
        "not_found": "The tool did not find what it was asked for.",
        "permission_denied": "The tool may not do what it was asked for. Look at its rights.",
        "rate_limit": "What the tool calls limits how often it may be called.",
        "outcome_unknown": "The worker died while the tool ran, and the tool may not be run twice."
        " Look at whether it has done its work.",
    }
)
OTHERWISE = "There is no advice for this class. The worker's log has the error at this time."


def advice(error_type: str) -> str:
    """A sentence or two."""
    return ADVICE.get(error_type, OTHERWISE)

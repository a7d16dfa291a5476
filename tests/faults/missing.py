"""The refusal of a tool that this machine does not have what it needs."""


class ToolIsMissing(Exception):
    """A fault cannot be made on this machine; the message says what to do about it."""

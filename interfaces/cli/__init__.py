"""The command `threadlog`."""

from interfaces.cli.commands import main

__all__ = ["main"]

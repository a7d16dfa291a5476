"""Markdown that a language model wrote, as safe HTML: at once, or growing while it is typed."""

from interfaces.admin.markdown.growing import GrowingText, html_of, html_parts
from interfaces.admin.markdown.growth import Change, Closed, More, Open

__all__ = ["Change", "Closed", "GrowingText", "More", "Open", "html_of", "html_parts"]

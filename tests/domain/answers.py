"""Answers that a test is not about."""

from domain.completion_events import Answer, Usage

NOTHING_SAID = Answer(
    text="",
    characters=0,
    sha256="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    usage=Usage(),
)

"""A moment is a position or a time with an offset, and nothing else."""

from datetime import UTC, datetime

import pytest

from application.audit.moments import moment_of
from application.audit.refusals import MomentIsMalformed

SEVEN = datetime(2026, 11, 22, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0", 0),
        ("0042", 42),
        (str(2**63 - 1), 2**63 - 1),
        ("2026-11-22T07:00:00Z", SEVEN),
        ("2026-11-22t07:00:00z", SEVEN),
        ("2026-11-22T08:00:00+01:00", SEVEN),
        ("2026-11-22T08:00:00 01:00", SEVEN),
        ("2026-11-22T01:30:00-05:30", SEVEN),
        ("2026-11-22T07:00:00.5Z", SEVEN.replace(microsecond=500_000)),
        ("2026-11-22T07:00:00.123456789Z", SEVEN.replace(microsecond=123_456)),
    ],
)
def test_what_is_meant_is_understood(text: str, moment: int | datetime) -> None:
    assert moment_of(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "-1",
        "+1",
        "1e3",
        "\u0661",
        str(2**63),
        "9" * 100,
        "now",
        "latest",
        "2026-11-22",
        "2026-11-22T07:00:00",
        "2026-11-22T07:00Z",
        "2026-11-22 07:00:00Z",
        "2026-02-30T07:00:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22T07:00:00+25:00",
        "0000-01-01T00:00:00Z",
        "2026-11-22T07:00:00Z\n",
    ],
)
def test_anything_else_is_malformed(text: str) -> None:
    with pytest.raises(MomentIsMalformed):
        moment_of(text)

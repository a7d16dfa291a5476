"""What a person reads where a page shows a time, a duration, money, a count or an id."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from interfaces.admin.formats import FILTERS

AT = datetime(2026, 11, 3, 1, 12, 9, 42_900, tzinfo=UTC)
ELSEWHERE = AT.astimezone(timezone(timedelta(hours=5, minutes=30)))


def written(name: str, *given: object) -> str:
    return FILTERS[name](*given).replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("moment", "3 Nov 2026, 01:12:09 UTC"),
        ("brief", "3 Nov, 01:12"),
        ("exact", "2026-11-03 01:12:09.042 UTC"),
        ("iso", "2026-11-03T01:12:09.042900Z"),
    ],
)
def test_a_moment_is_written_in_utc_wherever_it_was_taken(name: str, text: str) -> None:
    assert written(name, AT) == written(name, ELSEWHERE) == text


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (59_949, "59.9 s"),
        (59_950, "1 min"),
        (245_000, "4 min 5 s"),
        (3_599_600, "1 h"),
        (2 * 3_600_000 + 5 * 60_000, "2 h 5 min"),
        (51 * 3_600_000, "2 d 3 h"),
        (None, "–"),
    ],
)
def test_a_duration_is_written_with_the_units_that_tell_most(ms: float | None, text: str) -> None:
    assert written("duration", ms) == text


@pytest.mark.parametrize(
    ("microdollars", "text"),
    [
        (0, "$0.00"),
        (1, "< $0.0001"),
        (12_345, "$0.0123"),
        (999_960, "$1.0000"),
        (1_234_567_890, "$1,234.57"),
        (None, "–"),
    ],
)
def test_small_costs_are_not_rounded_to_nothing(microdollars: int | None, text: str) -> None:
    assert written("money", microdollars) == text


@pytest.mark.parametrize(
    ("bytes_", "text"),
    [(999, "999 B"), (1_500, "1.5 kB"), (999_960, "1.0 MB"), (3 * 10**15, "3,000.0 TB")],
)
def test_a_size_is_written_in_the_largest_unit_it_fills(bytes_: int, text: str) -> None:
    assert written("size", bytes_) == text


def test_counts_shares_and_ids_are_short() -> None:
    assert written("count", 1_234_567) == "1,234,567"
    assert written("share", 982, 1000) == "98.2 %"
    assert written("share", 0, 0) == "–"
    assert written("short", UUID("0193f2ab-0000-7000-8000-0000deadbeef")) == "…deadbeef"
    assert written("short", "key_1") == "key_1"

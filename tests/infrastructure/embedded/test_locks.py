"""The locks tell who uses a server, at whatever moment they are asked."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infrastructure.embedded.locks import is_shared, open_lock, try_lock, try_share

ROUNDS = 500


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def thread() -> Generator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as one:
        yield one


def test_a_lock_that_nobody_holds_is_not_shared(lock: Path) -> None:
    with open_lock(lock) as ours:
        assert not is_shared(ours)


def test_a_lock_that_another_shares_is_shared(lock: Path) -> None:
    with open_lock(lock) as theirs, open_lock(lock) as ours:
        assert try_share(theirs)
        assert is_shared(ours)


def test_a_lock_that_another_holds_alone_is_not_shared(lock: Path) -> None:
    with open_lock(lock) as theirs, open_lock(lock) as ours:
        assert try_lock(theirs)
        assert not is_shared(ours)


def test_whoever_lets_go_just_now_is_not_taken_for_many(
    lock: Path, thread: ThreadPoolExecutor
) -> None:
    """As a supervisor that has stopped its server, while another asks whether it has users."""
    for _ in range(ROUNDS):
        theirs = open_lock(lock)
        assert try_lock(theirs)
        gone = thread.submit(theirs.close)
        with open_lock(lock) as ours:
            while not gone.done():
                assert not is_shared(ours)

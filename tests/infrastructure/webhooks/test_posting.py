"""One request to somebody who may wish us ill: bounded, checked, never led elsewhere."""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from infrastructure.webhooks.connecting import Resolve, SystemResolver
from infrastructure.webhooks.posting import Answer, Poster
from tests.infrastructure.webhooks.receiver import OK, Post, receiving

ROOT = Path(__file__).parents[3]
NOTHING: Mapping[str, str] = {}


def names(*answers: list[str]) -> Resolve:
    """A resolver that gives these answers one after the other, the last one for ever."""
    left = list(answers)

    async def resolve(_: str) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def post(url: str, resolve: Resolve | None = None, *, private: bool = False) -> Answer:
    async with Poster(private=private, resolve=resolve, timeout_seconds=2) as poster:
        return await poster.post(url, headers=NOTHING, body=b"{}")


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["169.254.169.254"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::a9fe:a9fe"],
        ["fd00:ec2::254%eth0"],
        ["10.0.0.1"],
        ["93.184.215.14", "127.0.0.1"],
    ],
)
async def test_a_name_that_leads_inside_is_refused_without_a_connection(
    addresses: list[str],
) -> None:
    async with receiving() as receiver:
        url = f"https://hooks.example.com:{receiver.port}/"
        assert await post(url, names(addresses)) == Answer(None, "AddressRefused")
    assert receiver.posts == []


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "http://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
    ],
)
async def test_an_address_that_was_taken_when_more_was_allowed_is_not_used(url: str) -> None:
    assert await post(url, names(["127.0.0.1"])) == Answer(None, "WebhookUrlInvalid")


async def test_the_system_resolves_odd_forms_and_the_guard_sees_through_them() -> None:
    resolver = SystemResolver()
    try:
        for host in ("127.1", "0x7f.1", "2130706433", "localhost"):
            assert set(await resolver.addresses(host)) <= {"127.0.0.1", "::1"}
    finally:
        resolver.close()


async def test_who_answers_differently_the_second_time_gains_nothing_by_it() -> None:
    """The address that was checked is the one that is connected to."""
    async with receiving() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        there = await post(url, names(["127.0.0.1"], ["203.0.113.1"]), private=True)
    assert there == Answer(204, None)
    [one] = receiver.posts
    assert one.headers["host"] == f"hooks.example.com:{receiver.port}"


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    async with receiving() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        assert (await post(url, names(["127.0.0.9", "127.0.0.1"]), private=True)).arrived


async def test_a_redirect_is_a_failure_and_is_not_followed() -> None:
    async with receiving() as inside:

        async def redirect(_: Post) -> bytes:
            return b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (
                inside.url.encode()
            )

        async with receiving(redirect) as receiver:
            answer = await post(receiver.url, private=True)
    assert answer == Answer(302, None)
    assert not answer.arrived
    assert inside.posts == []


async def test_an_endless_answer_is_not_read_to_its_end() -> None:

    async def endless(_: Post) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n" + b"x" * 1_000_000

    async with receiving(endless) as receiver:
        before = time.monotonic()
        assert await post(receiver.url, private=True) == Answer(200, None)
        assert time.monotonic() - before < 2


async def test_provisional_answers_without_end_are_cut_off_and_hold_up_nobody() -> None:
    async def provisional(_: Post) -> bytes:
        return b"HTTP/1.1 100 \r\n\r\n" * 1_000_000

    async with receiving(provisional) as receiver:
        before = time.process_time()
        assert await post(receiver.url, private=True) == Answer(None, "ReadError")
        assert time.process_time() - before < 1, "each of them would be read, for two seconds"


async def test_what_is_wrong_with_a_body_does_not_matter_once_the_status_has_come() -> None:
    async def broken(_: Post) -> bytes:
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 50_000

    async with receiving(broken) as receiver:
        assert await post(receiver.url, private=True) == Answer(200, None)


async def test_an_answer_that_drips_is_cut_off() -> None:
    async def drip(_: Post) -> bytes:
        await asyncio.Event().wait()
        return OK

    async with receiving(drip) as receiver:
        before = time.monotonic()
        assert await post(receiver.url, private=True) == Answer(None, "Timeout")
        assert 1.9 < time.monotonic() - before < 4


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 999999 \xff\r\n\r\n",
    ],
)
async def test_whatever_a_receiver_says_is_an_answer_or_a_kind_of_error(said: bytes) -> None:
    async def say(_: Post) -> bytes:
        return said

    async with receiving(say) as receiver:
        answer = await post(receiver.url, private=True)
    assert not answer.arrived
    assert answer.error in ("RemoteProtocolError", "ReadError")


async def test_what_nobody_has_foreseen_is_the_trouble_of_one_request() -> None:
    async def broken(_: str) -> list[str]:
        raise RuntimeError

    assert await post("https://hooks.example.com/", broken) == Answer(None, "RuntimeError")


async def test_nobody_there_is_a_kind_of_error() -> None:
    async with receiving() as receiver:
        url = receiver.url
    assert await post(url, private=True) == Answer(None, "ConnectError")
    assert await post("http://nowhere.invalid/", private=True) == Answer(None, "ConnectError")


async def test_a_name_that_is_asked_for_twice_is_looked_up_once() -> None:
    resolver = SystemResolver()
    try:
        both = await asyncio.gather(
            resolver.addresses("localhost"), resolver.addresses("localhost")
        )
        assert both[0] is both[1]
    finally:
        resolver.close()


LEAVES = """
import asyncio, time
from infrastructure.webhooks.connecting import SystemResolver

async def main():
    resolver = SystemResolver(lambda _: time.sleep(60) or [])
    try:
        await asyncio.wait_for(resolver.addresses("slow.example"), 0.1)
    except TimeoutError:
        resolver.close()

asyncio.run(main())
"""


async def test_a_process_that_ends_does_not_wait_for_a_name() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LEAVES, cwd=ROOT)
    try:
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()

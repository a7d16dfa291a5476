"""What a proxy does to a conversation over TCP and over unix sockets."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults.proxy import Address, FaultProxy

pytestmark = pytest.mark.asyncio(loop_scope="module")  # where nobody else's links have tasks

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo:
    """A server that answers every line with the same line, and remembers it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.ends = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.lines.append(line)
                writer.write(line)
        except OSError:
            pass
        self.ends += 1
        writer.close()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest_asyncio.fixture(params=["tcp", "unix"], loop_scope="module")
async def proxy(request: pytest.FixtureRequest, echo: Echo) -> AsyncGenerator[FaultProxy]:
    with tempfile.TemporaryDirectory(prefix="threadlog-proxy-", dir="/tmp") as folder:
        address: Address
        if request.param == "unix":
            address = Path(folder) / "server"
            server = await asyncio.start_unix_server(echo.serve, address)
            proxy = FaultProxy(address, listen=Path(folder) / "proxy", seed=7)
        else:
            server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
            address = ("127.0.0.1", server.sockets[0].getsockname()[1])
            proxy = FaultProxy(address, seed=7)
        before = asyncio.all_tasks()
        async with proxy:
            yield proxy
        left = asyncio.all_tasks() - before
        assert not [task for task in left if "faults" in repr(task)]
        server.close()


async def connect(proxy: FaultProxy) -> Ends:
    if proxy.listens_on_tcp:
        return await asyncio.open_connection("127.0.0.1", proxy.port)
    return await asyncio.open_unix_connection(proxy.path)


async def say(ends: Ends, line: bytes) -> bytes:
    ends[1].write(line)
    return await ends[0].readline()


async def rest(ends: Ends) -> bytes:
    """What still comes before the connection ends, however it does."""
    received = b""
    try:
        async with asyncio.timeout(2):
            while data := await ends[0].read(1000):
                received += data
    except ConnectionError:
        pass
    finally:
        ends[1].close()
    return received


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)


async def test_a_healthy_link_passes_everything_and_both_ends(
    proxy: FaultProxy, echo: Echo
) -> None:
    ends = await connect(proxy)
    line = b"x" * 50_000 + b"\n"
    assert await say(ends, line) == line
    ends[1].write(b"last words\n")
    ends[1].write_eof()
    assert await rest(ends) == b"last words\n"
    await until(lambda: echo.ends == 1 and proxy.connections == 0)
    assert proxy.resets == 0


async def test_a_delay_holds_each_direction_up(proxy: FaultProxy) -> None:
    ends = await connect(proxy)
    proxy.delay(0.05)
    began = time.monotonic()
    assert await say(ends, b"line\n") == b"line\n"
    assert 0.1 <= time.monotonic() - began < 1
    await proxy.heal()
    began = time.monotonic()
    for _ in range(10):
        await say(ends, b"line\n")
    assert time.monotonic() - began < 0.5
    ends[1].close()


async def test_a_server_that_is_gone_comes_back_at_the_same_address(proxy: FaultProxy) -> None:
    open_one = await connect(proxy)
    await say(open_one, b"there\n")
    proxy.refuse()
    assert await say(open_one, b"still there\n") == b"still there\n"
    with pytest.raises((ConnectionError, FileNotFoundError)):
        await connect(proxy)
    proxy.shut()
    assert await rest(open_one) == b""
    assert proxy.resets == 1
    await proxy.heal()
    again = await connect(proxy)
    assert await say(again, b"again\n") == b"again\n"
    again[1].close()


@pytest.mark.parametrize(("direction", "arrived"), [("up", []), ("down", [b"kept\n"])])
async def test_what_is_held_arrives_when_it_is_released(
    proxy: FaultProxy, echo: Echo, direction: str, arrived: list[bytes]
) -> None:
    ends = await connect(proxy)
    proxy.hold("up" if direction == "up" else "down")
    answer = asyncio.create_task(say(ends, b"kept\n"))
    await until(lambda: echo.lines == arrived)
    done, _ = await asyncio.wait([answer], timeout=0.05)
    assert not done
    assert echo.lines == arrived
    proxy.release()
    assert await answer == b"kept\n"
    ends[1].close()


async def test_a_black_hole_swallows_words_and_ends_and_is_remembered(
    proxy: FaultProxy, echo: Echo
) -> None:
    talker, leaver, silent = [await connect(proxy) for _ in range(3)]
    for ends in (talker, leaver, silent):
        await say(ends, b"hello\n")
    proxy.black_hole()
    talker[1].write(b"lost\n")
    leaver[1].close()
    done, _ = await asyncio.wait([asyncio.create_task(talker[0].readline())], timeout=0.05)
    assert not done
    assert (echo.lines, echo.ends) == ([b"hello\n"] * 3, 0)
    await proxy.heal()
    await until(lambda: echo.ends == 2)
    assert await say(silent, b"untouched\n") == b"untouched\n"
    for ends in (talker, silent):
        ends[1].close()


@pytest.mark.parametrize("count", [1, 7, 10_000, 100_000])
async def test_a_cut_lets_exactly_so_many_bytes_pass(proxy: FaultProxy, count: int) -> None:
    ends = await connect(proxy)
    await say(ends, b"before\n")
    proxy.cut_after(count)
    ends[1].writelines([b"x" * 999 + b"\n"] * 150)
    received = await rest(ends)
    assert len(received) == count
    assert not proxy.is_armed
    other = await connect(proxy)
    assert await say(other, b"whole\n") == b"whole\n"
    other[1].close()


async def test_a_lost_request_never_reaches_the_server(proxy: FaultProxy, echo: Echo) -> None:
    ends = await connect(proxy)
    proxy.lose(b"COMMIT")
    assert await say(ends, b"BEGIN\n") == b"BEGIN\n"
    ends[1].write(b"COM")
    await until(lambda: echo.lines == [b"BEGIN\n"])
    ends[1].write(b"MIT\n")
    assert await rest(ends) == b""
    await until(lambda: echo.ends == 1)
    assert b"COMMIT\n" not in echo.lines


async def test_a_lost_answer_means_that_the_server_has_acted(proxy: FaultProxy, echo: Echo) -> None:
    ends = await connect(proxy)
    proxy.lose_answer(b"COMMIT", answer=b"done")
    assert await say(ends, b"BEGIN\n") == b"BEGIN\n"
    ends[1].write(b"COMMIT\n")
    await until(lambda: b"COMMIT\n" in echo.lines)
    assert not proxy.is_armed
    ends[1].write(b"done\n")
    assert await rest(ends) == b""
    assert proxy.resets == 1


async def test_an_abandoned_request_arrives_and_its_answer_does_not(
    proxy: FaultProxy, echo: Echo
) -> None:
    ends = await connect(proxy)
    proxy.abandon(b"COMMIT")
    assert await say(ends, b"BEGIN\n") == b"BEGIN\n"
    ends[1].write(b"COMMIT\n")
    assert await rest(ends) == b""
    await until(lambda: b"COMMIT\n" in echo.lines)
    assert not proxy.is_armed
    assert proxy.resets == 1


async def test_an_answer_can_be_lost_by_its_words(proxy: FaultProxy, echo: Echo) -> None:
    ends = await connect(proxy)
    proxy.lose(b"Created", direction="down")
    ends[1].write(b"201 Created\n")
    assert await rest(ends) == b""
    assert echo.lines == [b"201 Created\n"]


async def test_resets_at_random_are_those_of_the_seed(proxy: FaultProxy) -> None:
    ends = await connect(proxy)
    proxy.reset_at_random(0.05)
    lines = 0
    while await say_or_nothing(ends, b"line\n"):
        lines += 1
    assert lines == 4, "the same seed, the same fate"
    ends[1].close()


async def say_or_nothing(ends: Ends, line: bytes) -> bytes:
    try:
        return await say(ends, line)
    except ConnectionError:
        return b""


async def test_a_server_that_does_not_run_resets_its_clients(proxy: FaultProxy) -> None:
    nobody = FaultProxy(("127.0.0.1", 1))
    async with nobody:
        assert await rest(await connect(nobody)) == b""

"""A conversation that plays again."""

import asyncio
import re

from tests.interfaces.admin.inside.looking import REASON, inside
from tests.interfaces.admin.visitors import Visitor
from tests.interfaces.http.audits import Told, read_by, reads_of
from tests.interfaces.http.house import DEADLINE_SECONDS, House

END = "Played to the end"
STREAM = {"accept": "text/event-stream"}


async def played(person: Visitor, path: str, **headers: str) -> str:
    """The stream up to the end of the conversation."""
    lines: list[str] = []
    async with (
        asyncio.timeout(DEADLINE_SECONDS),
        person.browser.stream("GET", path, headers=STREAM | headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            lines.append(line)
            if not line and END in "".join(lines[-12:]):
                break
    return "\n".join(lines)


def ids(stream: str) -> list[int]:
    return [int(found) for found in re.findall(r"^id: (\d+)$", stream, re.MULTILINE)]


async def test_it_plays_from_a_moment_to_the_end(user: Visitor, seen: Told) -> None:
    stream = await played(user, f"{inside(seen)}/replay?speed=max&after={seen.said}")
    assert ids(stream)[-1] == seen.ended
    assert ids(stream) == sorted(set(ids(stream)))
    assert "yourself" in stream
    assert f"said-{seen.message}" not in stream


async def test_a_page_that_has_nothing_is_given_everything(user: Visitor, seen: Told) -> None:
    stream = await played(user, f"{inside(seen)}/replay?speed=10&after=")
    assert "event: reset" in stream
    assert "Hello ☃" in stream
    assert ids(stream)[0] < seen.asked


async def test_a_connection_that_broke_goes_on_where_it_was(user: Visitor, seen: Told) -> None:
    path = f"{inside(seen)}/replay?speed=max&after={seen.asked}"
    stream = await played(user, path, **{"last-event-id": str(seen.ended - 1)})
    assert "yourself" not in stream
    assert ids(stream) == [seen.ended]


async def test_the_page_plays_from_where_one_was_and_again_from_the_end(
    user: Visitor, seen: Told
) -> None:
    page = await user.page(f"{inside(seen)}/play?position={seen.said}&speed=2")
    assert f"replay?speed=2&amp;after={seen.said}" in page
    again = await user.page(f"{inside(seen)}/play?position={seen.ended}")
    assert (
        f"after={seen.ended}" not in again.partition('id="stream"')[2].partition("data-status")[0]
    )


async def test_a_speed_is_one_of_a_few(user: Visitor, seen: Told) -> None:
    for speed in ("0", "-1", "fast", "nan", "1e9"):
        for page in ("play", "replay"):
            answer = await user.open(f"{inside(seen)}/{page}?speed={speed}")
            assert answer.status_code == 422, (page, speed)


async def test_an_auditors_playback_is_one_look(house: House, reading: Visitor, seen: Told) -> None:
    stream = await played(reading, f"{inside(seen)}/replay?speed=max&after={seen.asked}")
    assert ids(stream)[-1] == seen.ended
    [read] = await reads_of(house, reading.api)
    assert read_by(read)[1:] == (f"thread_replay speed=max&after={seen.asked}", REASON)

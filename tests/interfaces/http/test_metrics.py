"""`/metrics`: what Prometheus reads of a process and of the installation, and never a person's."""

import asyncio
import time
from collections.abc import AsyncGenerator
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from infrastructure.projecting import acts
from tests.infrastructure.event_log.freeze import frozen
from tests.interfaces.http.house import House, eventually, migrated_database, open_house
from tests.servers import FAST, serving

Labels = frozenset[tuple[str, str]]
Metrics = dict[tuple[str, Labels], float]


@pytest.fixture
async def quiet_house(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> AsyncGenerator[House]:
    """Nobody else's requests or runs are in it."""
    database = await migrated_database(postgres)
    async with open_house(database, redis_url=valkey.url) as house:
        yield house


async def scraped(house: House) -> Metrics:
    """As Prometheus reads them, a second after whoever asked before."""
    answer = await house.client(None).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.get((f"threadlog_{name}", frozenset(labels.items())))


async def until(house: House, name: str, wanted: float, **labels: str) -> Metrics:
    found: Metrics = {}

    async def is_so() -> bool:
        nonlocal found
        found = await scraped(house)
        return value(found, name, **labels) == wanted

    await eventually(is_so)
    return found


async def test_requests_are_counted_by_route_method_and_status(quiet_house: House) -> None:
    user = await quiet_house.person()
    started = await user.start()
    for _ in range(3):
        await user.get(f"/v1/threads/{started['thread_id']}")
    await user.http.get("/v1/threads/not-an-id")
    await user.http.get("/v1/nothing/here?key=secret")
    await user.http.request("PROPFIND", "/v1/threads")
    metrics = await scraped(quiet_house)
    requests = partial(value, metrics, "http_requests_total")
    assert requests(route="get_thread", method="GET", status="2xx") == 3
    assert requests(route="get_thread", method="GET", status="4xx") == 1
    assert requests(route="start_thread", method="POST", status="2xx") == 1
    assert requests(route="none", method="GET", status="4xx") == 1
    assert sum(
        count
        for (name, labels), count in metrics.items()
        if name == "threadlog_http_requests_total" and ("method", "other") in labels
    )
    seconds = partial(value, metrics, "http_request_seconds_count")
    assert seconds(route="get_thread", method="GET") == 4


async def test_open_event_streams_are_counted_and_their_lives_are_no_durations(
    quiet_house: House,
) -> None:
    user = await quiet_house.person()
    started = await user.start()
    path = f"/v1/threads/{started['thread_id']}/events"
    headers = {"Accept": "text/event-stream"}
    async with user.http.stream("GET", path, headers=headers) as stream:
        assert stream.status_code == 200
        assert value(await scraped(quiet_house), "event_streams") == 1
    metrics = await until(quiet_house, "event_streams", 0)
    counted = {"route": "get_events", "method": "GET"}
    assert value(metrics, "http_requests_total", **counted, status="2xx") == 1
    assert value(metrics, "http_request_seconds_count", **counted) is None


async def test_the_read_models_and_what_is_open_are_told(quiet_house: House) -> None:
    user = await quiet_house.person()
    await user.start()
    last = await quiet_house.last_position()
    metrics = await until(quiet_house, "projection_position", last, projection="record")
    assert value(metrics, "database_up") == 1
    assert value(metrics, "projector_leads") == 1
    assert value(metrics, "log_position") == last
    assert value(metrics, "projection_lag_events", projection="record") == 0
    assert value(metrics, "projection_lag_seconds", projection="record") == 0
    assert value(metrics, "projection_stopped", projection="record") == 0
    assert value(metrics, "open_runs", kind="completion", state="waiting") == 1
    assert value(metrics, "open_runs", kind="tool", state="waiting") == 0
    assert value(metrics, "workers_alive") == 0
    await acts.pause(quiet_house.url, "record", actor="test")
    await user.start()
    metrics = await until(quiet_house, "projection_paused", 1, projection="record")
    assert (value(metrics, "projection_lag_events", projection="record") or 0) > 0
    assert (value(metrics, "projection_lag_seconds", projection="record") or 0) > 0
    readiness = (await quiet_house.client(None).get("/readyz")).json()
    assert (readiness["status"], readiness["checks"]["projector"]) == (
        "degraded",
        "record is paused",
    )


async def test_nothing_of_a_person_is_in_it(quiet_house: House) -> None:
    user = await quiet_house.person()
    started = await user.start("a word of mine")
    await user.http.get(f"/v1/threads/{started['thread_id']}")
    text = (await quiet_house.client(None).get("/metrics")).text
    for theirs in (user.key, str(user.id), *map(str, started.values()), "a word of mine"):
        assert len(theirs) < 4 or theirs not in text


async def test_without_the_database_it_tells_the_rest_in_time(
    postgres_major: int, valkey: EmbeddedValkey
) -> None:
    with serving(partial(EmbeddedPostgres, major=postgres_major, settings=FAST)) as own:
        database = await migrated_database(own)
        async with open_house(database, redis_url=valkey.url) as house:
            async with frozen(own):
                began = time.monotonic()
                metrics = await asyncio.wait_for(until(house, "database_up", 0), 10)
                assert time.monotonic() - began < 6
            assert value(metrics, "log_position") is None
            assert value(metrics, "event_streams") == 0
            await until(house, "database_up", 1)

"""The published test classes of the library `eventsourcing`, run on our recorders."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from eventsourcing.persistence import AggregateRecorder, Tracking, TrackingRecorder
from eventsourcing.tests import application as application_tests
from eventsourcing.tests import persistence as persistence_tests
from eventsourcing.tests import projection as projection_tests
from eventsourcing.utils import Environment

from infrastructure.event_sourcing import (
    Factory,
    LogApplicationRecorder,
    LogProcessRecorder,
    LogTrackingRecorder,
    TableRecorder,
)
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_sourcing.databases import Databases

MODULE = "infrastructure.event_sourcing"


class OnOurLog:
    """Each test starts on an empty log: the library's classes expect positions from 1."""

    env: dict[str, str]

    @pytest.fixture(autouse=True)
    def empty_log(self, log: LogDatabase) -> Iterator[None]:
        self.env = {"PERSISTENCE_MODULE": MODULE, "THREADLOG_DATABASE_URL": log.url}
        self.factories: list[Factory] = []
        yield
        for factory in self.factories:
            factory.close()

    def factory(self) -> Factory:
        factory = Factory(self.env)
        self.factories.append(factory)
        return factory


class TestAggregateRecorder(OnOurLog, persistence_tests.AggregateRecorderTestCase):
    def create_recorder(self) -> AggregateRecorder:
        return self.factory().aggregate_recorder("snapshots")


class TestApplicationRecorder(
    OnOurLog, persistence_tests.ApplicationRecorderTestCase[LogApplicationRecorder]
):
    def create_recorder(self) -> LogApplicationRecorder:
        return self.factory().application_recorder()

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingPositions(
    OnOurLog, persistence_tests.NonInterleavingNotificationIDsBaseCase
):
    def create_recorder(self) -> LogApplicationRecorder:
        return self.factory().application_recorder()


class TestTrackingRecorder(OnOurLog, persistence_tests.TrackingRecorderTestCase):
    def create_recorder(self) -> TrackingRecorder:
        return self.factory().tracking_recorder()


class TestProcessRecorder(OnOurLog, persistence_tests.ProcessRecorderTestCase):
    def create_recorder(self) -> LogProcessRecorder:
        return self.factory().process_recorder()


class TestProcessRecorderAsApplicationRecorder(TestApplicationRecorder):
    def create_recorder(self) -> LogProcessRecorder:
        return self.factory().process_recorder()


class OtherTrackingRecorder(LogTrackingRecorder):
    pass


class TestFactory(OnOurLog, persistence_tests.InfrastructureFactoryTestCase[Factory]):
    def setUp(self) -> None:
        self.env = Environment(env=self.env)
        super().setUp()

    def expected_factory_class(self) -> type[Factory]:
        return Factory

    def expected_aggregate_recorder_class(self) -> type[AggregateRecorder]:
        return TableRecorder

    def expected_application_recorder_class(self) -> type[LogApplicationRecorder]:
        return LogApplicationRecorder

    def expected_tracking_recorder_class(self) -> type[TrackingRecorder]:
        return LogTrackingRecorder

    def tracking_recorder_subclass(self) -> type[TrackingRecorder]:
        return OtherTrackingRecorder

    def expected_process_recorder_class(self) -> type[LogProcessRecorder]:
        return LogProcessRecorder


class TestExampleApplication(OnOurLog, application_tests.ExampleApplicationTestCase):
    expected_factory_topic = f"{MODULE}.factory:Factory"

    def setUp(self) -> None:
        os.environ.update(self.env)

    def tearDown(self) -> None:
        for name in self.env:
            del os.environ[name]


class Counters(LogTrackingRecorder, projection_tests.EventCountersView):
    """A view as the library's tests want it: two counters, changed together with the position."""

    def create_table(self) -> None:
        super().create_table()
        self.log.create(
            "CREATE TABLE IF NOT EXISTS eventsourcing.counters (name text PRIMARY KEY, n bigint)"
        )

    def get_created_event_counter(self) -> int:
        return self._count("created")

    def get_subsequent_event_counter(self) -> int:
        return self._count("subsequent")

    def incr_created_event_counter(self, tracking: Tracking) -> None:
        self._increment("created", tracking)

    def incr_subsequent_event_counter(self, tracking: Tracking) -> None:
        self._increment("subsequent", tracking)

    def _count(self, name: str) -> int:
        rows = self.query("SELECT n FROM eventsourcing.counters WHERE name = $1", name)
        return rows[0][0] if rows else 0

    def _increment(self, name: str, tracking: Tracking) -> None:
        self.record(
            tracking,
            "INSERT INTO eventsourcing.counters AS c VALUES ($1, 1)"
            " ON CONFLICT (name) DO UPDATE SET n = c.n + 1",
            name,
        )


class TestView(OnOurLog, projection_tests.EventCountersViewTestCase):
    def construct_event_counters_view(self) -> Any:
        return self.factory().tracking_recorder(Counters)


class TestProjectionRunner(OnOurLog, projection_tests.AggregateEventCountersProjectionTestCase):
    view_class = Counters


class TestEventSourcedProjection(OnOurLog, projection_tests.EventSourcedProjectionTestCase):
    @pytest.fixture(autouse=True)
    def second_log(self, empty_log: None, databases: Databases) -> None:
        """What it writes must not be in the sequence that it follows, and ours is one for all."""
        self.env["COUNTERS_THREADLOG_DATABASE_URL"] = databases.empty("counters").url

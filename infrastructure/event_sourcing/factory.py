"""What the library finds through PERSISTENCE_MODULE."""

from typing import TypeVar

from eventsourcing.persistence import (
    AggregateRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic, strtobool

from infrastructure.event_log.connection import RUNTIME
from infrastructure.event_sourcing.application import LogApplicationRecorder
from infrastructure.event_sourcing.log import Log
from infrastructure.event_sourcing.process import LogProcessRecorder
from infrastructure.event_sourcing.table import TableRecorder
from infrastructure.event_sourcing.tracking import LogTrackingRecorder

R = TypeVar("R", bound=LogTrackingRecorder)
DATABASE_URL = "THREADLOG_DATABASE_URL"
DATABASE_ROLE = "THREADLOG_DATABASE_ROLE"


class Factory(InfrastructureFactory[LogTrackingRecorder]):
    """Recorders on the log at THREADLOG_DATABASE_URL, which is migrated already.

    They work as the role THREADLOG_DATABASE_ROLE (default: threadlog_runtime); to read, SELECT on
    the log is enough. Snapshots and positions are kept in the schema `eventsourcing`, which an
    administrator makes; its tables are made here unless CREATE_TABLE is off.
    """

    def __init__(self, env: Environment | EnvType | None = None) -> None:
        super().__init__(env)
        url = self.env.get(DATABASE_URL)
        if not url:
            raise InfrastructureFactoryError(f"{DATABASE_URL} is not set")
        self.log = Log(url, role=self.env.get(DATABASE_ROLE) or RUNTIME)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """A table beside the log; the library asks for it when snapshots are on."""
        recorder = TableRecorder(self.log, purpose=f"{self._name()}_{purpose}")
        if self._creates_tables():
            recorder.create_table()
        return recorder

    def application_recorder(self) -> LogApplicationRecorder:
        """The log."""
        return LogApplicationRecorder(self.log, name=self._name())

    def process_recorder(self) -> LogProcessRecorder:
        """The log, with the positions of an application that follows another."""
        return self._with_table(LogProcessRecorder(self.log, name=self._name()))

    def tracking_recorder(
        self, tracking_recorder_class: type[LogTrackingRecorder] | None = None
    ) -> LogTrackingRecorder:
        """The positions of a projection; a subclass has its view as well."""
        topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
        chosen = tracking_recorder_class or (resolve_topic(topic) if topic else LogTrackingRecorder)
        return self._with_table(chosen(self.log, name=self._name()))

    def close(self) -> None:
        """End all recorders and subscriptions of this factory. Safe to repeat."""
        if hasattr(self, "log"):  # the library closes even what could not be made
            self.log.close()

    def _with_table(self, recorder: R) -> R:
        if self._creates_tables():
            recorder.create_table()
        return recorder

    def _name(self) -> str:
        return self.env.name.lower() or "application"

    def _creates_tables(self) -> bool:
        return strtobool(self.env.get("CREATE_TABLE", "yes"))

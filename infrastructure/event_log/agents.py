"""What the workers have said last of their agents, out of the log."""

from typing import cast

from domain.agent_events import AgentsDescribed
from domain.ids import agents_stream
from domain.recorded import Recorded
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.reader import LogReader


async def last_described(reader: LogReader) -> Recorded[AgentsDescribed] | None:
    """None: no worker has ever said anything.

    Raises LogUnavailable, and UnknownEvent where a worker of a newer version has said it.
    """
    entry = await reader.last_of_stream(agents_stream())
    if entry is None:
        return None
    return cast("Recorded[AgentsDescribed]", Codec().decode(entry))

"""Events that the read tables pass over, because operators have decided so."""

from domain.ids import projection_stream
from infrastructure.audit.log import AuditedLog
from infrastructure.event_log.codec import Codec
from infrastructure.projecting.follower import skipped_by
from projections.record import RECORD


async def skipped_positions(log: AuditedLog) -> frozenset[int]:
    """Their positions, as the log has them now. A live one raises LogUnavailable."""
    stream = await log.read_stream(projection_stream(RECORD.name))
    return skipped_by(stream, RECORD, codec=Codec())

"""One batch of events into the tables of a projection: all of it, once."""

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from projections import checkpoints
from projections.checkpoints import Checkpoint
from projections.projection import Batch, Poisoned, Projection
from projections.rows import Rows
from projections.slots import SCHEMAS, write_in


async def apply(
    connection: AsyncConnection,
    projection: Projection,
    batch: Batch,
    *,
    copy: Checkpoint,
    after: int,
    through: int,
) -> None:
    """Change a copy's rows as the events say and move its checkpoint from `after` to `through`.

    The caller commits. Raises CheckpointMoved where the checkpoint is not at `after`, and Poisoned
    where an event cannot be applied.
    """
    await checkpoints.advance(connection, copy, after=after, through=through)
    await write_in(connection, SCHEMAS[copy.slot])
    await write_rows(connection, projection, batch)


async def write_rows(connection: AsyncConnection, projection: Projection, batch: Batch) -> None:
    """The same without a checkpoint, in the schema that the connection writes in."""
    rows = Rows()
    async with AsyncSession(connection, autoflush=False) as session:
        await projection.load(rows, session, batch)
    for recorded in batch:
        try:
            projection.change(rows, recorded)
        except Exception as error:
            raise Poisoned(recorded.position, f"{type(error).__name__}: {error}") from error
    await rows.save(connection)

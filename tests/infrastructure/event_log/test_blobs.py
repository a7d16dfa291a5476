"""Bytes beside the log: kept once for each owner, found by what they are."""

import hashlib
from uuid import uuid4

from infrastructure.event_log import LogReader, PostgresBlobStore
from infrastructure.event_log.connection import connected
from tests.infrastructure.event_log.databases import LogDatabase


async def test_what_is_put_is_found_by_its_owner_and_by_nobody_else(reader: LogReader) -> None:
    blobs, owner, content = PostgresBlobStore(reader.database), uuid4(), b"\x00\xff" * 1000
    sha256 = await blobs.put(owner, content, media_type="image/png")
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert await blobs.get(owner, sha256) == content
    assert await blobs.get(uuid4(), sha256) is None
    assert await blobs.get(owner, "0" * 64) is None


async def test_putting_again_changes_nothing_in_this_process_or_another(
    reader: LogReader, database: LogDatabase
) -> None:
    owner = uuid4()
    for blobs in (PostgresBlobStore(reader.database), PostgresBlobStore(reader.database)):
        for media_type in ("text/plain", "text/markdown"):
            await blobs.put(owner, b"the same", media_type=media_type)
    async with connected(database.owner_url) as superuser:
        rows = await superuser.fetch("SELECT media_type FROM threadlog.blobs")
    assert [row[0] for row in rows] == ["text/plain"]


async def test_what_this_process_has_written_is_not_sent_again(database: LogDatabase) -> None:
    owner = uuid4()
    async with LogReader(database.url) as reader:
        blobs = PostgresBlobStore(reader.database)
        await blobs.put(owner, b"tools", media_type="application/json")
        async with connected(database.owner_url) as superuser, superuser.transaction():
            await superuser.execute("LOCK TABLE threadlog.blobs")  # who writes now, waits
            await blobs.put(owner, b"tools", media_type="application/json")

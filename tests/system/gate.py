"""A gate on the way to a server: open, shut as if the server were gone, or silent."""

import asyncio
from pathlib import Path


class Gate:
    """Passes on what comes to the unix socket `path` to the one at `server`, while it is open."""

    def __init__(self, path: Path, *, server: str) -> None:
        self.path = path
        self._server = server
        self._listener: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._passing = asyncio.Event()
        self._passing.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """The server is there, or is there again."""
        if self._listener is None:
            self._listener = await asyncio.start_unix_server(self._accept, str(self.path))
        self._passing.set()

    async def shut(self) -> None:
        """The server is gone: connections break, and nobody answers new ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._passing.set()
        for end in list(self._ends):
            end.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.path.unlink(missing_ok=True)

    def freeze(self) -> None:
        """The server takes connections and says nothing any more."""
        self._passing.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_unix_connection(self._server)
        self._ends |= {writer, server_writer}
        for source, sink in ((reader, server_writer), (server_reader, writer)):
            task = asyncio.create_task(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(1 << 16):
                await self._passing.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._ends.discard(sink)
            sink.transport.abort()

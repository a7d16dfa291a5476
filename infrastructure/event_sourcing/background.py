"""An event loop on a thread of its own, for callers that block."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError
from typing import Any, TypeVar

from eventsourcing.persistence import InterfaceError

T = TypeVar("T")
LAST_SECONDS = 10.0


class RecorderIsClosed(InterfaceError):
    """The recorder is closed."""


class BackgroundLoop:
    """Runs coroutines for any number of threads; a daemon, so it keeps no process alive."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="event-log", daemon=True)
        self._gate = threading.RLock()  # a garbage collection may come while it is held
        self._closed = False
        self._thread.start()

    def _serve(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for the coroutine's answer. Raises RecorderIsClosed when the loop was closed."""
        with self._gate:
            if self._closed:
                coroutine.close()
                raise RecorderIsClosed("the recorder is closed")
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except CancelledError:
            raise RecorderIsClosed("the recorder was closed") from None

    def post(self, callback: Callable[..., object], *arguments: object) -> None:
        """Have it called on the loop, without waiting; nothing happens when that was closed."""
        with self._gate:
            if not self._closed:
                self._loop.call_soon_threadsafe(callback, *arguments)

    def close(self, farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run this, cancel what is left, and end. Safe to repeat.

        A garbage collection may call it on the loop's own thread, which then must not wait.
        """
        with self._gate:
            if self._closed:
                return
            self._closed = True
            asyncio.run_coroutine_threadsafe(self._end(farewell), self._loop)
        if threading.current_thread() is not self._thread:
            self._thread.join(LAST_SECONDS)

    async def _end(self, farewell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            await farewell()
        finally:
            left = asyncio.all_tasks() - {asyncio.current_task()}
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self._loop.stop()

"""A conversation played again as it went out: the patches of the live stream at the log's times."""

import asyncio
from dataclasses import dataclass, field

from infrastructure.relay.frames import is_public
from interfaces.admin.conversation.patches import Patch
from interfaces.admin.conversation.shown import Shown
from interfaces.admin.inside.moment import playhead_of
from interfaces.admin.inside.tape import Cue, Tape
from interfaces.admin.live.frames import BEAT, CONNECTED, Frames, batch_bytes, frame_bytes
from interfaces.admin.pages import render
from interfaces.http.audit_reading import Reading

TELL_SECONDS = 0.1  # the page is written to so often
REST_SECONDS = 3600.0
BEGIN = b": threadlog\nretry: 1000\n\n" + frame_bytes(CONNECTED)
SILENCE = frame_bytes(BEAT)


@dataclass
class Playback:
    """One for each connection, which goes on after the event that `shown` has come to."""

    tape: Tape
    shown: Shown
    speed: float | None  # times as fast as it was; None: as fast as it can be read
    is_fresh: bool  # the page has nothing yet
    sees_all: bool
    viewer: str
    _frames: Frames = field(default_factory=Frames)
    _cue: Cue | None = None  # the last event that the reader may see
    _is_untold: bool = False
    _told_at: float = 0.0

    async def play(self, reading: Reading) -> None:
        """To the end, and then in silence, so that the browser does not come again."""
        await reading.write(BEGIN)
        if self.is_fresh:
            await self._write(reading, self.shown.everything())
        began: float | None = None
        after = self.shown.conversation.position
        async for cue in self.tape.cues(reading, after=after):
            if self.speed is not None:
                due = cue.due / self.speed
                began = reading.clock() - due if began is None else began
                await self._wait(reading, until=began + due)
            elif reading.clock() >= self._told_at + TELL_SECONDS:
                await self._tell(reading)
                await asyncio.sleep(0)
            self._hear(cue)
        await self._tell(reading, is_over=True)
        while True:
            await reading.wait_until(reading.clock() + REST_SECONDS)

    def _hear(self, cue: Cue) -> None:
        if cue.event is not None:
            self.shown.conversation.apply(cue.event)
        if self.sees_all or is_public(cue.entry):
            self._cue = cue
        self._is_untold = True

    async def _wait(self, reading: Reading, *, until: float) -> None:
        """The page is told what was heard, unless the next event comes at once."""
        now = reading.clock()
        if until > now:
            if max(until - now, now - self._told_at) >= TELL_SECONDS:
                await self._tell(reading)
            await reading.wait_until(until)

    async def _tell(self, reading: Reading, *, is_over: bool = False) -> None:
        if not self._is_untold and not is_over:
            return
        patches = self.shown.patches()
        if self._cue is not None:
            patches.append(self._playhead(self._cue, is_over=is_over))
        self._is_untold, self._told_at = False, reading.clock()
        await self._write(reading, patches)

    async def _write(self, reading: Reading, patches: list[Patch]) -> None:
        frames = self._frames.of(patches, cause="swap")
        position = self.shown.conversation.position
        await reading.write(batch_bytes(frames, position=position))

    def _playhead(self, cue: Cue, *, is_over: bool) -> Patch:
        playhead = playhead_of(cue.entry, sees_all=self.sees_all, viewer=self.viewer)
        html = render(
            "inside/playhead.html",
            playhead=playhead,
            thread_id=self.tape.thread_id,
            is_playing=True,
            is_over=is_over,
        )
        return Patch("replace", "playhead", html)

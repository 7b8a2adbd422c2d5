"""Who is shown which quality: rungs are built when someone needs them, viewers moved between them, rungs stopped when
not.

What is wanted (a level for each connection) is set at once; `reconcile` then makes it so. Lives on the asyncio thread;
only `push_raw` and `push_own` are called on a source's thread.
"""

import asyncio

from .. import log
from ..camera.modes import Mode
from ..encode import remembered
from ..encode.broadcast import NOTHING, Totals
from ..encode.decoder import Decoder
from ..encode.encoders import Encoder
from ..encode.keyframes import KeyframeLimiter
from ..encode.rung import OwnH264, Rung
from ..gst import Clockwork
from ..program.metrics import Level as LevelFacts
from ..server.protocol import PreviewError, Quality
from .feed import Feed
from .ladder import levels_for

# An encoder that fails, or is given frames and makes none for HUNG_S, is built again; less and less often.
REBUILD_S = 0.5
LONGEST_REBUILD_S = 10.0
HUNG_S = 3.0
STOP_S = 2.0
# Each keeps one of the threads that may block.
MOST_HANGING = 3
# So many failures one after the other are more than a hiccup.
FAILURES = 5


class Watcher:
    """One connection: what it is sent, and what it should be sent."""

    def __init__(self, connection, encoder: Encoder, feed: Feed) -> None:
        self.connection = connection
        self.encoder = encoder
        self.feed = feed
        self.level = 0
        #: What it is being sent cannot arrive in time: nothing until it is moved.
        self.is_paused = False
        #: Its page wants nothing for now.
        self.is_suspended = False


class Distribution:
    """`on_moved(connection)` is called when another level has reached a connection."""

    def __init__(self, options, clockwork: Clockwork, post, run_blocking, on_moved) -> None:
        self._keyframe_interval = options.keyframe_interval
        self._clockwork = clockwork
        self._post = post
        self._run_blocking = run_blocking
        self._on_moved = on_moved
        self._loop = asyncio.get_running_loop()
        self._lock = asyncio.Lock()
        self._watchers: dict[object, Watcher] = {}
        self._expected: dict[object, Encoder] = {}  # connections that are being set up
        self._rungs: dict[tuple[int, str], Rung | OwnH264] = {}
        self._limiters: dict[object, KeyframeLimiter] = {}
        self._failures = 0  # of encoders, one after the other
        self._hanging = 0  # that did not stop in time
        self._fed: tuple[Rung, ...] = ()  # those that raw frames go to
        self._own: OwnH264 | None = None
        self._decoder: Decoder | None = None
        self._caps = None
        self._is_open = False
        self._is_scheduled = False  # to reconcile, which has not begun
        self._kbps = options.bitrate
        self.mode: Mode | None = None
        self.levels: tuple = ()
        self._targets: dict[int, int] = {}  # kbit/s by level, where it is not the level's most
        #: Called with the levels of another mode or bitrate, before anything is built for them.
        self.on_levels = lambda levels: None
        self._former: dict[int, Totals] = {}  # by level: what rungs that are gone have made

    # ---- the source's side --------------------------------------------------------------------------------------

    async def open(self, mode: Mode, own_h264: bool) -> None:
        """From now on frames of this mode come; with `own_h264` encoded already. Whatever ran before is replaced."""
        async with self._lock:
            await self._stop_everything()
            self.mode, self._caps = mode, None
            self.levels = levels_for(mode, self._kbps)
            self._own = OwnH264(self.levels[0]) if own_h264 else None
            self._is_open = True
            self._targets = {}
            await self._place_all()

    async def close(self) -> None:
        """Nothing more comes: no encoder runs on."""
        async with self._lock:
            self._is_open = False
            await self._stop_everything()

    @property
    def is_open(self) -> bool:
        """Frames come, or are about to."""
        return self._is_open

    @property
    def is_own_h264(self) -> bool:
        return self._own is not None

    async def set_bitrate(self, kbps: int) -> None:
        """Full quality's bitrate from now on; the other levels follow. No encoder is started anew."""
        async with self._lock:
            self._kbps = kbps
            if not self.mode:
                return
            self.levels = levels_for(self.mode, kbps)
            await self._stop_rungs([key for key in self._rungs if key[0] >= len(self.levels)])
            self._targets = {}
            for rung in self._rungs.values():
                rung.level = self.levels[rung.level.number]
                rung.set_kbps(rung.level.max_kbps)
            await self._place_all()

    async def _place_all(self) -> None:
        """Everybody where they belong among new levels."""
        for watcher in self._watchers.values():
            watcher.level, watcher.is_paused = 0, False
        self.on_levels(self.levels)
        if self._is_open:
            await self._reconcile()

    def set_caps(self, caps) -> None:
        """What the raw frames to come are."""
        self._caps = caps
        for rung in self._fed:
            rung.set_caps(caps)

    def push_raw(self, buffer) -> None:
        for rung in self._fed:
            rung.push_raw(buffer)

    def push_own(self, buffer, is_keyframe: bool) -> None:
        own = self._own
        if own:
            own.publish(buffer, is_keyframe)

    # ---- the viewers' side --------------------------------------------------------------------------------------

    def expect(self, connection, encoder: Encoder) -> None:
        """Has full quality ready for a connection that is being set up; `add` or `remove` ends that."""
        self._expected[connection] = encoder
        self._schedule()

    def have_keyframe(self, connection) -> None:
        """An expected connection will be there before long: it shall find a keyframe to begin with."""
        encoder = self._expected.get(connection)
        rung = encoder and self._rungs.get((0, encoder.codec))
        if rung and rung.out.known_since is None:
            self._ask_keyframe(rung)

    def add(self, connection, encoder: Encoder, is_suspended: bool = False) -> None:
        """The connection is up: frames from now on, or as soon as there are some, or not before `resume`."""
        self._expected.pop(connection, None)
        feed = Feed(connection.push, connection.begin_anew, self._post_moved(connection))
        watcher = self._watchers[connection] = Watcher(connection, encoder, feed)
        watcher.is_suspended = is_suspended
        rung = self._rungs.get(self._key(watcher))
        if rung and not is_suspended:
            self._show(watcher, rung)
        else:
            self._schedule()

    def remove(self, connection) -> None:
        expected = self._expected.pop(connection, None)
        watcher = self._watchers.pop(connection, None)
        if watcher:
            watcher.feed.end()
        if watcher or expected:
            self._schedule()

    def move(self, connection, level: int) -> None:
        """From the next keyframe of this level on it gets that; until then what it got, unless it is paused."""
        watcher = self._watchers.get(connection)
        if watcher and (watcher.level != level or watcher.is_paused):
            watcher.level, watcher.is_paused = level, False
            self._schedule()

    def place(self, connection, level: int) -> None:
        """The same for when everything is built anew."""
        watcher = self._watchers.get(connection)
        if watcher:
            watcher.level = level

    def pause(self, connection) -> None:
        """Sends it nothing until it is moved."""
        watcher = self._watchers.get(connection)
        if watcher and not watcher.is_paused:
            watcher.is_paused = True
            watcher.feed.pause()
            connection.pause()

    def suspend(self, connection) -> None:
        """Sends it nothing until `resume`, and keeps nothing running for it."""
        watcher = self._watchers.get(connection)
        if watcher and not watcher.is_suspended:
            watcher.is_suspended = True
            watcher.feed.suspend()
            connection.pause()
            self._schedule()

    def resume(self, connection, level: int) -> None:
        """Sends it this level, from a keyframe on, as soon as there is one."""
        watcher = self._watchers.get(connection)
        if watcher and watcher.is_suspended:
            watcher.level, watcher.is_paused, watcher.is_suspended = level, False, False
            rung = self._rungs.get(self._key(watcher))
            if rung:
                self._show(watcher, rung)
            self._schedule()

    def set_kbps(self, level: int, kbps: int) -> None:
        self._targets[level] = kbps
        for rung in self._rungs.values():
            if rung.level.number == level:
                rung.set_kbps(kbps)

    def request_keyframe(self, connection) -> None:
        watcher = self._watchers.get(connection)
        if watcher and watcher.feed.target:
            self._force(watcher.feed.target)

    def rung_of(self, connection) -> Rung | OwnH264 | None:
        """What it is being sent."""
        watcher = self._watchers.get(connection)
        return watcher.feed.rung if watcher else None

    def quality_of(self, connection, link_kbps: float | None) -> Quality | None:
        """What it is being sent, for its page."""
        rung = self.rung_of(connection)
        if not rung:
            return None
        level = rung.level
        return Quality(
            level=level.number,
            levels=len(self.levels),
            width=level.width,
            height=level.height,
            fps=level.fps,
            kbps=rung.kbps,
            link_kbps=link_kbps,
            reason='link' if level.number else 'full',
        )

    def level_of(self, connection) -> int:
        watcher = self._watchers.get(connection)
        return watcher.level if watcher else 0

    def facts(self) -> dict[int, LevelFacts]:
        """Each level's figures, for the metrics."""
        numbers = {*self._former, *(number for number, _ in self._rungs)}
        return {number: self._facts_of(number) for number in numbers}

    def _facts_of(self, number: int) -> LevelFacts:
        rungs = [rung for (level, _), rung in self._rungs.items() if level == number]
        totals = sum((rung.out.totals for rung in rungs), self._former.get(number, NOTHING))
        encode_ms = [ms for rung in rungs if (ms := rung.encode_ms()) is not None]
        return LevelFacts(
            viewers=sum(watcher.level == number for watcher in self._active()),
            frames_total=totals.frames,
            keyframes_total=totals.keyframes,
            bytes_total=totals.bytes,
            encode_s=max(encode_ms) / 1000 if encode_ms else None,
        )

    def health(self) -> str | None:
        """What a restart may mend: encoders that hang, or fail again and again."""
        if self._hanging >= MOST_HANGING:
            return 'The video encoder hangs.'
        return 'The video encoder fails again and again.' if self._failures >= FAILURES else None

    def check_encoders(self) -> None:
        """Once a second: an encoder that is given frames and makes none has hung."""
        silent = [rung for rung in self._fed if rung.waiting_s() > HUNG_S]
        for rung in silent:
            self._on_error(rung, PreviewError('sender_failed', f'The encoder made no picture for {HUNG_S:g} s.'))
        if self._fed and all(rung.newest_pts is not None and rung.waiting_s() == 0 for rung in self._fed):
            self._failures = 0

    def refresh(self) -> None:
        """Another picture altogether: begin it with a keyframe."""
        for rung in self._rungs.values():
            self._force(rung)

    # ---- making it so -------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.ensure_future(self.reconcile())

    async def reconcile(self) -> None:
        async with self._lock:
            self._is_scheduled = False
            if self._is_open:
                await self._reconcile()

    async def _reconcile(self) -> None:
        await self._build_wanted()
        for watcher in self._active():
            rung = self._rungs.get(self._key(watcher))
            if rung and watcher.feed.target is not rung and not watcher.is_paused:
                self._show(watcher, rung)
            watcher.feed.drop_unneeded()
        needed = {rung for watcher in self._watchers.values() for rung in watcher.feed.rungs()}
        wanted = self._wanted()
        unneeded = [key for key, rung in self._rungs.items() if rung not in needed and key not in wanted]
        await self._stop_rungs(unneeded)
        await self._feed_rungs()

    def _key(self, watcher: Watcher) -> tuple[int, str]:
        return (watcher.level, watcher.encoder.codec)

    def _wanted(self) -> dict[tuple[int, str], Encoder]:
        wanted = {(0, encoder.codec): encoder for encoder in self._expected.values()}
        return wanted | {self._key(watcher): watcher.encoder for watcher in self._active()}

    def _active(self) -> list[Watcher]:
        return [watcher for watcher in self._watchers.values() if not watcher.is_suspended]

    async def _build_wanted(self) -> None:
        for key, encoder in self._wanted().items():
            if key in self._rungs:
                continue
            if self._own and key == (0, 'H264'):
                self._rungs[key] = self._own
                continue
            level = self.levels[key[0]]
            try:
                rung = await self._run_blocking(self._build, level, encoder)
            except Exception as reason:
                self._on_error(None, _as_error(reason))
                continue
            self._rungs[key] = rung
            self._fed = (*self._fed, rung)
            # Both may have changed while it was built.
            rung.set_caps(self._caps)
            rung.set_kbps(self._targets.get(level.number, level.max_kbps))
            log.debug('encoder-started', level=level.number, encoder=encoder.factory, kbps=rung.kbps)

    def _build(self, level, encoder: Encoder) -> Rung:
        kbps = self._targets.get(level.number, level.max_kbps)
        rung = Rung(level, encoder, kbps, self._keyframe_interval, self._clockwork, self._post, self._on_error)
        rung.set_caps(self._caps)
        rung.start()
        return rung

    async def _feed_rungs(self) -> None:
        """A camera's own H.264 is decoded while a lower level, or another codec, is made of it."""
        wants_decoder = bool(self._own and self._fed)
        if wants_decoder and not self._decoder:
            try:
                self._decoder = Decoder(self.set_caps, self.push_raw, self._clockwork, self._post, self._on_error)
            except Exception as reason:
                self._on_error(None, _as_error(reason))
                return
            await self._run_blocking(self._decoder.start)
            self._own.out.subscribe(self._decoder.push, catch_up=True)
        elif self._decoder and not wants_decoder:
            await self._stop_decoder()

    async def _stop_decoder(self) -> None:
        decoder, self._decoder = self._decoder, None
        if self._own:
            self._own.out.unsubscribe(decoder.push)
        await self._stop_in_time(decoder)

    async def _stop_in_time(self, worker) -> None:
        """A driver that hangs must not hold up everybody else."""
        try:
            await asyncio.wait_for(asyncio.shield(self._run_blocking(worker.stop)), STOP_S)
        except asyncio.TimeoutError:
            self._hanging += 1
            log.warning('encoder-stop-hangs', after_s=STOP_S)

    async def _stop_everything(self) -> None:
        await self._stop_rungs(list(self._rungs))
        own, self._own = self._own, None
        if own:
            own.out.clear()

    async def _stop_rungs(self, keys) -> None:
        for key in keys:
            rung = self._rungs.pop(key)
            self._fed = tuple(each for each in self._fed if each is not rung)
            self._limiters.pop(rung, None)
            for watcher in self._watchers.values():
                watcher.feed.drop(rung)
            number = rung.level.number
            self._former[number] = self._former.get(number, NOTHING) + rung.out.totals
            await self._stop_in_time(rung)
        if self._decoder and not self._fed:
            await self._stop_decoder()

    def _show(self, watcher: Watcher, rung) -> None:
        feed = watcher.feed
        if feed.rung is None and not feed.rungs():
            caught_up = feed.begin(rung)
        else:
            feed.move_to(rung)
            caught_up = False
        if not caught_up:
            self._ask_keyframe(rung)

    def _ask_keyframe(self, rung) -> None:
        """Unless one is coming anyway: the first of all, or one that was asked for a moment ago."""
        if rung.newest_pts is not None and not rung.is_making_keyframe:
            self._force(rung)

    def _force(self, rung) -> None:
        if rung not in self._limiters:
            self._limiters[rung] = KeyframeLimiter(rung.force_keyframe, self._loop.time, self._loop.call_later)
        self._limiters[rung].request()

    def _post_moved(self, connection):
        def moved() -> None:
            self._post(self._moved, connection)

        return moved

    def _moved(self, connection) -> None:
        if connection in self._watchers:
            self._schedule()
            self._on_moved(connection)

    def _on_error(self, rung, error: PreviewError) -> None:
        if rung is not None and rung not in self._rungs.values() and rung is not self._decoder:
            return
        self._failures += 1
        remembered.forget()
        wait = min(LONGEST_REBUILD_S, REBUILD_S * 2 ** (self._failures - 1))
        log.error('encoder-failed', code=error.code, message=str(error), next='It is started again.', retry_s=wait)
        self._loop.call_later(wait, lambda: asyncio.ensure_future(self._rebuild(rung)))

    async def _rebuild(self, rung) -> None:
        async with self._lock:
            if not self._is_open:
                return
            if rung is not None and rung is self._decoder:
                await self._stop_decoder()
            await self._stop_rungs([key for key, each in self._rungs.items() if each is rung])
            await self._reconcile()


def _as_error(reason: Exception) -> PreviewError:
    return reason if isinstance(reason, PreviewError) else PreviewError('sender_failed', f'No encoder: {reason!r}')

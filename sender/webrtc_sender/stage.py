"""Everything in front of the encoders: which camera and mode, whether it runs, what is wrong with it.

A camera that is lost while somebody watches is looked for until it is back; meanwhile the slate stands in for it, so no
viewer loses its connection. Lives on the asyncio thread; whatever may block runs through `run_blocking`.
"""

import asyncio
import time

from . import log
from .camera.cameras import Camera, Choice, check_device, choose_camera_mode
from .camera.capture_time import CaptureTime
from .camera.hotplug import CameraWatch
from .camera.modes import Mode, choose_mode, explain_choice, pattern_modes
from .camera.probing import open_camera
from .gst import Clockwork
from .picture.slate import FPS as SLATE_FPS
from .picture.slate import Slate, practise
from .picture.source import CameraSource, DrawnSource, Sink, Source, pattern_source
from .picture.test_pattern import LABEL, prepare_scenery
from .program import memory
from .program.newest import NewestFirst
from .quality.distribution import Distribution
from .server.protocol import PreviewError

# An offer waits this long for the camera's first frame or its refusal. A camera that is missing or busy says so within
# it; one that is only slow does not hold up the connection, which is set up meanwhile.
REFUSAL_S = 0.15
# A change of mode is answered when the camera runs in it, or will not.
CHANGE_S = 3.0
# A camera without a new frame for this long, or for this many frames, is lost: viewers must know within 2 s.
STALL_S = 1.0
STALL_FRAMES = 5
# A camera's first frame may take longer: exposure, a hub that wakes up.
FIRST_FRAME_S = 4.0
CHECK_S = 0.2
# A driver that hangs in closing must not hold up the slate.
CLOSE_S = 1.0


class Stage:
    """`camera` is None for the test pattern. `on_change()` is called when what `describe()` says has changed."""

    def __init__(
        self, options, camera: Camera | None, encoder: str, distribution: Distribution, clockwork: Clockwork, post,
        run_blocking, on_change,
    ):  # fmt: skip
        self._options = options
        self._camera = camera
        #: For people: what makes full quality.
        self.encoder = encoder
        self._distribution = distribution
        self._clockwork = clockwork
        self._post = post
        self._run_blocking = run_blocking
        self._on_change = on_change
        self._lock = asyncio.Lock()
        self._newest = NewestFirst(self._lock)
        self._source: Source | None = None
        self._ready: asyncio.Future | None = None
        self._trusted: asyncio.Future | None = None  # viewers were let in before this one was ready
        self._search: asyncio.Task | None = None
        self._returned = asyncio.Event()
        self._guarding: asyncio.Task | None = None
        self._watch: CameraWatch | None = None
        self._wish = Mode(options.width, options.height, options.fps)
        self.error: PreviewError | None = None
        self.notice: str | None = None
        self.losses = 0
        self._former_frames = 0  # of sources that are gone
        self.mode = self._wish
        self.label = options.label or LABEL
        self._modes = pattern_modes(self.mode)
        if camera:
            self._watch = CameraWatch(camera.device, post, self._on_return, self._on_unplugged)
            self._use(camera)

    def describe(self) -> dict:
        """The Camera of the protocol."""
        message = {
            'label': self.label[:200],
            'modes': [mode.as_message() for mode in self._modes],
            'mode': self.mode.as_message(),
            'encoder': self.encoder,
        }
        if self.error:
            message['error'] = self.error.info()
        if self.notice:
            message['notice'] = self.notice
        return message

    async def prepare(self) -> None:
        """What the first viewer need not wait for: the test pattern's scenery takes 50 ms at 720p."""
        if self._watch:
            await asyncio.gather(self._watch.start(), self._run_blocking(practise))
        else:
            await self._run_blocking(prepare_scenery, self.mode, self.label)

    def _use(self, camera: Camera) -> None:
        self._camera = camera
        if self._watch and not camera.error:
            self._watch.follow(camera.device)
        self.label = camera.label
        self.error = camera.error
        self._modes = camera.offered(self._own_h264)
        if self._modes:
            choice = self._choose(self._wish)
            self.mode, self.notice = choice.camera_mode.mode, choice.notice

    @property
    def _own_h264(self) -> bool:
        return self._options.camera_h264 == 'auto'

    def _choose(self, wish: Mode) -> Choice:
        return choose_camera_mode(self._camera.modes, wish, self._own_h264)

    # ---- running ------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self._source is not None

    @property
    def frames(self) -> int:
        """Of the camera or the test pattern, since the start."""
        source = self._source
        return self._former_frames + (source.frames if source and not self._search else 0)

    async def start(self) -> None:
        """Starts the camera unless it runs; raises what it says when it refuses at once.

        While others see the slate of a lost camera, a newcomer is shown it too.
        """
        async with self._lock:
            if not self._source:
                await self._open()
            ready = self._ready
        await asyncio.wait({ready}, timeout=REFUSAL_S)
        if ready.done():
            ready.result()
        else:
            self._trusted = ready

    async def resume(self) -> None:
        """The same for who has a connection already: a camera that refuses is shown as lost, and looked for."""
        try:
            await self.start()
        except PreviewError as error:
            async with self._lock:
                if not self._source or self._has_refused():
                    await self._lose(error)

    def _has_refused(self) -> bool:
        return self._ready.done() and self._ready.exception() is not None

    async def stop_unless(self, wanted) -> None:
        """Stops the camera, unless `wanted()` by the time that the lock is ours."""
        async with self._lock:
            if self._source and not wanted():
                self._end_search()
                await self._close()
                await self._distribution.close()
                await self._run_blocking(memory.give_back)
                log.info('capture-stopped')

    async def close(self) -> None:
        """The end: nothing is watched any more."""
        await self.stop_unless(lambda: False)
        if self._watch:
            await self._watch.stop()

    async def set_mode(self, wish: Mode) -> Mode:
        """Changes to the nearest mode there is and returns it; while nobody watches it is only remembered.

        A mode in which the camera does not start raises the reason, and the former one comes back. Of many wishes only
        the last counts: one that is overtaken while it waits returns the mode there is, at once. (A burst of 900 made
        900 captures, and who came then waited 10 s.)
        """
        if not await self._newest.turn():
            return self.mode
        try:
            return await self._change_to(wish)
        finally:
            self._lock.release()

    async def set_bitrate(self, kbps: int) -> None:
        """Full quality's bitrate, from now on."""
        async with self._lock:
            await self._distribution.set_bitrate(kbps)

    async def _change_to(self, wish: Mode) -> Mode:
        if not self._modes:
            raise self.error or PreviewError('no_such_mode')
        former = (self._wish, self.mode, self.notice)
        self._wish = wish
        if self._camera:
            choice = self._choose(wish)
            self.mode, self.notice = choice.camera_mode.mode, choice.notice
        else:
            self.mode = choose_mode(self._modes, wish)
            self.notice = explain_choice(self._modes, wish, self.mode, subject='The test pattern')
        if self.mode == former[1]:
            return self.mode
        if not self.running:
            self._on_change()
        elif self._search:
            await self._show_slate(self.error)
            self._on_change()
        else:
            await self._restart_or_go_back(former)
        return self.mode

    async def _restart_or_go_back(self, former) -> None:
        try:
            await self._reopen()
        except PreviewError as error:
            self._wish, self.mode, self.notice = former
            try:
                await self._reopen()
            except PreviewError as still:
                await self._lose(still)
            raise error

    async def _reopen(self) -> None:
        if self._source:
            await self._close()
        await self._open()
        await asyncio.wait({self._ready}, timeout=CHANGE_S)
        if self._ready.done():
            self._ready.result()

    async def _open(self) -> None:
        """Camera and encoders; raises when there is no camera to start."""
        ready = self._ready = self._new_ready()
        try:
            if self._camera and not self._camera.modes:
                self._use(await self._run_blocking(open_camera, self._options.device, self._options.label))
            source = await self._run_blocking(self._build, self._sink(ready))
        except PreviewError as error:
            self._set_error(error)
            raise
        await self._distribution.open(self.mode, source.is_encoded)
        self._source = source
        await self._run_blocking(source.start)
        log.info('capture-started', mode=self.mode, encoder=self.encoder)
        self._begin_guard(source)

    def _new_ready(self) -> asyncio.Future:
        ready = asyncio.get_running_loop().create_future()
        ready.add_done_callback(lambda future: future.cancelled() or future.exception())  # seen, whoever waits for it
        return ready

    def _build(self, sink: Sink) -> Source:
        """The source of the present mode."""
        if not self._camera:
            return pattern_source(self.mode, self.label, self._clockwork, sink)
        check_device(self._camera.device)
        camera_mode = self._choose(self.mode).camera_mode
        return CameraSource(self._camera.device, camera_mode, self._clockwork, sink)

    def _sink(self, ready: asyncio.Future, is_open: bool = True) -> Sink:
        return Sink(
            self._distribution,
            self._post,
            on_ready=lambda: self._on_ready(ready),
            on_error=lambda error: self._on_error(ready, error),
            is_open=is_open,
        )

    async def _close(self) -> None:
        self._former_frames = self.frames
        source, self._source = self._source, None
        source.sink.shut()
        await self._stop_in_time(source)

    async def _stop_in_time(self, source: Source) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(self._run_blocking(source.stop)), CLOSE_S)
        except asyncio.TimeoutError:
            log.warning('camera-close-hangs', after_s=CLOSE_S)

    def _on_ready(self, ready: asyncio.Future) -> None:
        if ready is not self._ready or ready.done():
            return
        ready.set_result(None)
        if not self._search:
            self.error = None
        self._on_change()

    def _on_error(self, ready: asyncio.Future, error: PreviewError) -> None:
        if ready is not self._ready or not self._source:
            return
        if ready.done() or ready is self._trusted:
            self._lose_soon(ready, error)
            return
        ready.set_exception(error)
        self._set_error(error)
        asyncio.ensure_future(self._close_failed(ready))

    async def _close_failed(self, ready: asyncio.Future) -> None:
        async with self._lock:
            if ready is self._ready and self._source:
                await self._close()

    def _set_error(self, error: PreviewError) -> None:
        if not self.error or self.error.info() != error.info():
            log.error('camera-error', code=error.code, message=str(error), next=error.info()['next'])
        self.error = error
        self._on_change()

    # ---- a camera that is lost ----------------------------------------------------------------------------------

    def _begin_guard(self, source: Source) -> None:
        if self._camera:
            self._guarding = asyncio.ensure_future(self._guard(source, self._ready))

    async def _guard(self, source: Source, ready: asyncio.Future) -> None:
        """Notices when a camera says nothing and delivers nothing."""
        started = time.monotonic()
        limit = max(STALL_S, STALL_FRAMES / self.mode.fps)
        while self._source is source:
            await asyncio.sleep(CHECK_S)
            since, patience = (source.newest_at, limit) if source.newest_at else (started, FIRST_FRAME_S)
            silence = time.monotonic() - since
            if silence > patience and self._source is source:
                reason = f'The camera has delivered no picture for {silence:.1f} s.'
                self._lose_soon(ready, PreviewError('camera_failed', reason))
                return

    def _on_unplugged(self) -> None:
        error = PreviewError('camera_missing', f'{self.label} has been unplugged.')
        if not self.running:
            self._camera = Camera(self._camera.device, self._camera.label, (), error)
            self._modes = []
            self._set_error(error)
        else:
            asyncio.ensure_future(self._tell_unplugged(error))

    def _on_return(self) -> None:
        self._returned.set()
        if not self.running:
            asyncio.ensure_future(self._look_again())

    async def _look_again(self) -> None:
        """Nobody watches, but pages are told that the camera is back and what it can do."""
        async with self._lock:
            if self.running:
                return
            try:
                self._use(await self._run_blocking(open_camera, self._camera.device, self._options.label))
            except PreviewError as error:
                log.debug('camera-not-ready', code=error.code, message=str(error))
                return
        log.info('camera-back', camera=self.label)
        self._on_change()

    def _lose_soon(self, ready: asyncio.Future, error: PreviewError) -> None:
        asyncio.ensure_future(self._lose_source(ready, error))

    async def _lose_source(self, ready: asyncio.Future, error: PreviewError) -> None:
        async with self._lock:
            if ready is self._ready and self._source and not self._search:
                await self._lose(error)

    async def _lose(self, error: PreviewError) -> None:
        """The slate takes the camera's place, and the camera is looked for. With the lock."""
        self.losses += 1
        self._set_error(error)
        await self._show_slate(error)
        self._search = asyncio.ensure_future(self._search_camera())

    async def _show_slate(self, error: PreviewError) -> None:
        """With the lock."""
        slate = await self._run_blocking(Slate, self.mode, self.label, error, self._clockwork)
        if self._source:
            await self._close()
        distribution = self._distribution
        if distribution.mode != self.mode or distribution.is_own_h264 or not distribution.is_open:
            await distribution.open(self.mode, own_h264=False)
        self._ready = self._new_ready()
        self._source = DrawnSource(slate, self.mode, self._sink(self._ready), SLATE_FPS)
        self._source.start()
        self._distribution.refresh()

    async def _search_camera(self) -> None:
        """Until the camera delivers again."""
        while True:
            self._returned.clear()
            self._watch.lost()
            await self._returned.wait()
            try:
                camera = await self._run_blocking(open_camera, self._options.device, self._options.label)
                async with self._lock:
                    await self._take_back(camera)
                return
            except PreviewError as error:
                async with self._lock:
                    await self._tell_if_other(error)

    async def _tell_unplugged(self, error: PreviewError) -> None:
        async with self._lock:
            if self._search:
                # It failed first, as a camera does whose cable is being pulled; now it is known why.
                if self.error.code != error.code:
                    await self._tell_if_other(error)
            elif self._source:
                await self._lose(error)

    async def _tell_if_other(self, error: PreviewError) -> None:
        """Another reason is another slate: unplugged at first, then busy. With the lock."""
        if error.info() != self.error.info():
            self._set_error(error)
            await self._show_slate(error)

    async def _take_back(self, camera: Camera) -> None:
        """The camera in the slate's place, which stays until the camera's first frame. With the lock."""
        error = self.error
        self._use(camera)
        self.error = error
        ready = self._new_ready()
        sink = self._sink(ready, is_open=False)
        sink.on_ready = lambda: ready.done() or ready.set_result(None)
        sink.on_error = lambda error: ready.done() or ready.set_exception(error)
        source = await self._run_blocking(self._build, sink)
        try:
            await self._run_blocking(source.start)
            await asyncio.wait_for(asyncio.shield(ready), FIRST_FRAME_S)
        except (PreviewError, asyncio.TimeoutError, asyncio.CancelledError) as reason:
            await self._stop_in_time(source)
            if isinstance(reason, asyncio.TimeoutError):
                raise PreviewError('camera_failed', 'The camera starts, but delivers no picture.') from reason
            raise
        await self._close()
        if self._distribution.mode != self.mode or source.is_encoded:
            await self._distribution.open(self.mode, source.is_encoded)
        self._source, self._ready, self._search, self.error = source, ready, None, None
        sink.on_error = lambda error: self._on_error(ready, error)
        sink.open()
        self._distribution.refresh()
        log.info('camera-back', camera=self.label, mode=self.mode)
        self._begin_guard(source)
        self._on_change()

    def _end_search(self) -> None:
        search, self._search = self._search, None
        if search:
            search.cancel()

    # ---- what is known of the pictures --------------------------------------------------------------------------

    def timing(self, rung) -> CaptureTime | None:
        """When the newest frame of this rung was captured; None before the first."""
        source = self._source
        if not source or not rung or rung.newest_pts is None:
            return None
        age_ns = self._clockwork.running_time() - rung.newest_pts
        encode_ms = rung.encode_ms()
        return CaptureTime(
            running_ns=rung.newest_pts,
            unix_ms=time.time() * 1000 - (age_ns - source.assumed_delay_ns) / 1e6,
            encode_ms=encode_ms and max(0.0, encode_ms - source.assumed_delay_ns / 1e6),
            origin=source.origin,
        )

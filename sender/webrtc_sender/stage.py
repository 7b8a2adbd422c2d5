"""Everything in front of the viewers: which camera and mode, whether it runs, what is wrong with it.

Starts and stops the capture, and rebuilds it for another mode; viewers notice no more than a new picture size.
Lives on the asyncio thread; whatever may block runs through `run_blocking`.
"""

import asyncio

from . import log
from .cameras import Camera, check_device, choose_camera_mode
from .capture import Capture, Source
from .encoders import Encoder, Rate
from .gst import Clockwork
from .keyframes import KeyframeLimiter
from .modes import Mode, choose_mode, pattern_modes
from .probing import open_camera
from .protocol import PreviewError
from .test_pattern import LABEL, prepare_scenery

# An offer waits this long for the camera's first frame or its refusal. A camera that is missing or busy says so within
# it; one that is only slow does not hold up the connection, which is set up meanwhile.
REFUSAL_S = 0.15
# A change of mode is answered when the camera runs in it, or will not.
CHANGE_S = 3.0


class Stage:
    """`camera` is None for the test pattern. `on_change()` is called when what `describe()` says has changed."""

    def __init__(
        self, options, camera: Camera | None, encoder: Encoder, clockwork: Clockwork, post, run_blocking, on_change
    ):
        self._options = options
        self._camera = camera
        self._encoder = encoder
        self._clockwork = clockwork
        self._post = post
        self._run_blocking = run_blocking
        self._on_change = on_change
        loop = asyncio.get_running_loop()
        self._keyframes = KeyframeLimiter(self._force_keyframe, loop.time, loop.call_later)
        self._lock = asyncio.Lock()
        self._overtaken: asyncio.Future | None = None  # the newest change of mode that waits for the lock
        self._capture: Capture | None = None
        self._ready: asyncio.Future | None = None
        self._pushes: list = []
        self.error: PreviewError | None = None
        self.mode = Mode(options.width, options.height, options.fps)
        self.label = options.label or LABEL
        self._modes = pattern_modes(self.mode)
        if camera:
            self._use(camera)

    def describe(self) -> dict:
        """The Camera of the protocol."""
        message = {
            'label': self.label[:200],
            'modes': [mode.as_message() for mode in self._modes],
            'mode': self.mode.as_message(),
            'encoder': self._encoder.factory,
        }
        if self.error:
            message['error'] = self.error.info()
        return message

    def prepare(self) -> None:
        """Draws the test pattern's scenery ahead of the first viewer (50 ms at 720p). Blocks."""
        if not self._camera:
            prepare_scenery(self.mode, self.label)

    def _use(self, camera: Camera) -> None:
        self._camera = camera
        self.label = camera.label
        self.error = camera.error
        self._modes = camera.offered()
        if self._modes:
            self.mode = choose_mode(self._modes, self.mode)

    # ---- running ------------------------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self._capture is not None

    async def start(self) -> None:
        """Starts the capture unless it runs; raises what the camera says when it refuses at once."""
        async with self._lock:
            if not self._capture:
                await self._open()
            ready = self._ready
        await asyncio.wait({ready}, timeout=REFUSAL_S)
        if ready.done():
            ready.result()

    async def stop_unless(self, wanted) -> None:
        """Stops the capture, unless `wanted()` by the time that the lock is ours."""
        async with self._lock:
            if self._capture and not wanted():
                await self._close()
                log.info('capture-stopped')

    async def set_mode(self, wish: Mode) -> Mode:
        """Changes to the nearest mode there is and returns it; while nobody watches it is only remembered.

        A mode in which the camera does not start raises the reason, and the former one comes back. Of many wishes only
        the last counts: one that is overtaken while it waits returns the mode there is, at once. (A burst of 900 made
        900 captures, and who came then waited 10 s.)
        """
        if not await self._is_my_turn():
            return self.mode
        try:
            return await self._change_to(wish)
        finally:
            self._lock.release()

    async def _is_my_turn(self) -> bool:
        """Waits for the lock; False, and without the lock, when a newer wish came meanwhile."""
        if self._overtaken and not self._overtaken.done():
            self._overtaken.set_result(True)
        overtaken = self._overtaken = asyncio.get_running_loop().create_future()
        turn = asyncio.ensure_future(self._lock.acquire())
        await asyncio.wait({turn, overtaken}, return_when=asyncio.FIRST_COMPLETED)
        if not overtaken.done():
            overtaken.cancel()
            return True
        if turn.done():
            self._lock.release()
        turn.cancel()
        return False

    async def _change_to(self, wish: Mode) -> Mode:
        if not self._modes:
            raise self.error or PreviewError('no_such_mode')
        chosen = choose_mode(self._modes, wish)
        if chosen == self.mode:
            return chosen
        former, self.mode = self.mode, chosen
        if not self._capture:
            self._on_change()
            return chosen
        try:
            await self._reopen()
        except PreviewError:
            self.mode = former
            await self._reopen()
            raise
        return chosen

    async def _reopen(self) -> None:
        if self._capture:
            await self._close()
        await self._open()
        await asyncio.wait({self._ready}, timeout=CHANGE_S)
        if self._ready.done():
            self._ready.result()

    async def _open(self) -> None:
        ready = self._ready = asyncio.get_running_loop().create_future()
        ready.add_done_callback(lambda future: future.exception())  # seen, whether or not anyone waits for it
        try:
            if self._camera and not self._camera.modes:
                self._use(await self._run_blocking(open_camera, self._options.device, self._options.label))
            self._capture = await self._run_blocking(self._build, ready)
        except PreviewError as error:
            self._set_error(error)
            raise
        for push in self._pushes:
            self._capture.subscribe(push)
        await self._run_blocking(self._capture.start)
        log.info('capture-started', mode=self.mode, encoder=self._encoder.factory)

    def _build(self, ready: asyncio.Future) -> Capture:
        camera_mode, device = None, None
        if self._camera:
            check_device(self._camera.device)
            camera_mode, device = choose_camera_mode(self._camera.modes, self.mode), self._camera.device
        source = Source(self.mode, self.label, device, camera_mode)
        rate = Rate(self._options.bitrate, self.mode.fps, self._options.keyframe_interval)
        return Capture(
            source,
            self._encoder,
            rate,
            self._clockwork,
            self._post,
            on_ready=lambda: self._on_ready(ready),
            on_error=lambda error: self._on_error(ready, error),
        )

    async def _close(self) -> None:
        capture, self._capture = self._capture, None
        await self._run_blocking(capture.stop)

    def _on_ready(self, ready: asyncio.Future) -> None:
        if ready is self._ready and not ready.done():
            ready.set_result(None)
            self.error = None
            self._on_change()

    def _on_error(self, ready: asyncio.Future, error: PreviewError) -> None:
        if ready is not self._ready or not self._capture:
            return
        if not ready.done():
            ready.set_exception(error)
        self._set_error(error)
        asyncio.ensure_future(self._close_failed(ready))

    async def _close_failed(self, ready: asyncio.Future) -> None:
        async with self._lock:
            if ready is self._ready and self._capture:
                await self._close()

    def _set_error(self, error: PreviewError) -> None:
        log.error('camera-error', code=error.code, message=str(error))
        self.error = error
        self._on_change()

    # ---- frames -------------------------------------------------------------------------------------------------

    def subscribe(self, push) -> None:
        """`push` gets this and every later capture's frames, beginning with a keyframe."""
        self._pushes.append(push)
        if not self._capture:
            return
        self._capture.subscribe(push)
        if not self._capture.has_recent_keyframe():
            self.request_keyframe()

    def unsubscribe(self, push) -> None:
        if push in self._pushes:
            self._pushes.remove(push)
        if self._capture:
            self._capture.unsubscribe(push)

    def request_keyframe(self) -> None:
        self._keyframes.request()

    def _force_keyframe(self) -> None:
        if self._capture:
            log.debug('keyframe-forced')
            self._capture.force_keyframe()

    def timing(self):
        """The capture's clock mapping (CaptureTime), or None before its first frame."""
        return self._capture.timing() if self._capture else None

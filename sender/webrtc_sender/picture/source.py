"""Where pictures come from: a camera, the test pattern, or the slate that stands in for a lost camera.

Each hands frames to a Sink on a thread of its own. A source is single use: another mode is another source.
"""

import threading
import time

from .. import log
from ..camera.cameras import CameraMode, camera_error
from ..camera.capture_time import FRAMES_TO_JUDGE, judge_origin
from ..camera.modes import Mode
from ..gst import Clockwork, Gst, frame_of, is_keyframe
from ..server.protocol import PreviewError
from .test_pattern import TestPattern

# Without a queue in front of it a slow decoder makes the driver's own buffers the queue, and the picture late.
NEWEST = 'queue max-size-buffers=1 max-size-bytes=0 max-size-time=0 leaky=downstream'
OUT = 'appsink name=out sync=false emit-signals=true enable-last-sample=false max-buffers=2 drop=true'
RAW_CAPS = (
    'video/x-raw,format=I420,width={width},height={height},framerate={rate},'
    'colorimetry=bt709,interlace-mode=progressive'
)


class Sink:
    """Where a source's frames go, on the source's thread; `on_ready()` and `on_error(PreviewError)` come by `post`.

    While it is shut frames count, but go nowhere: a camera that comes back is tried while the slate is still shown.
    """

    def __init__(self, distribution, post, on_ready, on_error, is_open: bool = True) -> None:
        self.post = post
        self.on_ready = on_ready
        self.on_error = on_error
        self._distribution = distribution
        self._is_open = is_open
        self._caps = None
        self._held: list = []

    def caps(self, caps) -> None:
        """What the raw frames to come are."""
        self._caps = caps
        if self._is_open:
            self._distribution.set_caps(caps)

    def raw(self, buffer) -> None:
        """A raw frame; its pts is running time."""
        if self._is_open:
            self._distribution.push_raw(buffer)

    def encoded(self, buffer, starts_anew: bool) -> None:
        """An access unit of a camera's own H.264. The next keyframe may be far away: what came since one is held."""
        if self._is_open:
            self._distribution.push_own(buffer, starts_anew)
        else:
            self._held = [(buffer, True)] if starts_anew else [*self._held, (buffer, False)]

    def open(self) -> None:
        if self._caps:
            self._distribution.set_caps(self._caps)
        held, self._held = self._held, []
        for buffer, starts_anew in held:
            self._distribution.push_own(buffer, starts_anew)
        self._is_open = True

    def shut(self) -> None:
        self._is_open = False


class Source:
    """`newest_at`: when its newest frame came, by time.monotonic(); None before the first."""

    #: What its timestamps are: `driver`, `arrival` or `drawn` (Clock in the protocol).
    origin = 'drawn'
    #: How much later than captured a frame is stamped, as far as it is assumed.
    assumed_delay_ns = 0
    #: Its frames are a camera's own H.264.
    is_encoded = False

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.newest_at: float | None = None
        self.frames = 0

    def _got_frame(self) -> None:
        self.frames += 1
        is_first, self.newest_at = self.newest_at is None, time.monotonic()
        if is_first:
            self.sink.post(self.sink.on_ready)


def raw_caps(mode: Mode):
    rate = mode.fraction()
    return Gst.Caps.from_string(
        RAW_CAPS.format(width=mode.width, height=mode.height, rate=f'{rate.numerator}/{rate.denominator}')
    )


class DrawnSource(Source):
    """Pictures that a painter draws: `painter.paint(number)` gives a buffer. `fps` may be less than the mode promises:
    an encoder that was told another rate would start anew."""

    def __init__(self, painter, mode: Mode, sink: Sink, fps: float | None = None) -> None:
        super().__init__(sink)
        self._painter = painter
        self._mode = mode
        self._fps = fps or mode.fps
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name='drawn-source', daemon=True)

    def start(self) -> None:
        self.sink.caps(raw_caps(self._mode))
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        start = time.monotonic()
        number = 0
        while not self._stopping.is_set():
            self.sink.raw(self._painter.paint(number))
            self._got_frame()
            # Too slow for this rate: leave frames out rather than run after them.
            number = max(number + 1, int((time.monotonic() - start) * self._fps))
            self._stopping.wait(max(0.0, start + number / self._fps - time.monotonic()))


def pattern_source(mode: Mode, label: str, clockwork: Clockwork, sink: Sink) -> DrawnSource:
    return DrawnSource(TestPattern(mode, clockwork, label), mode, sink)


def describe(camera_mode: CameraMode) -> str:
    """A camera's pipeline, as text for Gst.parse_launch."""
    rate = camera_mode.mode.fraction()
    size = f'width={camera_mode.width},height={camera_mode.height},framerate={rate.numerator}/{rate.denominator}'
    head = 'v4l2src name=camera'
    if camera_mode.format == 'H264':
        whole = 'video/x-h264,stream-format=byte-stream,alignment=au'
        return f'{head} ! video/x-h264,{size} ! h264parse config-interval=-1 ! {whole} ! {OUT}'
    if camera_mode.format == 'JPEG':
        return f'{head} ! image/jpeg,{size} ! {NEWEST} ! jpegdec ! {OUT}'
    return f'{head} ! video/x-raw,format={camera_mode.format},{size} ! {OUT}'


class CameraSource(Source):
    """A V4L2 camera in one of its modes."""

    origin = 'arrival'

    def __init__(self, device: str, camera_mode: CameraMode, clockwork: Clockwork, sink: Sink) -> None:
        super().__init__(sink)
        self._device = device
        self.is_encoded = camera_mode.format == 'H264'
        self._frame_ns = int(1e9 / camera_mode.fps)
        self._clockwork = clockwork
        try:
            self._pipeline = Gst.parse_launch(describe(camera_mode))
        except Exception as reason:  # GLib.Error: an element is missing
            raise PreviewError('camera_failed', str(getattr(reason, 'message', reason))) from reason
        clockwork.attach(self._pipeline)
        camera = self._pipeline.get_by_name('camera')
        set_device(camera, device)
        self._bus = self._pipeline.get_bus()
        self._bus.add_signal_watch()
        self._handlers: list = []
        self._connect(self._pipeline.get_by_name('out'), 'new-sample', self._on_sample)
        self._connect(self._bus, 'message::error', self._on_bus_error)
        self._connect(self._bus, 'message::eos', self._on_bus_eos)
        self._judge_timestamps(camera.get_static_pad('src'))

    def start(self) -> None:
        """May block while the camera opens: not for the asyncio thread."""
        self._pipeline.set_state(Gst.State.PLAYING)

    def stop(self) -> None:
        """May block while the camera closes: not for the asyncio thread."""
        for source, handler in self._handlers:
            source.disconnect(handler)
        self._bus.remove_signal_watch()
        self._pipeline.set_state(Gst.State.NULL)
        # What Python and GObject hold of each other is let go here: the collector does not see such circles.
        self._handlers = []
        self._pipeline = self._bus = None

    def _connect(self, source, signal: str, handler) -> None:
        self._handlers.append((source, source.connect(signal, handler)))

    def _on_sample(self, sink):
        sample = sink.emit('pull-sample')
        if not sample:
            return Gst.FlowReturn.EOS
        if self.is_encoded:
            frame = frame_of(sample)
            self.sink.encoded(frame, is_keyframe(frame))
        else:
            if self.newest_at is None:
                self.sink.caps(sample.get_caps())
            self.sink.raw(sample.get_buffer())
        self._got_frame()
        return Gst.FlowReturn.OK

    def _judge_timestamps(self, pad) -> None:
        """Looks at the camera's first frames, then goes away."""
        delays: list[int] = []

        def probe(_pad, info):
            delays.append(self._clockwork.running_time() - info.get_buffer().pts)
            if len(delays) < FRAMES_TO_JUDGE:
                return Gst.PadProbeReturn.OK
            self.origin = judge_origin(delays, self._frame_ns)
            self.assumed_delay_ns = self._frame_ns if self.origin == 'arrival' else 0
            return Gst.PadProbeReturn.REMOVE

        pad.add_probe(Gst.PadProbeType.BUFFER, probe)

    def _on_bus_error(self, _bus, message) -> None:
        failure, debug = message.parse_error()
        log.debug('camera-said', message=failure.message, debug=debug)
        self.sink.post(self.sink.on_error, camera_error(failure.message, debug or '', self._device))

    def _on_bus_eos(self, _bus, _message) -> None:
        self.sink.post(self.sink.on_error, PreviewError('camera_failed', 'The camera ended its stream.'))


def set_device(element, device: str) -> None:
    """Not in the pipeline's text: a path may contain what that would read as syntax."""
    element.set_property('device', device)

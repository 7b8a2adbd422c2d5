"""Camera or test pattern -> encoder -> frames for everyone who subscribed. One capture, one encode, many viewers.

The pipeline ends in an appsink; each frame leaves through `Capture._on_sample`, on GStreamer's thread, and goes
straight into the subscribers' queues: a hop over asyncio would add its jitter to every frame.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass

from . import encoders, log
from .cameras import CameraMode, classify
from .capture_time import FRAMES_TO_JUDGE, judge_origin
from .encoders import Encoder, Rate
from .encoding import configure, force_keyframe
from .gst import Clockwork, Gst
from .modes import Mode
from .protocol import PreviewError
from .test_pattern import TestPattern

# A viewer that joins this soon after a keyframe is given the frames since then, instead of a new keyframe for everyone.
CATCH_UP_FRAMES = 15

# Without a queue in front of it a slow encoder makes the driver's own buffers the queue, and the picture late.
NEWEST = 'queue max-size-buffers=1 max-size-bytes=0 max-size-time=0 leaky=downstream'
SINK = 'appsink name=out sync=false emit-signals=true enable-last-sample=false max-buffers=4'


@dataclass(frozen=True)
class Source:
    """What to capture: a camera's mode, or the test pattern when `camera_mode` is None."""

    mode: Mode
    label: str
    device: str | None = None
    camera_mode: CameraMode | None = None


def describe(source: Source, encoder: Encoder) -> str:
    """The capture pipeline, as text for Gst.parse_launch."""
    rate = source.mode.fraction()
    size = f'width={source.mode.width},height={source.mode.height},framerate={rate.numerator}/{rate.denominator}'
    if source.camera_mode is None:
        caps = f'"video/x-raw,format=I420,{size},colorimetry=bt709,interlace-mode=progressive"'
        head = f'appsrc name=pattern is-live=true format=time max-buffers=1 leaky-type=downstream caps={caps}'
        return f'{head} ! {encoders.describe(encoder)} ! {SINK}'
    if source.camera_mode.format == 'JPEG':
        head = f'v4l2src name=camera ! image/jpeg,{size} ! {NEWEST} ! jpegdec'
    else:
        head = f'v4l2src name=camera ! video/x-raw,format={source.camera_mode.format},{size} ! {NEWEST}'
    return f'{head} ! {encoders.describe(encoder)} ! {SINK}'


@dataclass(frozen=True)
class CaptureTime:
    """Which moment of running time was which moment of the world, for the newest frame."""

    running_ns: int
    unix_ms: float
    encode_ms: float
    origin: str


def set_device(element, device: str) -> None:
    """Not in the pipeline's text: a path may contain what that would read as syntax."""
    element.set_property('device', device)


class Capture:
    """One run of the capture pipeline. Single use: another mode is another Capture.

    `post` brings `on_ready()` (the first frame is there) and `on_error(PreviewError)` to the asyncio thread.
    """

    def __init__(self, source: Source, encoder: Encoder, rate: Rate, clockwork: Clockwork, post, on_ready, on_error):
        self.source = source
        self._clockwork = clockwork
        self._post = post
        self._on_ready = on_ready
        self._on_error = on_error
        self._lock = threading.Lock()
        self._subscribers = ()
        self._recent: list = []
        self._encode_ms: deque = deque(maxlen=max(1, round(source.mode.fps)))
        self._last_pts: int | None = None
        self._origin = 'arrival' if source.camera_mode else 'drawn'
        self._assumed_delay_ns = 0
        try:
            self._pipeline = Gst.parse_launch(describe(source, encoder))
        except Exception as reason:  # GLib.Error: an element is missing
            raise PreviewError('camera_failed', str(getattr(reason, 'message', reason))) from reason
        clockwork.attach(self._pipeline)
        self._encoder = self._pipeline.get_by_name('encoder')
        configure(self._encoder, encoder, rate)
        self._bus = self._pipeline.get_bus()
        self._bus.add_signal_watch()
        self._handlers: list = []
        self._connect(self._pipeline.get_by_name('out'), 'new-sample', self._on_sample)
        self._connect(self._bus, 'message::error', self._on_bus_error)
        self._connect(self._bus, 'message::eos', self._on_bus_eos)
        self._pattern: TestPattern | None = None
        if source.camera_mode:
            camera = self._pipeline.get_by_name('camera')
            set_device(camera, source.device)
            self._judge_timestamps(camera.get_static_pad('src'))
        else:
            self._pattern = TestPattern(self._pipeline.get_by_name('pattern'), source.mode, clockwork, source.label)

    def start(self) -> None:
        """May block while a camera opens: not for the asyncio thread."""
        self._pipeline.set_state(Gst.State.PLAYING)
        if self._pattern:
            self._pattern.start()

    def stop(self) -> None:
        """May block while a camera closes: not for the asyncio thread."""
        self._subscribers = ()
        if self._pattern:
            self._pattern.stop()
        for source, handler in self._handlers:
            source.disconnect(handler)
        self._bus.remove_signal_watch()
        self._pipeline.set_state(Gst.State.NULL)
        # What Python and GObject hold of each other is let go here: the collector does not see such circles. Each start
        # cost 2 file descriptors and up to 1 MB.
        with self._lock:
            self._handlers, self._recent, self._subscribers = [], [], ()
            self._pipeline = self._encoder = self._bus = self._pattern = None

    def _connect(self, source, signal: str, handler) -> None:
        self._handlers.append((source, source.connect(signal, handler)))

    def subscribe(self, push) -> None:
        """Calls `push(buffer, is_keyframe)` for each frame, beginning with a keyframe of at most half a second ago."""
        with self._lock:
            for buffer, is_keyframe in self._recent:
                push(buffer, is_keyframe)
            self._subscribers = (*self._subscribers, push)

    def unsubscribe(self, push) -> None:
        with self._lock:
            self._subscribers = tuple(entry for entry in self._subscribers if entry != push)

    def has_recent_keyframe(self) -> bool:
        return bool(self._recent)

    def force_keyframe(self) -> None:
        encoder = self._encoder
        if encoder:
            force_keyframe(encoder)

    def timing(self) -> CaptureTime | None:
        """When the newest frame was captured; None before the first."""
        pts, samples = self._last_pts, tuple(self._encode_ms)
        if pts is None:
            return None
        age_ns = self._clockwork.running_time() - pts
        arrived_later_ns = self._assumed_delay_ns
        return CaptureTime(
            running_ns=pts,
            unix_ms=time.time() * 1000 - (age_ns - arrived_later_ns) / 1e6,
            encode_ms=max(0.0, sum(samples) / len(samples) - arrived_later_ns / 1e6),
            origin=self._origin,
        )

    def _on_sample(self, sink):
        sample = sink.emit('pull-sample')
        if not sample:
            return Gst.FlowReturn.EOS
        original = sample.get_buffer()
        # x264enc's timestamps begin at 1000 h: only running time means the same in another pipeline.
        # copy_region and not copy(): PyGObject's copy() is never writable.
        flags = Gst.BufferCopyFlags.FLAGS | Gst.BufferCopyFlags.TIMESTAMPS | Gst.BufferCopyFlags.MEMORY
        buffer = original.copy_region(flags, 0, original.get_size())
        pts = sample.get_segment().to_running_time(Gst.Format.TIME, original.pts)
        buffer.pts = pts
        buffer.dts = Gst.CLOCK_TIME_NONE
        is_keyframe = not original.has_flags(Gst.BufferFlags.DELTA_UNIT)
        self._encode_ms.append(max(0.0, (self._clockwork.running_time() - pts) / 1e6))
        is_first, self._last_pts = self._last_pts is None, pts
        with self._lock:
            self._remember(buffer, is_keyframe)
            for push in self._subscribers:
                push(buffer, is_keyframe)
        if is_first:
            self._post(self._on_ready)
        return Gst.FlowReturn.OK

    def _remember(self, buffer, is_keyframe: bool) -> None:
        if is_keyframe:
            self._recent = [(buffer, True)]
        elif 0 < len(self._recent) < CATCH_UP_FRAMES:
            self._recent.append((buffer, False))
        else:
            self._recent = []

    def _judge_timestamps(self, pad) -> None:
        """Looks at the camera's first frames, then goes away."""
        delays: list[int] = []
        frame_ns = int(1e9 / self.source.mode.fps)

        def probe(_pad, info):
            delays.append(self._clockwork.running_time() - info.get_buffer().pts)
            if len(delays) < FRAMES_TO_JUDGE:
                return Gst.PadProbeReturn.OK
            self._origin = judge_origin(delays, frame_ns)
            self._assumed_delay_ns = frame_ns if self._origin == 'arrival' else 0
            return Gst.PadProbeReturn.REMOVE

        pad.add_probe(Gst.PadProbeType.BUFFER, probe)

    def _on_bus_error(self, _bus, message) -> None:
        failure, debug = message.parse_error()
        log.debug('capture-error', message=failure.message, debug=debug)
        code = classify(f'{failure.message} {debug}')
        self._post(self._on_error, PreviewError(code, failure.message))

    def _on_bus_eos(self, _bus, _message) -> None:
        self._post(self._on_error, PreviewError('camera_failed', 'The camera ended its stream.'))

"""One quality level of the picture, encoded once for all who are shown it.

    raw frames -> appsrc -> conversion, scaling, encoder -> appsink -> subscribers

A Rung is single use and lives while somebody needs it. A camera's own H.264 is a rung without an encoder (OwnH264).
"""

import time
from collections import deque

from ..gst import Clockwork, Gst, frame_of, is_keyframe
from ..quality.ladder import Level
from ..server.protocol import PreviewError
from . import encoders
from .broadcast import Broadcast
from .encoders import Encoder, Rate
from .encoding import configure, force_keyframe, set_bitrate

# A viewer that joins this soon after a keyframe is given the frames since then, instead of a new keyframe for everyone.
CATCH_UP_FRAMES = 15
# The same where many join at once: 16 in a second are one keyframe then.
CATCH_UP_STORM = 45
# A camera decides itself when its next keyframe comes, so everything since the last is kept; not for ever.
CATCH_UP_OWN = 300
# A keyframe comes within two frames of being asked for.
KEYFRAME_S = 0.2
# The newest frame counts: without this an encoder that is too slow would make the picture late.
SOURCE = 'appsrc name=raw is-live=true format=time max-buffers=1 max-bytes=0 leaky-type=downstream'
SINK = 'appsink name=out sync=false emit-signals=true enable-last-sample=false max-buffers=4'


class Rung:
    """`on_error(rung, PreviewError)` comes on the asyncio thread. `fps` is the level's own rate."""

    #: A keyframe can be had by asking.
    makes_keyframes = True

    def __init__(
        self, level: Level, encoder: Encoder, kbps: int, keyframe_interval: int, clockwork: Clockwork, post, on_error
    ) -> None:
        self.level = level
        self.codec = encoder.codec
        self.kbps = kbps
        self.out = Broadcast(CATCH_UP_FRAMES, CATCH_UP_STORM)
        self.newest_pts: int | None = None
        self._encoder = encoder
        self._keyframe_interval = keyframe_interval
        self._clockwork = clockwork
        self._post = post
        self._on_error = on_error
        self._count = 0
        self._unanswered = 0
        self._asked_at = -KEYFRAME_S
        self._encode_ms: deque = deque(maxlen=max(1, round(level.fps)))
        description = f'{SOURCE} ! {encoders.describe(encoder, level.width, level.height, level.fps)} ! {SINK}'
        try:
            self._pipeline = Gst.parse_launch(description)
        except Exception as reason:  # GLib.Error: an element is missing
            raise PreviewError('no_encoder', str(getattr(reason, 'message', reason))) from reason
        clockwork.attach(self._pipeline)
        self._source = self._pipeline.get_by_name('raw')
        self._element = self._pipeline.get_by_name('encoder')
        configure(self._element, encoder, self._rate())
        self._bus = self._pipeline.get_bus()
        self._bus.add_signal_watch()
        self._handlers: list = []
        self._connect(self._pipeline.get_by_name('out'), 'new-sample', self._on_sample)
        self._connect(self._bus, 'message::error', self._on_bus_error)

    def start(self) -> None:
        """May block while hardware starts: not for the asyncio thread."""
        self._pipeline.set_state(Gst.State.PLAYING)

    def stop(self) -> None:
        """May block: not for the asyncio thread."""
        for source, handler in self._handlers:
            source.disconnect(handler)
        self._bus.remove_signal_watch()
        self._pipeline.set_state(Gst.State.NULL)
        self.out.clear()
        # What Python and GObject hold of each other is let go here: the collector does not see such circles. Each start
        # cost 2 file descriptors and up to 1 MB.
        self._handlers = []
        self._pipeline = self._source = self._element = self._bus = None

    def set_caps(self, caps) -> None:
        """What the raw frames to come are."""
        source = self._source
        if source and caps:
            source.set_property('caps', caps)

    def push_raw(self, buffer) -> None:
        """Called on the source's thread for every frame."""
        source = self._source
        self._count += 1
        if source and self._count % self.level.every == 0:
            self._unanswered += 1
            source.emit('push-buffer', buffer)

    def set_kbps(self, kbps: int) -> None:
        if self._element and kbps != self.kbps:
            self.kbps = kbps
            set_bitrate(self._element, self._encoder, self._rate())

    def force_keyframe(self) -> None:
        if self._element:
            self._asked_at = time.monotonic()
            force_keyframe(self._element, self._encoder)

    @property
    def is_making_keyframe(self) -> bool:
        """It was asked for one a moment ago, and that has not come yet."""
        return time.monotonic() - self._asked_at < KEYFRAME_S

    def waiting_s(self) -> float:
        """How much it has been given since its last picture, in seconds; 0 while it keeps up."""
        return max(0, self._unanswered - 2) / self.level.fps

    def encode_ms(self) -> float | None:
        """From capture to the encoder's output, mean of the last second."""
        samples = tuple(self._encode_ms)
        return sum(samples) / len(samples) if samples else None

    def _rate(self) -> Rate:
        return Rate(self.kbps, self.level.fps, self._keyframe_interval)

    def _connect(self, source, signal: str, handler) -> None:
        self._handlers.append((source, source.connect(signal, handler)))

    def _on_sample(self, sink):
        sample = sink.emit('pull-sample')
        if not sample:
            return Gst.FlowReturn.EOS
        frame = frame_of(sample)
        self._encode_ms.append(max(0.0, (self._clockwork.running_time() - frame.pts) / 1e6))
        self.newest_pts, self._unanswered = frame.pts, 0
        if is_keyframe(frame):
            self._asked_at = -KEYFRAME_S
        self.out.publish(frame, is_keyframe(frame))
        return Gst.FlowReturn.OK

    def _on_bus_error(self, _bus, message) -> None:
        failure, _debug = message.parse_error()
        self._post(self._on_error, self, PreviewError('sender_failed', f'The encoder stopped: {failure.message}'))


class OwnH264:
    """The camera's own H.264 as a rung: its rate is its own, and so are its keyframes."""

    codec = 'H264'
    makes_keyframes = False
    is_making_keyframe = False

    def __init__(self, level: Level) -> None:
        self.level = level
        self.kbps = level.max_kbps
        self.out = Broadcast(CATCH_UP_OWN)
        self.newest_pts: int | None = None

    def publish(self, buffer, is_keyframe: bool) -> None:
        self.newest_pts = buffer.pts
        self.out.publish(buffer, is_keyframe)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        """Nobody is shown it for now; it is still what lower levels are made of."""

    def set_kbps(self, kbps: int) -> None:
        pass

    def force_keyframe(self) -> None:
        pass

    def encode_ms(self) -> float | None:
        return None

"""A camera's own H.264 back to raw frames, while a lower level or another codec is made of it."""

from ..gst import Clockwork, Gst
from ..server.protocol import PreviewError

# The first that is installed.
DECODERS = ('avdec_h264', 'openh264dec')
CAPS = 'video/x-h264,stream-format=byte-stream,alignment=au'
PIPELINE = (
    f'appsrc name=in is-live=true format=time max-buffers=60 max-bytes=0 leaky-type=downstream caps={CAPS} ! '
    'h264parse ! {decoder} ! '
    'appsink name=out sync=false emit-signals=true enable-last-sample=false max-buffers=2 drop=true'
)


class Decoder:
    """Subscribes to a rung like a viewer: `push` takes its frames. `on_caps` and `on_raw` are called on its thread."""

    def __init__(self, on_caps, on_raw, clockwork: Clockwork, post, on_error) -> None:
        name = next((name for name in DECODERS if Gst.ElementFactory.find(name)), None)
        if not name:
            raise PreviewError('sender_failed', f'No H.264 decoder is installed: {" or ".join(DECODERS)}.')
        self._on_caps = on_caps
        self._on_raw = on_raw
        self._post = post
        self._on_error = on_error
        self._has_caps = False
        self._pipeline = Gst.parse_launch(PIPELINE.format(decoder=name))
        clockwork.attach(self._pipeline)
        self._source = self._pipeline.get_by_name('in')
        self._bus = self._pipeline.get_bus()
        self._bus.add_signal_watch()
        out = self._pipeline.get_by_name('out')
        self._handlers = [
            (out, out.connect('new-sample', self._on_sample)),
            (self._bus, self._bus.connect('message::error', self._on_bus_error)),
        ]

    def start(self) -> None:
        self._pipeline.set_state(Gst.State.PLAYING)

    def stop(self) -> None:
        for source, handler in self._handlers:
            source.disconnect(handler)
        self._bus.remove_signal_watch()
        self._pipeline.set_state(Gst.State.NULL)
        self._handlers = []
        self._pipeline = self._source = self._bus = None

    def push(self, buffer, _is_keyframe: bool) -> None:
        source = self._source
        if source:
            source.emit('push-buffer', buffer)

    def _on_sample(self, sink):
        sample = sink.emit('pull-sample')
        if not sample:
            return Gst.FlowReturn.EOS
        if not self._has_caps:
            self._has_caps = True
            self._on_caps(sample.get_caps())
        self._on_raw(sample.get_buffer())
        return Gst.FlowReturn.OK

    def _on_bus_error(self, _bus, message) -> None:
        failure, _debug = message.parse_error()
        self._post(self._on_error, self, PreviewError('sender_failed', f'The decoder stopped: {failure.message}'))

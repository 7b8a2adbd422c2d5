"""GStreamer itself: its typelibs, the clock that all pipelines share, and the one way out of its threads."""

import asyncio
import contextlib
import threading
import time

from .gst_environment import prepare

prepare()

import gi  # noqa: E402

for _name in ('Gst', 'GstVideo', 'GstRtp', 'GstSdp', 'GstWebRTC'):
    gi.require_version(_name, '1.0')
from gi.repository import GLib, GObject, Gst, GstRtp, GstSdp, GstVideo, GstWebRTC  # noqa: E402

Gst.init(None)

# PyGObject makes a class when it is first used; two threads that do so at the same moment make two, of which one then
# refuses the other's objects ("Must be WebRTCSessionDescription, not WebRTCSessionDescription"). So all are used here.
CLASSES = (
    *(Gst.Element, Gst.ElementFactory, Gst.Pad, Gst.Pipeline, Gst.State, Gst.StateChangeReturn),
    *(Gst.Buffer, Gst.Caps, Gst.Event, Gst.Message, Gst.Promise, Gst.Sample, Gst.Segment, Gst.Structure),
    *(
        GstSdp.SDPMessage,
        GstWebRTC.WebRTCDataChannel,
        GstWebRTC.WebRTCRTPTransceiver,
        GstWebRTC.WebRTCSessionDescription,
    ),
)

#: The same bytes, but a buffer of one's own.
COPY = Gst.BufferCopyFlags.FLAGS | Gst.BufferCopyFlags.TIMESTAMPS | Gst.BufferCopyFlags.MEMORY

__all__ = ['GLib', 'GObject', 'Gst', 'GstRtp', 'GstSdp', 'GstVideo', 'GstWebRTC']


class Clockwork:
    """One clock and one base time for every pipeline of the process.

    A frame's running time means the same in the capture pipeline and in each viewer's, and goes on over a rebuild of
    the capture pipeline: RTP timestamps stay continuous and linear in time.
    """

    def __init__(self) -> None:
        self.clock = Gst.SystemClock.obtain()
        self.base = time.monotonic_ns()

    def running_time(self) -> int:
        """Nanoseconds since the base time.

        GStreamer's system clock is CLOCK_MONOTONIC. Asked through PyGObject it lets go of the interpreter's lock, and
        another thread may run before the answer is there: that put one frame's clock wrong by 3.5 ms.
        """
        return time.monotonic_ns() - self.base

    def attach(self, pipeline) -> None:
        pipeline.use_clock(self.clock)
        pipeline.set_start_time(Gst.CLOCK_TIME_NONE)
        pipeline.set_base_time(self.base)


# An access unit delimiter (H.264 7.3.2.4): start code and header; one byte follows.
DELIMITER = b'\0\0\0\x01\x09'


def frame_of(sample):
    """An encoded frame as it can be pushed into any pipeline of the process: its time is running time."""
    original = sample.get_buffer()
    # h264parse begins each frame with a delimiter that no browser needs; the payloader made a packet of its own of it.
    start = len(DELIMITER) + 1 if original.extract_dup(0, len(DELIMITER)) == DELIMITER else 0
    # x264enc's timestamps begin at 1000 h: only running time means the same in another pipeline.
    # copy_region and not copy(): PyGObject's copy() is never writable.
    frame = original.copy_region(COPY, start, original.get_size() - start)
    frame.pts = sample.get_segment().to_running_time(Gst.Format.TIME, original.pts)
    frame.dts = Gst.CLOCK_TIME_NONE
    return frame


def is_keyframe(frame) -> bool:
    return not frame.has_flags(Gst.BufferFlags.DELTA_UNIT)


class Poster:
    """The crossing from GStreamer's threads to asyncio's. Nothing else may be called from there."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __call__(self, function, *arguments) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process is ending
            self._loop.call_soon_threadsafe(function, *arguments)


def structure_of(event):
    """An event's structure or None; good for as long as the event is there. Since 1.26 python3-gst wraps it."""
    found = event.get_structure()
    return found.__enter__() if hasattr(found, '__enter__') else found


def start_glib_loop() -> None:
    """Runs GLib's default main context: bus watches, and mDNS names in webrtcbin before 1.24, need it."""
    threading.Thread(target=GLib.MainLoop().run, name='glib', daemon=True).start()


async def promised(element, action: str, *arguments, field: str | None = None):
    """Emits one of webrtcbin's actions and waits for its promise; returns `field` of the reply.

    `reply` stays in a local variable while its field is used: the value is borrowed from it, and chaining the two calls
    crashed in gst_sdp_message_copy.
    """
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def changed(promise, *_) -> None:
        reply = promise.get_reply() if promise.wait() == Gst.PromiseResult.REPLIED else None
        failure = reply.get_value('error') if reply and reply.has_field('error') else None
        if failure is not None:
            loop.call_soon_threadsafe(settle, None, RuntimeError(f'{action}: {failure.message}'))
            return
        value = reply.get_value(field) if reply and field else None
        loop.call_soon_threadsafe(settle, (value, reply), None)

    def settle(result, failure) -> None:
        if future.done():
            return
        if failure:
            future.set_exception(failure)
        else:
            future.set_result(result)

    element.emit(action, *arguments, Gst.Promise.new_with_change_func(changed))
    # A failure keeps this frame until the collector comes by, on whatever thread: no webrtcbin may end there. (Of 300
    # viewers that left at once, 60 were still there seconds later.)
    del element
    value, reply = await future
    return value if field is None else (value, reply)

"""How long a frame takes from the encoder's output to the socket: payloading, RTX, encryption, and what holds it up.

Asked for once a second, follows one frame and goes away: no Python may run per packet.
"""

from ..gst import Clockwork, Gst
from . import rest

BUFFERS = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST


class Departure:
    """Watches where frames enter (`source`, the appsrc) and where their last packet leaves (nicesink)."""

    def __init__(self, webrtc, source, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self._entry = source.get_static_pad('src')
        self._exits = [element.get_static_pad('sink') for element in rest.elements_of(webrtc, 'nicesink')]
        self._is_looking = False
        self._pts: int | None = None
        self._entered = self._left = 0
        self._send_ms: float | None = None

    def take(self) -> float | None:
        """What the last look has found, in ms, and looks again."""
        found, self._send_ms = self._send_ms, None
        if not self._is_looking and self._entry:
            self._pts, self._left, self._is_looking = None, 0, True
            self._entry.add_probe(Gst.PadProbeType.BUFFER, self._on_entry)
            for pad in self._exits:
                pad.add_probe(BUFFERS, self._on_exit)
        return found

    def stop(self) -> None:
        """The probes take themselves away, or go with their pads: one that has just done so cannot be removed."""
        self._is_looking = False
        self._entry, self._exits = None, []

    def _on_entry(self, _pad, info):
        self._entered = self._clockwork.running_time()
        self._pts = info.get_buffer().pts
        return Gst.PadProbeReturn.REMOVE

    def _on_exit(self, _pad, info):
        if not self._is_looking:
            return Gst.PadProbeReturn.REMOVE
        buffers = info.get_buffer_list() if info.type & Gst.PadProbeType.BUFFER_LIST else None
        buffer = buffers.get(0) if buffers else info.get_buffer()
        pts = buffer.pts if buffer else Gst.CLOCK_TIME_NONE
        if self._pts is None or pts == Gst.CLOCK_TIME_NONE or pts < self._pts:
            return Gst.PadProbeReturn.OK
        if pts == self._pts:
            self._left = self._clockwork.running_time()
            return Gst.PadProbeReturn.OK
        # The next frame leaves, however late: all that will come of the one that is followed has left.
        if self._left:
            self._send_ms = (self._left - self._entered) / 1e6
        self._is_looking = False
        return Gst.PadProbeReturn.REMOVE

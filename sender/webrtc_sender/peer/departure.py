"""How long a frame takes from the encoder's output to the socket: payloading, RTX, encryption, and what holds it up.

Asked for once a second, follows one frame and goes away: no Python may run per packet. All of it happens in one call on
the thread that brings the frame to the payloader, so the pad before the payloader is idle again when the last packet
has been handed to the system.
"""

from ..gst import Clockwork, Gst

IDLE_AGAIN = Gst.PadProbeType.IDLE | Gst.PadProbeType.PUSH


class Departure:
    """Watches where frames enter (`source`, the appsrc), and when `payloader` is done with one."""

    def __init__(self, source, payloader, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self._entry = source.get_static_pad('src')
        self._turn = payloader.get_static_pad('sink')
        self._is_looking = False
        self._pts: int | None = None
        self._entered = 0
        self._send_ms: float | None = None

    def take(self) -> float | None:
        """What the last look has found, in ms, and looks again."""
        found, self._send_ms = self._send_ms, None
        if not self._is_looking and self._entry:
            self._pts, self._is_looking = None, True
            self._entry.add_probe(Gst.PadProbeType.BUFFER, self._on_entry)
            self._turn.add_probe(Gst.PadProbeType.BUFFER, self._on_turn)
        return found

    def stop(self) -> None:
        """The probes take themselves away, or go with their pads: one that has just done so cannot be removed."""
        self._is_looking = False
        self._entry = self._turn = None

    def _on_entry(self, _pad, info):
        self._entered = self._clockwork.running_time()
        self._pts = info.get_buffer().pts
        return Gst.PadProbeReturn.REMOVE

    def _on_turn(self, pad, info):
        if self._is_looking and (self._pts is None or info.get_buffer().pts < self._pts):
            return Gst.PadProbeReturn.OK
        # Before that pad is idle it has this frame to deliver.
        if self._is_looking and (before := pad.get_peer()):
            before.add_probe(IDLE_AGAIN, self._on_sent)
        return Gst.PadProbeReturn.REMOVE

    def _on_sent(self, _pad, _info):
        if self._is_looking:
            self._send_ms = (self._clockwork.running_time() - self._entered) / 1e6
            self._is_looking = False
        return Gst.PadProbeReturn.REMOVE

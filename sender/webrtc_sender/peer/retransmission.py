"""What is sent again: what the viewer has lost, unless it is of no use to it any more; and what it has, as a probe.

A probe is a retransmission that nobody asked for. The browser counts its packets and throws them away: the picture does
not know of it, whatever becomes of them.
"""

import time

from ..gst import GObject, Gst, structure_of
from . import direct
from .link_feedback import EVENT as FEEDBACK
from .rest import elements_of

REQUEST = 'GstRTPRetransmissionRequest'
# Marks our own requests.
PROBE = 'probe'
# Of the newest packets, which are all still held.
NEWEST = 30
TYPICAL_BYTES = 1_000
# A viewer that loses every tenth packet asks for 30 a second. Whoever asks for more than this keeps the sender busy for
# nothing.
MOST_A_SECOND = 500


class Retransmission:
    """Of one connection. Sends nothing where the browser did not take RTX.

    What its RTP session says upstream comes by here first: `on_feedback(event)` gets the address of each transport-wide
    feedback, which goes no further: through all elements up to the encoder it would cost as much as reading it.
    `link_is_back()` is asked at each request, that is when the browser misses something.
    """

    def __init__(self, webrtc, payloader, ssrc: int, on_feedback, link_is_back) -> None:
        self._payloader = payloader
        self._on_feedback, self._link_is_back = on_feedback, link_is_back
        self._ssrc = ssrc
        self._floor: int | None = None
        self._is_silent = False
        self._asked, self._second = 0, 0
        found = elements_of(webrtc, 'rtprtxsend')
        self._pad = found[0].get_static_pad('src') if found else None
        if self._pad:
            self._pad.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self._on_event)

    def stop(self) -> None:
        """The probe goes with its pad, and must not hold the connection until then: it holds the pad."""
        self._pad = self._payloader = None
        self._on_feedback = self._link_is_back = _never

    def pause(self) -> None:
        """Nothing is sent again until `begin_anew`."""
        self._is_silent = True

    def begin_anew(self) -> None:
        """A keyframe is about to be sent: what was lost before it is of no use any more."""
        payloader = self._payloader
        if payloader:
            self._floor = (payloader.get_property('seqnum') + 1) & 0xFFFF
        self._is_silent = False

    def send_probe(self, size: int) -> None:
        """About this many bytes of what was sent last."""
        if not self._pad:
            return
        newest = self._payloader.get_property('seqnum')
        for number in range(max(1, round(size / TYPICAL_BYTES))):
            request = Gst.Structure.new_empty(REQUEST)
            request.set_value('seqnum', _unsigned((newest - 2 - number % NEWEST) & 0xFFFF))
            request.set_value('ssrc', _unsigned(self._ssrc))
            request.set_value(PROBE, True)
            self._pad.send_event(Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, request))

    def _on_event(self, _pad, info):
        event = direct.event_of(info)
        name = direct.event_name(event)
        if name == FEEDBACK:
            self._on_feedback(event)
            return Gst.PadProbeReturn.DROP
        if name != REQUEST.encode():
            return Gst.PadProbeReturn.OK
        request = structure_of(info.get_event())
        if request.has_field(PROBE):
            return Gst.PadProbeReturn.OK
        if self._link_is_back():
            # All of what was sent meanwhile is missing there: a keyframe is less, and sooner there.
            self._is_silent = True
        if self._asks_too_much():
            return Gst.PadProbeReturn.DROP
        before = self._floor is not None and (request.get_value('seqnum') - self._floor) & 0xFFFF > 0x8000
        return Gst.PadProbeReturn.DROP if before or self._is_silent else Gst.PadProbeReturn.OK

    def _asks_too_much(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._asked, self._second = 0, second
        self._asked += 1
        return self._asked > MOST_A_SECOND


def _never(*_) -> bool:
    return False


def _unsigned(value: int):
    boxed = GObject.Value()
    boxed.init(GObject.TYPE_UINT)
    boxed.set_uint(value)
    return boxed

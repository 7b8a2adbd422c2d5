"""RTP header extensions: playout-delay for a viewer's first frames, transport-wide sequence numbers for all.

playout-delay 0/0 says: show each frame at once. It is the largest single step in latency there is: from frame made to
the screen 8.4 ms with it, 19.4 ms without (median). Chromium remembers the value, so it is written on a viewer's first
two seconds only; written by Python on every packet for ever, it costs 3 % of a core for each viewer.

The transport-wide numbers (draft-holmer-rmcat-transport-wide-cc-extensions-01) are written by GStreamer itself.
"""

from dataclasses import dataclass

from ..gst import Gst, GstRtp
from .sdp import PLAYOUT_DELAY_URI, TRANSPORT_CC_URI

WRITE_S = 2.0


@dataclass(frozen=True)
class ExtensionIds:
    """The numbers under which a peer takes them; None where it does not, or is not meant to."""

    playout_delay: int | None = None
    transport_cc: int | None = None

    def caps(self) -> str:
        """As fields of application/x-rtp caps."""
        pairs = ((self.playout_delay, PLAYOUT_DELAY_URI), (self.transport_cc, TRANSPORT_CC_URI))
        return ''.join(f',extmap-{number}=(string){uri}' for number, uri in pairs if number is not None)


class PlayoutDelayZero(GstRtp.RTPHeaderExtension):
    """Three bytes, 12 bits of minimum and 12 of maximum.

    What do_write() puts into `data` never reaches the packet (PyGObject hands over a copy). The memory comes filled
    with zeros, and zeros are what is wanted.
    """

    __gtype_name__ = 'WebrtcPreviewPlayoutDelayZero'

    def __init__(self) -> None:
        super().__init__()
        self.set_uri(PLAYOUT_DELAY_URI)

    def do_get_supported_flags(self):
        return GstRtp.RTPHeaderExtensionFlags.ONE_BYTE | GstRtp.RTPHeaderExtensionFlags.TWO_BYTE

    def do_get_max_size(self, _input_meta) -> int:
        return 3

    def do_write(self, _input_meta, _flags, _output, _data, _size) -> int:
        return 3

    def do_set_attributes(self, _direction, _attributes) -> bool:
        return True

    def do_set_caps_from_attributes(self, caps) -> bool:
        caps.set_value(f'extmap-{self.get_id()}', PLAYOUT_DELAY_URI)
        return True


def add_to(payloader, ids: ExtensionIds) -> None:
    if ids.playout_delay is not None:
        extension = PlayoutDelayZero()
        extension.set_id(ids.playout_delay)
        payloader.emit('add-extension', extension)
    _add_transport_cc(payloader, ids)


def keep_only_transport_cc(payloader, ids: ExtensionIds) -> None:
    """Takes the Python extension off; from here on no Python runs for a packet."""
    payloader.emit('clear-extensions')
    _add_transport_cc(payloader, ids)


def _add_transport_cc(payloader, ids: ExtensionIds) -> None:
    if ids.transport_cc is not None:
        extension = Gst.ElementFactory.make('rtphdrexttwcc')
        extension.set_id(ids.transport_cc)
        payloader.emit('add-extension', extension)

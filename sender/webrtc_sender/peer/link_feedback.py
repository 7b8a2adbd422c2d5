"""What a viewer's browser reports of the packets that reached it, read from GStreamer's events.

rtpsession sends one `RTPTWCCPackets` event upstream with each transport-wide feedback (every 50 to 250 ms), the same in
GStreamer 1.22 to 1.26. While all is calm the reports are only kept: to look at each on the asyncio thread would cost
more than all else that Python does for a viewer.
"""

import time
from collections import deque

from ..gst import Gst
from ..quality.link_delay import Packet

EVENT = 'RTPTWCCPackets'
# A packet that waited longer than this on its way is worth a look, and so is a lost one.
CALM_S = 0.015
# The shortest delay is believed for this long: clocks drift.
BASE_S = 10.0
# A browser reports 4 to 20 times a second on some hundred packets. One that means harm can name tens of thousands in
# few bytes, and reading them keeps all other threads waiting: what takes long is paid for by a pause.
LEAST_GAP_S = 0.01
LONG_S = 0.005
PAUSES = 50
# Calm reports that are kept, for whoever looks later.
KEEP_S = 2.0


class LinkFeedback:
    """`on_packets(packets)` is called on the asyncio thread: with each report while `eager`, otherwise only with one
    that is not calm, and then with those before it too."""

    def __init__(self, post, on_packets) -> None:
        self._post = post
        self._on_packets = on_packets
        self._held: deque[list[Packet]] = deque()
        self._base = self._next_base = float('inf')
        self._base_at = 0.0
        self._deaf_until = 0.0
        self.eager = True
        #: When the newest report came, by time.monotonic(); None before the first.
        self.heard_at: float | None = None

    def read(self, structure) -> None:
        """On GStreamer's thread. Takes some 20 microseconds."""
        begun = time.monotonic()
        if begun < self._deaf_until:
            return
        self._read(structure)
        took = time.monotonic() - begun
        self._deaf_until = begun + (PAUSES * took if took > LONG_S else LEAST_GAP_S)

    def _read(self, structure) -> None:
        packets = [_packet(entry) for entry in structure.get_value('packets')]
        packets = [packet for packet in packets if packet]
        if not packets:
            return
        now = self.heard_at = time.monotonic()
        self._held.append(packets)
        if not self._is_calm(packets, now) or self.eager:
            reports, self._held = self._held, deque()
            self._post(self._on_packets, [packet for report in reports for packet in report])
        while self._held and self._held[0][0].sent_s < packets[-1].sent_s - KEEP_S:
            self._held.popleft()

    def _is_calm(self, packets: list[Packet], now: float) -> bool:
        if any(packet.arrived_s is None for packet in packets):
            return False
        delay = min(packet.arrived_s - packet.sent_s for packet in packets)
        if now - self._base_at > BASE_S:
            self._base, self._next_base, self._base_at = self._next_base, delay, now
        self._base, self._next_base = min(self._base, delay), min(self._next_base, delay)
        return delay - self._base < CALM_S


def _packet(entry) -> Packet | None:
    """None for one that this session did not send."""
    sent, arrived = entry.get_value('local-ts'), entry.get_value('remote-ts')
    if sent == Gst.CLOCK_TIME_NONE:
        return None
    return Packet(sent / 1e9, None if arrived == Gst.CLOCK_TIME_NONE else arrived / 1e9, entry.get_value('size'))

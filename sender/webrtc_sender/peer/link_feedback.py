"""What a viewer's browser reports of the packets that reached it, read from GStreamer's events.

rtpsession sends one `RTPTWCCPackets` event upstream with each transport-wide feedback (every 50 to 250 ms), the same in
GStreamer 1.22 to 1.26. While all is calm the reports are only kept: to look at each on the asyncio thread would cost
more than all else that Python does for a viewer.
"""

import time
from collections import deque

from ..quality.link_delay import Packet
from . import direct
from .direct import NEVER

EVENT = b'RTPTWCCPackets'
SENT = 0  # of a packet as Report tells it
# A packet that waited longer than this on its way is worth a look, and so is a lost one.
CALM_S = 0.015
# The shortest delay is believed for this long: clocks drift.
BASE_S = 10.0
# A browser reports 4 to 20 times a second on some hundred packets. One that means harm can name tens of thousands in
# few bytes, and reading them keeps all other threads waiting: what takes long is paid for by a pause.
LEAST_GAP_S = 0.01
LONG_S = 0.005
PAUSES = 50
# After a silence of this length, in which so many frames were sent and as many packets lost, the link is back.
GAP_S, GAP_FRAMES = 0.5, 10
# A browser that says nothing of so many frames for so long hears nothing. Chromium gives its own checks up after 5 s.
MUTE_S = 2.5
# A browser that is sent frames reports within a quarter of a second.
FRESH_S = 1.0
# Who has lost a packet asks for it at once, and is looked at closely for so long. Of the others each third report is
# searched for lost packets; it brings those before it along.
SUSPECT_S = 1.0
SEARCHED = 3
# Calm reports that are kept, for whoever looks later.
KEEP_S = 2.0


class LinkFeedback:
    """`on_packets(packets)` is called on the asyncio thread: with each report while `eager`, otherwise only with one
    that is not calm, and then with those before it too."""

    def __init__(self, post, on_packets, on_back) -> None:
        self._post = post
        self._on_packets = on_packets
        self._on_back = on_back
        self._frames = self._frames_then = 0
        self._held: deque[tuple[float, direct.Report]] = deque()
        self._base = self._next_base = float('inf')
        self._base_at = 0.0
        self._deaf_until = 0.0
        self._suspect_until = 0.0
        self._calm = 0
        self.eager = True
        #: When the newest report came, by time.monotonic(); None before the first.
        self.heard_at: float | None = None

    def note_frame(self) -> None:
        """One more frame was sent, whatever becomes of it. On an encoder's thread."""
        self._frames += 1

    def note_loss(self) -> bool:
        """The peer misses something: whether its link was gone until now; then `on_back()` is called."""
        now = time.monotonic()
        self._suspect_until = now + SUSPECT_S
        is_back = self._may_be_back(now)
        if is_back:
            self.begin_anew()
            self._post(self._on_back)
        return is_back

    def begin_anew(self) -> None:
        """What was sent until now is known to be lost."""
        if self.heard_at is not None:
            self.heard_at = time.monotonic()
        self._frames_then = self._frames

    def is_mute(self, now: float) -> bool:
        """Whether nothing is heard of frames that are being sent."""
        return self._misses_feedback(now, MUTE_S)

    def _may_be_back(self, now: float) -> bool:
        return self._misses_feedback(now, GAP_S)

    def _misses_feedback(self, now: float, for_s: float) -> bool:
        before = self.heard_at
        return before is not None and now - before > for_s and self._frames - self._frames_then >= GAP_FRAMES

    def read(self, report: direct.Report) -> None:
        """On GStreamer's thread. Of a calm report little is looked at: each of the others takes five times as long."""
        begun = time.monotonic()
        if begun < self._deaf_until:
            return
        self._read(report)
        took = time.monotonic() - begun
        self._deaf_until = begun + (PAUSES * took if took > LONG_S else LEAST_GAP_S)

    def is_fresh(self, now: float) -> bool:
        """Whether some has come of late."""
        return self.heard_at is not None and now - self.heard_at < FRESH_S

    def _read(self, report: direct.Report) -> None:
        ends = [end for end in report.ends() if end[SENT] != NEVER] if len(report) else []
        if not ends:
            return  # nothing of what this session sent
        now = time.monotonic()
        # Where nothing is missing, only the way back was held up.
        if self._may_be_back(now) and report.missing() >= GAP_FRAMES:
            self.note_loss()
        self.heard_at, self._frames_then = now, self._frames
        self._held.append((now, report))
        if self.eager or not self._is_calm(report, ends, now):
            reports, self._held = self._held, deque()
            packets = (packet for _, each in reports for packet in each.packets() if packet[SENT] != NEVER)
            self._post(self._on_packets, [_packet(*packet) for packet in packets])
        while self._held and self._held[0][0] < now - KEEP_S:
            self._held.popleft()

    def _is_calm(self, report: direct.Report, ends, now: float) -> bool:
        """By the shorter delay of its first and its last packet: a frame's last one waits for those before it."""
        self._calm += 1
        if (self._calm % SEARCHED == 0 or now < self._suspect_until) and not report.is_whole():
            return False
        if any(arrived == NEVER for _, arrived, _ in ends):
            return False
        delay = min(arrived - sent for sent, arrived, _ in ends) / 1e9
        if now - self._base_at > BASE_S:
            self._base, self._next_base, self._base_at = self._next_base, delay, now
        self._base, self._next_base = min(self._base, delay), min(self._next_base, delay)
        return delay - self._base < CALM_S


def _packet(sent: int, arrived: int, size: int) -> Packet:
    return Packet(sent / 1e9, None if arrived == NEVER else arrived / 1e9, size)

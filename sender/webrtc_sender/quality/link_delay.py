"""How long a viewer's packets wait in a queue on their way, and what the link carries meanwhile. Pure."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

# A frame that had to wait longer than this behind the ones before it, and longer than they had to, is too much; but
# what comes and goes is the link's jitter, not a queue.
QUEUE_S = 0.03
QUEUE_MAX_S = 0.1
RISE_S = 0.01
JITTERS = 3.5
JITTER_WEIGHT = 0.05
# One late frame is enough when its last packet waited this long.
LATE_S = 0.1
# A wait of this length that in such a time gets no shorter than this is too much as well.
STANDING_S = 0.15
STANDING_FOR_S = 0.3
SHORTER = 0.9
# Packets sent closer together than this are one frame: only the first of them shows how long the queue is.
BURST_GAP_S = 0.004
RATE_WINDOW_S = 0.3
# Less than this does not tell a rate.
BUSY_PACKETS, BUSY_S = 4, 0.02
BASE_WINDOW_S = 10.0
# A jump of this size is the viewer's clock, not its link (and its 24 bits in the feedback, which GStreamer before 1.26
# does not unwrap, every twelve days).
MAX_JUMP_S = 60.0


class Packet(NamedTuple):
    """What became of one packet. The two clocks need not agree; `sent_s` is by the same as every `now_s`."""

    sent_s: float
    #: On the viewer's clock; None for a packet that is reported lost.
    arrived_s: float | None
    #: Payload in bytes.
    size: int


class Delay:
    """One-way delay beyond the shortest seen: time spent in a queue. And the link's rate while there is one."""

    def __init__(self) -> None:
        self.queue_s = 0.0
        self.last_s = 0.0
        self._base = self._next_base = float('inf')
        self._base_s = float('-inf')
        self._sent_s = float('-inf')
        self._burst_s = float('-inf')
        self._rises = 0
        self._stood_at: tuple[float, float] | None = None  # (when, how long the wait was)
        self._stands = False
        self._has_stood = False
        self._jitter_s = 0.0
        self._busy: deque[tuple[float, int]] = deque()

    def add(self, packet: Packet) -> None:
        """Takes a packet that arrived."""
        delay = packet.arrived_s - packet.sent_s
        self._learn_base(delay, packet.sent_s)
        self.last_s = max(0.0, delay - self._base)
        if packet.sent_s - self._sent_s > BURST_GAP_S:
            self._judge_burst(packet.sent_s)
            if not self.is_waiting():
                self._busy.clear()
        self._sent_s = packet.sent_s
        self._busy.append((packet.arrived_s, packet.size))
        while self._busy[-1][0] - self._busy[0][0] > RATE_WINDOW_S:
            self._busy.popleft()

    def _judge_burst(self, sent_s: float) -> None:
        rise, self.queue_s, self._burst_s = self.last_s - self.queue_s, self.last_s, sent_s
        if self.is_waiting() and rise > RISE_S:
            self._rises += 1
        elif rise < 0 or not self.is_waiting():
            self._rises = 0
        self._stands = False
        if self.queue_s < STANDING_S:
            self._stood_at = None
        elif not self._stood_at or sent_s - self._stood_at[0] > STANDING_FOR_S:
            self._stands = self._stood_at is not None and self.queue_s > SHORTER * self._stood_at[1]
            self._stood_at = sent_s, self.queue_s
        self._has_stood = self._has_stood and self.is_waiting()
        self._jitter_s += JITTER_WEIGHT * (min(abs(rise), QUEUE_MAX_S) - self._jitter_s)

    def is_waiting(self) -> bool:
        """Whether the newest frame had to wait longer than the link's jitter explains."""
        return self.queue_s > min(max(QUEUE_S, JITTERS * self._jitter_s), QUEUE_MAX_S)

    def is_overused(self, since_s: float, sent_kbps: Callable[[], float]) -> bool:
        """Whether what was sent after `since_s` is more than the link carries.

        A frame held up on the way is followed by others that arrive at once; on a link that is full they come at its
        pace. So one late frame is enough if it arrived slower than we send, and otherwise it takes two.
        """
        if self._burst_s <= since_s:
            return False
        if self._rises >= 2:
            return True
        if self._stands:
            return self._is_our_queue()
        return self._rises == 1 and self.last_s > LATE_S and 0 < self.busy_kbps() < 0.9 * sent_kbps()

    def _is_our_queue(self) -> bool:
        """A wait that outlasts a back-off is no queue of ours but another route, or others' traffic: it is accepted."""
        if self._has_stood:
            self._base = self._next_base = self._base + self.last_s
            self.queue_s = self.last_s = 0.0
            self._stood_at, self._stands, self._has_stood = None, False, False
            return False
        self._has_stood = True
        return True

    def start_over(self) -> None:
        """After a back-off only what comes from then on counts."""
        self._rises, self._stood_at, self._stands = 0, None, False

    def busy_kbps(self) -> float:
        """At what rate packets have arrived since the last frame that did not wait; 0 when too few have."""
        span = self._busy[-1][0] - self._busy[0][0] if self._busy else 0.0
        if len(self._busy) < BUSY_PACKETS or span < BUSY_S:
            return 0.0
        return kbps_of(sum(size for _, size in self._busy) - self._busy[0][1], span)

    def _learn_base(self, delay: float, sent_s: float) -> None:
        """The shortest delay of the last 10 to 20 s: clocks drift, and routes change."""
        if abs(delay - self._base) > MAX_JUMP_S:
            self._base = self._next_base = delay
        if sent_s - self._base_s > BASE_WINDOW_S:
            self._base, self._next_base, self._base_s = min(self._next_base, delay), delay, sent_s
        self._base, self._next_base = min(self._base, delay), min(self._next_base, delay)


def kbps_of(size: int, seconds: float) -> float:
    return size * 8 / 1000 / seconds

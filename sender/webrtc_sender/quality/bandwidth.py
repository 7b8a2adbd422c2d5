"""What a viewer's link carries, learned from its transport-wide feedback. Pure: no GStreamer, time is injected.

The estimate is what the link has proved. It falls to what arrives as soon as a queue builds up, and rises only when a
*probe* has gone through: for a quarter of a second more is sent than the estimate, as retransmissions of what the
viewer has already, so that a probe that fails costs some delay and no picture. Who is sent all there is needs none.

What rtpsession's `twcc-stats` says is a mean over 300 ms. This reads the packets themselves (the `RTPTWCCPackets` event
that goes upstream with each feedback, the same in GStreamer 1.22 to 1.26): the first frame after a squeeze, arriving
stretched, already tells the new rate.

Reading: draft-holmer-rmcat-transport-wide-cc-extensions-01; draft-ietf-rmcat-gcc-02, from which the 0.85 is.
"""

from collections import deque
from collections.abc import Iterable

from .link_delay import Delay, Packet, kbps_of
from .link_probe import Probing
from .protection import UNSETTLED_S, Protection

# Backing off goes to this share of what arrived: the rest empties the queue.
BACK_OFF = 0.85
# A failed probe has measured the link while its queue was short.
PROBED = 0.95
# One lost packet in eight is more than retransmission should mend; one in three is a queue that overflows. Of fewer
# packets chance alone may take as many: at 5 % loss, 8 of 50 once in 400 times.
LOSS, MANY = 0.12, 50
HEAVY_LOSS, FEW = 0.35, 15
RATE_WINDOW_S = 0.5
LOSS_WINDOW_S = 2.0
SILENCE_S = 1.0
# Nothing is tried while feedback takes longer than this: it would be told too late that it is too much.
PROMPT_S = 0.2
# A probe that would raise the estimate by less has not gone through; one that comes as near to the top has.
GAIN = 1.05
# After congestion the estimate is left alone, and is_congested stays true, for this long.
HOLD_S = 0.5
MAX_DRAIN_S = 1.0


class Controller:
    """One viewer's link. Feed it every feedback, ask `estimate_kbps` and `probe_bytes`.

    The estimate is of payload, as an encoder counts it, and never leaves `floor_kbps`..`ceiling_kbps`.
    Everything is to be sent `copies` times. Feedback knows nothing of the copies: all rates are of what is sent once,
    and the link carries so many times as much.

    `protects`: whether that may be more than one.
    """

    def __init__(self, start_kbps: float, floor_kbps: float, ceiling_kbps: float, protects: bool = True) -> None:
        self._floor_kbps = floor_kbps
        self._ceiling_kbps = ceiling_kbps
        self.estimate_kbps = min(max(start_kbps, floor_kbps), ceiling_kbps)
        self._protection = Protection() if protects else None
        self._probing = Probing()
        self._probed: deque[tuple[float, int]] = deque()  # (when, how many bytes were asked for)
        self._delay = Delay()
        self._packets: deque[Packet] = deque()
        self._lost = 0
        self._heard_s: float | None = None
        self._is_silent = False
        self._before_silence_kbps: float | None = None
        self._begun_s = float('-inf')
        self._reacted_s = float('-inf')
        self._share, self._limit_kbps = BACK_OFF, self.estimate_kbps
        self._is_refining = False
        self._clear_s = float('-inf')
        self._sent_then_kbps = 0.0

    def is_congested(self, now_s: float) -> bool:
        """Whether the queue is being emptied, or feedback is missing: no time for anything that sends more."""
        return self._is_silent or now_s < max(self._reacted_s + HOLD_S, self._clear_s)

    def clear_at_s(self) -> float:
        """When the queue would be empty if nothing more were sent. In the past while there is none."""
        return self._clear_s

    @property
    def is_limited(self) -> bool:
        """Whether less than all is known to go through: then, and only then, `probe_bytes` has something to say."""
        return self.estimate_kbps < self._top_kbps

    @property
    def copies(self) -> int:
        """How often each packet is to be sent."""
        return self._protection.copies if self._protection else 1

    @property
    def _top_kbps(self) -> float:
        """A link that loses packets is not asked for more than it carried before it did."""
        return self._ceiling_kbps / self.copies

    @property
    def queue_s(self) -> float:
        """How long the newest frame heard of had to wait behind others."""
        return self._delay.queue_s

    def loss(self) -> float:
        """The share of packets lost in the last two seconds."""
        return self._lost / len(self._packets) if self._packets else 0.0

    # ---- feedback -----------------------------------------------------------------------------------------------

    def feed(self, packets: Iterable[Packet], now_s: float) -> None:
        """Takes one feedback: every packet it speaks of, in the order sent."""
        self._heard_s, self._is_silent = now_s, False
        packets = list(packets)
        for packet in packets:
            if packet.sent_s < self._begun_s:
                continue
            self._packets.append(packet)
            if packet.arrived_s is None:
                self._lost += 1
            else:
                self._delay.add(packet)
        while self._packets and self._packets[0].sent_s < now_s - LOSS_WINDOW_S:
            self._lost -= self._packets.popleft().arrived_s is None
        if not self._packets:
            return
        newest = self._packets[-1]
        if self._is_refining and newest.sent_s <= self._reacted_s:
            self._refine(newest, now_s)
            return
        self._is_refining = False
        if self._judge_protection(packets, now_s):
            return
        if self._delay.is_overused(self._clear_s, self._sent_kbps) or self._loses_too_much():
            self._back_off(newest, now_s)
        else:
            self._judge_probe(newest, now_s)

    def heard(self, at_s: float) -> None:
        """Feedback came then, and said nothing worth feeding."""
        if self._heard_s is None or at_s > self._heard_s:
            self._heard_s, self._is_silent = at_s, False

    def start_over(self, now_s: float) -> None:
        """Nothing was sent for a while, or the link was gone. What it carries is remembered; delays measured before it
        are not: clocks have drifted, and queues have emptied. Nor is what was sent into nowhere."""
        if self._is_silent and self._before_silence_kbps is not None:
            self._set(self._before_silence_kbps)
        self._begun_s = now_s
        self._delay, self._is_refining = Delay(), False
        self._packets.clear()
        self._lost = 0
        if self._protection:
            self._protection.start_over()
        self._probing = Probing()
        self._probed.clear()
        if self._heard_s is not None:
            self._heard_s, self._is_silent = now_s, False

    def set_limits(self, floor_kbps: float, ceiling_kbps: float) -> None:
        """For other levels. What carried all there was is believed to carry all there is."""
        was_limited = self.is_limited
        self._floor_kbps, self._ceiling_kbps = floor_kbps, ceiling_kbps
        self._set(self.estimate_kbps if was_limited else self._top_kbps)

    def tick(self, now_s: float, is_sending: bool) -> None:
        """Notices that feedback has stopped. Call it a few times a second; `is_sending` while frames go out."""
        if self._heard_s is None or not is_sending:
            self._heard_s = now_s if self._heard_s is not None else None
        elif not self._is_silent and now_s - self._heard_s > SILENCE_S:
            self._is_silent = True
            self._before_silence_kbps = self.estimate_kbps
            self._set(self.estimate_kbps / 2)
            self._probing.fail(now_s)

    def _set(self, kbps: float) -> None:
        self.estimate_kbps = min(max(kbps, self._floor_kbps), self._top_kbps)

    # ---- protecting ---------------------------------------------------------------------------------------------

    def _judge_protection(self, packets: list[Packet], now_s: float) -> bool:
        """What is lost in front of a queue is left to the rate, and so is more than any link loses by itself."""
        if not self._protection or self._delay.is_waiting():
            return False
        if self.copies == 1 and self._loses_heavily(self._of_now(self._packets)):
            return False
        since, former = self._of_now(packets), self.copies
        if former > 1:
            since = [packet for packet in since if packet.sent_s < packets[-1].sent_s - UNSETTLED_S]
        if not self._protection.judge(len(since), _count_lost(since), now_s):
            return False
        self._set(self.estimate_kbps * former / self.copies)
        self._probing = Probing()
        self._probed.clear()
        # What was sent otherwise is not held against what is sent now.
        self._reacted_s = now_s
        return True

    def _of_now(self, packets: Iterable[Packet]) -> list[Packet]:
        """Those of them that were sent since the last reaction, and after the queue of then."""
        since_s = max(self._reacted_s, self._clear_s)
        return [packet for packet in packets if packet.sent_s > since_s]

    # ---- backing off --------------------------------------------------------------------------------------------

    def _back_off(self, newest: Packet, now_s: float) -> None:
        arrived, self._sent_then_kbps = self._arrived_kbps(), self._sent_kbps()
        if self._probing.is_running(newest.sent_s):
            self._share, self._limit_kbps = PROBED, self._probing.probe.kbps
        else:
            self._share, self._limit_kbps = BACK_OFF, self.estimate_kbps
        self._probing.fail(now_s)
        self._set(min(self._limit_kbps, self._share * arrived))
        self._is_refining = True
        self._reacted_s = now_s
        unheard_s = now_s - newest.sent_s
        queue_s = self._delay.last_s - unheard_s + self._seconds_for(unheard_s, arrived)
        self._clear_s = now_s + min(max(queue_s, 0.0), MAX_DRAIN_S)
        self._delay.start_over()
        if self._protection:
            self._protection.start_over()

    def _refine(self, newest: Packet, now_s: float) -> None:
        """What was sent before the reaction still arrives: it tells the rate more exactly, and how much is to come."""
        rate = self._delay.busy_kbps()
        if rate:
            self._set(min(self._limit_kbps, self._share * rate))
            to_come_s = self._seconds_for(self._reacted_s - newest.sent_s, rate)
            self._clear_s = min(now_s + to_come_s, self._reacted_s + MAX_DRAIN_S)

    def _seconds_for(self, seconds: float, kbps: float) -> float:
        """How long a link of this rate takes for what was sent in so many seconds before the reaction."""
        return seconds * self._sent_then_kbps / max(kbps, 1)

    def _loses_too_much(self) -> bool:
        if not self._lost:
            return False
        since = self._of_now(self._packets)
        # What all copies lose is so rare that chance brings more of it together.
        many = MANY * self.copies
        return (len(since) >= many and _loss(since) > LOSS) or self._loses_heavily(since)

    def _loses_heavily(self, packets: list[Packet]) -> bool:
        few = FEW * self.copies
        recent = packets[-few:]
        return len(recent) == few and _loss(recent) > HEAVY_LOSS

    def _arrived_kbps(self) -> float:
        """What the link delivers: measured while it was busy if it was, and over half a second otherwise."""
        return self._delay.busy_kbps() or self._window_kbps(arrived_only=True)

    def _sent_kbps(self) -> float:
        return self._window_kbps(arrived_only=False)

    def _window_kbps(self, arrived_only: bool) -> float:
        end = self._packets[-1].sent_s
        packets = [packet for packet in self._packets if packet.sent_s > end - RATE_WINDOW_S]
        span = max(end - packets[0].sent_s, 0.1)
        return kbps_of(sum(p.size for p in packets if not arrived_only or p.arrived_s is not None), span)

    # ---- probing ------------------------------------------------------------------------------------------------

    def probe_bytes(self, now_s: float) -> int:
        """How many bytes to send again now: 0, except during a probe. Ask every link_probe.INTERVAL_S."""
        if not self.is_limited or self.is_congested(now_s) or not self._packets:
            return 0
        if self._delay.is_waiting() or now_s - self._heard_s > PROMPT_S:
            return 0
        size = self._probing.bytes_now(now_s, self._media_kbps(), self.estimate_kbps, self._top_kbps)
        if size:
            self._probed.append((now_s, size))
        return size

    def _media_kbps(self) -> float:
        """What is sent apart from probes, as far as feedback has told."""
        end = self._packets[-1].sent_s
        while self._probed and self._probed[0][0] <= end - RATE_WINDOW_S:
            self._probed.popleft()
        probed = kbps_of(sum(size for at, size in self._probed if at <= end), RATE_WINDOW_S)
        return max(0.0, self._sent_kbps() - probed)

    def _judge_probe(self, newest: Packet, now_s: float) -> None:
        probe = self._probing.probe
        if not probe or newest.sent_s < probe.end_s:
            return
        arrived = [p for p in self._packets if probe.start_s <= p.sent_s < probe.end_s and p.arrived_s is not None]
        if self._delay.is_waiting() or not arrived:
            self._probing.fail(now_s)
            return
        # A queue that the probe left behind shows in its last packet.
        held_up = max(0.0, (arrived[-1].arrived_s - arrived[0].arrived_s) - (arrived[-1].sent_s - arrived[0].sent_s))
        delivered = kbps_of(sum(p.size for p in arrived), probe.end_s - probe.start_s + held_up)
        if delivered * GAIN >= self._top_kbps:
            self._set(self._top_kbps)
            self._probing.reached_the_top()
        elif delivered > self.estimate_kbps * GAIN:
            self._set(min(delivered, probe.kbps))
            self._probing.succeed(now_s)
        else:
            self._probing.fail(now_s)


def _count_lost(packets: list[Packet]) -> int:
    return sum(packet.arrived_s is None for packet in packets)


def _loss(packets: list[Packet]) -> float:
    return _count_lost(packets) / len(packets)


class GccEstimate:
    """The same for a box that has rtpgccbwe (gst-plugins-rs): its word is taken.

    Its `estimated-bitrate` counts in bit/s and stays within one and a half times what is sent, so that steps between
    levels must not be larger than that (ladder.py's are not). It paces, and needs no probes.
    """

    def __init__(self, start_kbps: float, floor_kbps: float, ceiling_kbps: float) -> None:
        self._floor_kbps = floor_kbps
        self._ceiling_kbps = ceiling_kbps
        self.estimate_kbps = start_kbps
        self._fell_s = float('-inf')

    def heard(self, at_s: float) -> None:
        pass

    def start_over(self, now_s: float) -> None:
        pass

    def set_limits(self, floor_kbps: float, ceiling_kbps: float) -> None:
        """For other levels."""
        self._floor_kbps, self._ceiling_kbps = floor_kbps, ceiling_kbps
        self.estimate_kbps = min(max(self.estimate_kbps, floor_kbps), ceiling_kbps)

    def estimated(self, bitrate_bps: int, now_s: float) -> None:
        """Takes a notification of `estimated-bitrate`."""
        kbps = min(max(bitrate_bps / 1000, self._floor_kbps), self._ceiling_kbps)
        if kbps < self.estimate_kbps * 0.95:
            self._fell_s = now_s
        self.estimate_kbps = kbps

    @property
    def is_limited(self) -> bool:
        return False

    #: It does not tell what is lost.
    copies = 1

    def is_congested(self, now_s: float) -> bool:
        return now_s < self._fell_s + HOLD_S

    def clear_at_s(self) -> float:
        return self._fell_s + HOLD_S / 2

    def tick(self, now_s: float, is_sending: bool) -> None:
        pass

    def probe_bytes(self, now_s: float) -> int:
        return 0

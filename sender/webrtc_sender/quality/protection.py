"""How often a viewer is sent each packet. Pure: time is injected.

A link that loses packets without a queue loses them whatever is sent. A retransmission comes a round trip late, and is
lost as often, and so is the request for it, which Chromium makes again only after 100 ms. Sent twice from the
beginning, at 10 % loss one packet in a hundred is missed; sent three times, at 20 % the same. The copies take their
part of what the link carries, and the picture gets the less.
"""

from collections import deque
from typing import NamedTuple


class _Rule(NamedTuple):
    """When one copy more is sent: this share, and number, of the packets reported within so many seconds is lost."""

    loss: float
    lost: int
    within_s: float


# To two copies at 3 % loss; less is left to retransmission. To three where 0.8 % lose both, at 9 %: with two, 10 % loss
# still froze the picture five times a minute. To four where 0.4 % lose all three, at 16 %.
RULES = {1: _Rule(0.03, 6, 2.0), 2: _Rule(0.008, 6, 15.0), 3: _Rule(0.004, 5, 20.0)}
MOST_COPIES = max(RULES) + 1
# One copy less when of so many packets none was missed for so long, and longer each time that it was too soon. At 5 %
# loss two copies miss 4 packets in 10 s, at 20 % three miss 8.
FEWER_AFTER_S, FEWER_AFTER_MAX_S = 10.0, 120.0
FEWER_AFTER_PACKETS = 200
TOO_SOON_S = 30.0
# What is reported sooner after a change may have been sent before it.
GRACE_S = 0.5
# A report that is made between a packet's copies calls it lost, and nothing puts that right. So what was sent in a
# report's last moments is left out: counted, a tenth that is lost once looked like more than two copies can mend.
UNSETTLED_S = 0.03


class Protection:
    """Of one viewer."""

    def __init__(self) -> None:
        self.copies = 1
        self._reports: deque[tuple[float, int, int]] = deque()  # (when, packets, lost)
        self._changed_s = self._lost_s = self._fewer_s = float('-inf')
        self._fewer_after_s = FEWER_AFTER_S
        self._arrived = 0  # in a row

    def judge(self, packets: int, lost: int, now_s: float) -> bool:
        """Takes what was reported now of packets that met no queue. True when `copies` is another now."""
        if now_s < self._changed_s + GRACE_S:
            return False
        self._reports.append((now_s, packets, lost))
        self._arrived += packets
        if lost:
            self._lost_s, self._arrived = now_s, 0
        if self.copies <= max(RULES) and self._needs_more(RULES[self.copies], now_s):
            too_soon = now_s - self._fewer_s < TOO_SOON_S
            self._fewer_after_s = min(2 * self._fewer_after_s, FEWER_AFTER_MAX_S) if too_soon else FEWER_AFTER_S
            return self._set(self.copies + 1, now_s)
        if self.copies > 1 and self._arrived > FEWER_AFTER_PACKETS and now_s - self._lost_s > self._fewer_after_s:
            self._fewer_s = now_s
            return self._set(self.copies - 1, now_s)
        return False

    def start_over(self) -> None:
        """What was reported so far says nothing of what comes."""
        self._reports.clear()

    def _needs_more(self, rule: _Rule, now_s: float) -> bool:
        while self._reports[0][0] < now_s - rule.within_s:
            self._reports.popleft()
        packets = sum(count for _, count, _ in self._reports)
        lost = sum(count for _, _, count in self._reports)
        return lost >= max(rule.lost, rule.loss * packets)

    def _set(self, copies: int, now_s: float) -> bool:
        self.copies, self._arrived = copies, 0
        self._changed_s = self._lost_s = now_s
        self.start_over()
        return True

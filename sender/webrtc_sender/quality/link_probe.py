"""When to try whether a viewer's link carries more, with how much, and how long to wait after a failure. Pure.

A sender that sends less than the link carries never learns how much less: only sending more tells. Measured with
Chromium behind tbf: 3 to 7 s from a freed link to full size; probes take about a tenth of what a narrow link carries.
"""

from dataclasses import dataclass

PROBE_S = 0.25
# The first step costs a slow link the least; once it has gone through, the link is probably free.
FIRST_STEP = 1.5
NEXT_STEP = 2.0
# A failure costs its viewer a tenth of a second of delay. Waiting longer than this would make a freed link wait too.
WAITS_S = (2.0, 3.0, 4.0)
BETWEEN_S = 0.1
# A link that lets bursts pass makes a short probe succeed by mistake: where that has happened, the first step takes
# twice as long, or four times.
MAX_DOUBTS = 2
# How often to ask for bytes while a probe runs: what is sent in one go is a burst.
INTERVAL_S = 0.02


@dataclass
class Probe:
    """A time in which `kbps` is sent, frames and all."""

    kbps: float
    start_s: float
    end_s: float


class Probing:
    """One viewer's probes."""

    def __init__(self) -> None:
        self.probe: Probe | None = None
        self._next_s: float | None = None
        self._failures = 0
        self._successes = 0
        self._asked_s = 0.0
        self._doubts = 0

    def bytes_now(self, now_s: float, media_kbps: float, estimate_kbps: float, ceiling_kbps: float) -> int:
        """What is to be sent in addition, with `media_kbps` of frames on their way."""
        if self._next_s is None:
            self._next_s = now_s + BETWEEN_S
        if not self.probe:
            if now_s < self._next_s:
                return 0
            step, length_s = (NEXT_STEP, PROBE_S) if self._successes else (FIRST_STEP, PROBE_S * 2**self._doubts)
            self.probe = Probe(min(step * estimate_kbps, ceiling_kbps), now_s, now_s + length_s)
            self._asked_s = now_s - INTERVAL_S
        if now_s >= self.probe.end_s:
            return 0
        owed = max(0.0, self.probe.kbps - media_kbps) * 125 * min(now_s - self._asked_s, 4 * INTERVAL_S)
        self._asked_s = now_s
        return round(owed)

    def is_running(self, sent_s: float) -> bool:
        """Whether what was sent then was part of a probe that has not been judged."""
        return self.probe is not None and sent_s >= self.probe.start_s

    def succeed(self, now_s: float) -> None:
        self.probe = None
        self._successes += 1
        self._next_s = now_s + BETWEEN_S

    def fail(self, now_s: float) -> None:
        """The probe, or the link without one, was too much."""
        self.probe = None
        if self._successes:
            self._doubts = min(self._doubts + 1, MAX_DOUBTS)
        self._next_s = now_s + WAITS_S[min(self._failures, len(WAITS_S) - 1)]
        self._failures, self._successes = self._failures + 1, 0

    def reached_the_top(self) -> None:
        """There is nothing left to probe for; what has gone wrong before is forgotten."""
        self.probe = None
        self._failures = self._successes = self._doubts = 0

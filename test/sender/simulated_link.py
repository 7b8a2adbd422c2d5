"""A simulation, not a network: a bottleneck with a queue, and a sender that obeys bandwidth.py and ladder.py.

It gives feedback as Chromium and rtpsession do: every 60 ms, each packet with the times at which it left and arrived.
Random losses come from a seeded generator, so that every run is the same.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from webrtc_sender.camera.modes import Mode
from webrtc_sender.quality.bandwidth import Controller
from webrtc_sender.quality.ladder import Assignment, Link, ceiling_kbps, levels_for
from webrtc_sender.quality.link_delay import Packet

MTU = 1188
HEADERS = 60
FEEDBACK_S = 0.06
KEYFRAME_FRAMES = 3  # a keyframe is as large as so many others: the encoders' buffers allow little more
MENDABLE = 0.7  # with fewer of its packets a frame is lost, and all that follow until a keyframe
RETRANSMISSION_S = 0.05
COPY_S = 0.008  # after which a copy follows
PLI_S = 0.3  # after which the viewer asks for a keyframe
FREE_KBPS = 1_000_000
HD = Mode(1280, 720, 30.0)


def steps(*pairs: tuple[float, float]) -> Callable[[float], float]:
    """A rate that changes: (from this second, this many kbit/s), in order."""
    return lambda now_s: [kbps for since_s, kbps in pairs if since_s <= now_s][-1]


@dataclass
class SimulatedLink:
    """`rate(t)` in kbit/s; the queue holds `buffer_s` of it, and `bucket` bytes pass at once after a rest (tbf)."""

    rate: Callable[[float], float]
    buffer_s: float = 0.4
    delay_s: float = 0.005
    loss: float = 0.0
    jitter_s: float = 0.0
    bucket: int = 0
    seed: int = 1
    clock_offset_s: float = 12345.0
    clock_drift: float = 0.0
    _idle_s: float = 0.0  # when the queue will be empty
    _tokens: float = 0.0
    _asked_s: float = 0.0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def send(self, now_s: float, size: int) -> float | None:
        """When the packet arrives; None when it does not."""
        bits_per_s = self.rate(now_s) * 1000
        rested_s = max(0.0, now_s - max(self._asked_s, self._idle_s))
        self._tokens = min(self.bucket * 8, self._tokens + rested_s * bits_per_s)
        self._asked_s = now_s
        if self._random.random() < self.loss or self._idle_s - now_s > self.buffer_s:
            return None
        bits = (size + HEADERS) * 8
        at_once = min(self._tokens, bits) if self._idle_s <= now_s else 0
        self._tokens -= at_once
        self._idle_s = max(now_s, self._idle_s) + (bits - at_once) / bits_per_s
        return self._idle_s + self.delay_s + self._random.random() * self.jitter_s

    def viewers_clock(self, now_s: float) -> float:
        return now_s * (1 + self.clock_drift) + self.clock_offset_s


class Traced(NamedTuple):
    """The first viewer at one moment."""

    now_s: float
    level: int
    estimate_kbps: float
    copies: int


@dataclass
class SimulatedViewer:
    """One viewer: its link, its controller, what it has been sent and what it has shown."""

    link: SimulatedLink
    controller: Controller
    shown: list = field(default_factory=list)  # (shown at, age, level)
    levels: list = field(default_factory=list)  # (since, level)
    level: int = 0
    needs_keyframe: bool = True
    is_paused: bool = False
    broken_since_s: float | None = None
    in_flight: list = field(default_factory=list)  # (sent, arrives or None, size), not reported yet
    sent_kbit: float = 0.0
    probe_kbit: float = 0.0

    def send_frame(self, now_s: float, kbps: float, fps: float) -> None:
        if self.is_paused:
            return
        if self.broken_since_s is not None and now_s - self.broken_since_s > PLI_S:
            self.needs_keyframe = True
        size = round(kbps * 125 / fps * (KEYFRAME_FRAMES if self.needs_keyframe else 1))
        if self.needs_keyframe:
            self.broken_since_s, self.needs_keyframe = None, False
        arrivals = self._send(now_s, size)
        arrived = [at for at in arrivals if at is not None]
        if len(arrived) < MENDABLE * len(arrivals) and self.broken_since_s is None:
            self.broken_since_s = now_s
        if self.broken_since_s is None and arrived:
            shown_s = max(arrived) + (RETRANSMISSION_S if len(arrived) < len(arrivals) else 0)
            self.shown.append((shown_s, shown_s - now_s, self.level))

    def send_probe(self, now_s: float) -> None:
        size = self.controller.probe_bytes(now_s)
        self.probe_kbit += size / 125
        self._send(now_s, size)

    def _send(self, now_s: float, size: int) -> list[float | None]:
        sizes = [min(MTU, size - begin) for begin in range(0, size, MTU)]
        # Each a little later than the one before, as a real sender's are.
        sent = [now_s + number * 5e-5 for number in range(len(sizes))]
        arrivals = [self._carry(at, each) for at, each in zip(sent, sizes, strict=True)]
        for number in range(1, self.controller.copies):
            copies = [self._carry(at + number * COPY_S, each) for at, each in zip(sent, sizes, strict=True)]
            arrivals = [first or second for first, second in zip(arrivals, copies, strict=True)]
        self.in_flight += zip(sent, arrivals, sizes, strict=True)
        return arrivals

    def _carry(self, sent_s: float, size: int) -> float | None:
        self.sent_kbit += size / 125
        return self.link.send(sent_s, size)

    def feedback(self, now_s: float) -> list[Packet]:
        """The packets that have arrived, and those lost before them."""
        heard_s = now_s - self.link.delay_s
        arrived = [n for n, (_, at, _) in enumerate(self.in_flight) if at is not None and at <= heard_s]
        count = arrived[-1] + 1 if arrived else 0
        report, self.in_flight = self.in_flight[:count], self.in_flight[count:]
        return [Packet(sent, None if at is None else self.link.viewers_clock(at), size) for sent, at, size in report]


class Simulation:
    """Several viewers of one camera, 30 frames a second, at most `kbps`."""

    def __init__(self, links: dict, kbps: int = 2500, mode: Mode = HD, start_kbps: float = 1e9):
        self.kbps = kbps
        self.mode = mode
        self.levels = levels_for(mode, kbps)
        self.assignment = Assignment(self.levels)
        ceiling = ceiling_kbps(kbps)
        self.viewers = {
            name: SimulatedViewer(link, Controller(start_kbps, self.levels[-1].min_kbps, ceiling))
            for name, link in links.items()
        }
        self.frame = 0
        self.trace: list[Traced] = []

    @property
    def now_s(self) -> float:
        return self.frame / self.mode.fps

    def run(self, until_s: float) -> 'Simulation':
        next_feedback = self.now_s
        while self.now_s < until_s:
            if self.now_s >= next_feedback:
                next_feedback += FEEDBACK_S
                self._decide()
            targets = self.assignment.targets(self._links())
            for viewer in self.viewers.values():
                level = self.levels[viewer.level]
                if self.frame % level.every == 0:
                    viewer.send_frame(self.now_s, targets.get(viewer.level, level.min_kbps), level.fps)
                if not viewer.is_paused:
                    viewer.send_probe(self.now_s + 0.01)
            self.frame += 1
        return self

    def _links(self) -> dict:
        return {
            name: Link(v.controller.estimate_kbps, v.controller.is_congested(self.now_s), v.controller.clear_at_s())
            for name, v in self.viewers.items()
        }

    def _decide(self) -> None:
        now = self.now_s
        for viewer in self.viewers.values():
            report = viewer.feedback(now)
            if report:
                viewer.controller.feed(report, now)
            viewer.controller.tick(now, not viewer.is_paused)
        for move in self.assignment.decide(self._links(), now):
            viewer = self.viewers[move.viewer]
            viewer.is_paused = move.pauses
            if not move.pauses:
                viewer.level, viewer.needs_keyframe = move.level, True
                viewer.levels.append((now, move.level))
        first = next(iter(self.viewers.values()))
        link = first.controller
        self.trace.append(Traced(now, first.level, link.estimate_kbps, link.copies))


def longest_gap_s(viewer: SimulatedViewer, since_s: float, until_s: float) -> float:
    times = [since_s, *(t for t, _, _ in viewer.shown if since_s <= t < until_s), until_s]
    return max(later - earlier for earlier, later in zip(times, times[1:], strict=False))


def ages_s(viewer: SimulatedViewer, since_s: float, until_s: float) -> list[float]:
    return sorted(age for t, age, _ in viewer.shown if since_s <= t < until_s)


def percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float('inf')

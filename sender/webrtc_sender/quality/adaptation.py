"""Follows each viewer's link, and moves viewers and bitrates to what the links carry.

What a link carries is estimated in bandwidth.py, who is shown what is decided in ladder.py; both are pure. This feeds
them and does what they say. Lives on the asyncio thread.
"""

import asyncio
import contextlib
import time

from .. import log
from .bandwidth import Controller, GccEstimate
from .distribution import Distribution
from .ladder import Assignment, Level, Link, ceiling_kbps
from .link_probe import INTERVAL_S

# While every link carries everything there is little to do.
CALM_S = 0.25
# A bitrate that differs by less is left alone.
LOWER, HIGHER = 0.98, 1.05
UNKNOWN = Link(float('inf'))


class Adaptation:
    """With `is_on` False every viewer gets all there is, as long as it can. With `protects` everything is sent
    more than once to one whose link loses packets."""

    def __init__(self, distribution: Distribution, is_on: bool, protects: bool = True) -> None:
        self._distribution = distribution
        self._is_on = is_on
        self._protects = protects
        self._links: dict[object, Controller | GccEstimate | None] = {}
        self._assignment: Assignment | None = None
        self._woken = asyncio.Event()
        self._targets: dict[int, int] = {}
        self._suspended: set = set()
        distribution.on_levels = self._use

    def add(self, connection) -> None:
        """A connection that is up. Without feedback it gets everything."""
        self._links[connection] = None

    def remove(self, connection) -> None:
        self._links.pop(connection, None)
        self._suspended.discard(connection)
        self._woken.set()

    def suspend(self, connection) -> None:
        """Nothing is sent to it until `resume`: its silence says nothing of its link, and nobody is slowed for it."""
        self._suspended.add(connection)

    def resume(self, connection) -> int:
        """The level with which it goes on; what was known of its link still holds."""
        self._suspended.discard(connection)
        now = time.monotonic()
        if link := self._links.get(connection):
            link.start_over(now)
        if not self._assignment or not self._is_on or connection not in self._links:
            return 0
        return self._assignment.admit(connection, self._links_now(now))

    def link_back(self, connection) -> None:
        """Its link was gone for a while: it begins anew, with a keyframe and as it was before."""
        self._distribution.pause(connection)
        self.suspend(connection)
        self._distribution.move(connection, self.resume(connection))

    def link_kbps(self, connection) -> float | None:
        """What its link carries, as estimated; None while that is not known."""
        link = self._links.get(connection)
        return link.estimate_kbps if link else None

    def links_bps(self) -> list[float]:
        return [link.estimate_kbps * 1000 for link in self._links.values() if link]

    def feedback(self, connection, packets) -> None:
        """Transport-wide feedback of a connection, as bandwidth.Packet."""
        if connection not in self._links or not self._assignment:
            return
        link = self._links[connection] = self._links[connection] or Controller(*self._limits(), self._protects)
        if isinstance(link, GccEstimate):
            return
        before, copies, now = link.estimate_kbps, link.copies, time.monotonic()
        link.feed(packets, now)
        if link.copies != copies:
            self._protect(connection, link)
        if link.estimate_kbps < before:
            self._decide(now)
        if link.is_limited:
            self._woken.set()

    def _protect(self, connection, link) -> None:
        rung = self._distribution.rung_of(connection)
        encode_ms = rung.encode_ms() if rung else None
        log.debug('viewer-protected', viewer=connection.name, copies=link.copies, link_kbps=round(link.estimate_kbps))
        connection.send_copies(link.copies, None if encode_ms is None else encode_ms / 1000)

    def estimated(self, connection, bitrate_bps: int) -> None:
        """The word of rtpgccbwe, on a box that has it."""
        if connection not in self._links or not self._assignment:
            return
        link = self._links[connection]
        if not isinstance(link, GccEstimate):
            link = self._links[connection] = GccEstimate(*self._limits())
        now = time.monotonic()
        link.estimated(bitrate_bps, now)
        self._decide(now)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._woken.clear()
            is_busy = False
            now = time.monotonic()
            for connection, link in list(self._links.items()):
                if link and connection not in self._suspended:
                    is_busy |= self._attend(connection, link, now)
            if self._assignment and self._is_on:
                self._decide(now)
            if is_busy:
                await asyncio.sleep(INTERVAL_S)
            else:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), CALM_S)

    def _attend(self, connection, link, now: float) -> bool:
        """Silence and probes. False when the link carries all there is."""
        is_sending = self._distribution.rung_of(connection) is not None
        if heard_at := connection.feedback_at():
            link.heard(heard_at)
        link.tick(now, is_sending)
        is_full = not link.is_limited and not link.is_congested(now)
        connection.want_all_feedback(not is_full or link.copies > 1)
        probe = link.probe_bytes(now) if is_sending and not is_full else 0
        if probe:
            connection.send_probe(probe)
        return not is_full

    def _limits(self) -> tuple[float, float, float]:
        """Start, floor and ceiling of an estimate: a link is believed to carry everything until it does not."""
        levels = self._distribution.levels
        ceiling = ceiling_kbps(levels[0].max_kbps)
        return ceiling, levels[-1].min_kbps, ceiling

    def _use(self, levels: tuple[Level, ...]) -> None:
        """Another mode or bitrate has other levels. Everybody is put at once where they belong."""
        self._assignment, self._targets = Assignment(levels), {}
        for link in self._links.values():
            if link:
                link.set_limits(*self._limits()[1:])
        for move in self._assignment.decide(self._links_now(time.monotonic()), time.monotonic()):
            self._distribution.place(move.viewer, move.level)
        self._set_targets(self._links_now(time.monotonic()))

    def _links_now(self, now: float) -> dict[object, Link]:
        return {
            connection: Link(link.estimate_kbps, link.is_congested(now), link.clear_at_s()) if link else UNKNOWN
            for connection, link in self._links.items()
            if connection not in self._suspended
        }

    def _decide(self, now: float) -> None:
        if not self._is_on:
            return
        links = self._links_now(now)
        moves = self._assignment.decide(links, now)
        self._set_targets(links)
        for move in moves:
            kbps = round(links[move.viewer].kbps)
            log.debug('viewer-moved', viewer=move.viewer.name, level=move.level, pauses=move.pauses, link_kbps=kbps)
            if move.pauses:
                self._distribution.pause(move.viewer)
            else:
                self._distribution.move(move.viewer, move.level)

    def _set_targets(self, links) -> None:
        for number, kbps in self._assignment.targets(links).items():
            former = self._targets.get(number)
            top = self._distribution.levels[number].max_kbps
            if former is None or not LOWER * former < kbps < HIGHER * former or (kbps == top != former):
                self._targets[number] = kbps
                self._distribution.set_kbps(number, kbps)

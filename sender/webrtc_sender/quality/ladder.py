"""Quality levels, and which viewer gets which. Pure: time is injected.

Each level is encoded once, whoever watches it. A viewer whose link cannot carry what the others on its level get moves
down a level instead of slowing them; only on the lowest level does the slowest set the rate.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..camera.modes import Mode

# Of what a link carries, this much is for the encoder: the rest is retransmissions, and an encoder's unevenness.
MEDIA_SHARE = 0.9
# A level ends where the next one gives the better picture for the same rate.
LOWEST_SHARE = 0.45
SECOND_SHARE, THIRD_SHARE = 0.45, 0.16
FLOOR_SHARE, FLOOR_KBPS = 0.04, (80, 120)
MIN_WIDTH = 160
FULL_FPS, LOW_FPS = 30, 15
# Others on the level may get this much more than the link has shown before its viewer has to leave.
TOLERANCE = 1.1
# Up only with this much to spare, for so long, and the longer the more often it has gone wrong.
HEADROOM = 1.1
UP_AFTER_S = 1.0
UP_AFTER_MAX_S = 32.0
GOES_WRONG_WITHIN_S = 10.0
FORGIVEN_AFTER_S = 60.0
# Frames that can only make a queue longer are not sent. This much of one is left to the encoder's restraint.
SHORT_QUEUE_S = 0.25
# The keyframe that follows a pause may arrive just as the queue ends.
KEYFRAME_S = 0.1
MAX_PAUSE_S = 0.8


@dataclass(frozen=True)
class Level:
    """One quality. `every`: of the camera's frames each n-th is used."""

    number: int
    width: int
    height: int
    every: int
    fps: float
    max_kbps: int
    min_kbps: int


def levels_for(mode: Mode, kbps: int) -> tuple[Level, ...]:
    """Level 0 is everything; each further one half the size, the last at half the rate. Small modes have fewer."""
    floor = min(max(round(FLOOR_SHARE * kbps), FLOOR_KBPS[0]), FLOOR_KBPS[1], kbps)
    steps = (
        (1, 1, 1.0, LOWEST_SHARE),
        (2, max(1, round(mode.fps / FULL_FPS)), SECOND_SHARE, THIRD_SHARE),
        (4, max(1, round(mode.fps / LOW_FPS)), THIRD_SHARE, 0.0),
    )
    levels: list[Level] = []
    for divisor, every, top, bottom in steps:
        width, height = (_even(edge / divisor) for edge in (mode.width, mode.height))
        top_kbps, bottom_kbps = round(top * kbps), max(round(bottom * kbps), floor)
        if levels and (width < MIN_WIDTH or top_kbps < 1.25 * floor):
            break
        levels.append(Level(len(levels), width, height, every, mode.fps / every, top_kbps, bottom_kbps))
    last = levels.pop()
    return (*levels, Level(**{**vars(last), 'min_kbps': floor}))


def _even(edge: float) -> int:
    return max(2, round(edge / 2) * 2)


def ceiling_kbps(kbps: int) -> float:
    """What a link must carry for all of level 0; to know of more is of no use."""
    return kbps / MEDIA_SHARE


class Link(NamedTuple):
    """What is known of a viewer's link (see bandwidth.Controller)."""

    kbps: float
    is_congested: bool = False
    #: When its queue will be empty if nothing more is sent.
    clear_at_s: float = float('-inf')


class Move(NamedTuple):
    """What is to be done for one viewer.

    `pauses`: what it gets cannot arrive in time. Send it nothing more; a move without `pauses` follows within a second.
    Otherwise: ask `level` for a keyframe, and let the viewer get that level from there on. Until then it goes on with
    what it gets, if anything.
    """

    viewer: Hashable
    level: int
    pauses: bool = False


@dataclass
class _Place:
    """Where a viewer is, and how its moves have gone."""

    level: int = 0
    paused_s: float | None = None
    resumed_s: float = float('-inf')
    could_since_s: float | None = None
    rose_s: float = float('-inf')
    fell_s: float = float('-inf')
    up_after_s: float = UP_AFTER_S

    def fall(self, level: int, now_s: float) -> None:
        if now_s - self.rose_s < GOES_WRONG_WITHIN_S:
            self.up_after_s = min(2 * self.up_after_s, UP_AFTER_MAX_S)
        self.level, self.fell_s = level, now_s

    def may_rise(self, link: Link, now_s: float) -> bool:
        """Whether the link could carry more for long enough."""
        if now_s - max(self.rose_s, self.fell_s) > FORGIVEN_AFTER_S:
            self.up_after_s = UP_AFTER_S
        if link.is_congested:
            return False
        if self.could_since_s is None:
            self.could_since_s = now_s
        return now_s - self.could_since_s >= self.up_after_s

    def rise(self, level: int, now_s: float) -> None:
        self.level, self.rose_s, self.could_since_s = level, now_s, None


class Assignment:
    """Decides for all viewers of one camera. Every viewer begins on level 0."""

    def __init__(self, levels: tuple[Level, ...]) -> None:
        self.levels = levels
        self._places: dict[Hashable, _Place] = {}

    def level_of(self, viewer: Hashable) -> int:
        """The level that a viewer gets, or will get at its next keyframe; 0 for one that is new."""
        return self._places[viewer].level if viewer in self._places else 0

    def admit(self, viewer: Hashable, links: Mapping[Hashable, Link]) -> int:
        """The level for one that was away and whose link is known already: it need not fall from level 0 first."""
        place = self._places[viewer] = _Place()
        place.level = self._best(viewer, links[viewer], self._shares(links))
        return place.level

    def decide(self, links: Mapping[Hashable, Link], now_s: float) -> list[Move]:
        """The moves due now. A viewer that is no longer among `links` is forgotten."""
        self._places = {viewer: self._places.get(viewer) or _Place() for viewer in links}
        moves = []
        shares = self._shares(links)
        for viewer in links:
            move = self._move(viewer, links[viewer], shares, now_s)
            if move:
                moves.append(move)
                shares = self._shares(links)
        return moves

    def targets(self, links: Mapping[Hashable, Link]) -> dict[int, int]:
        """The bitrate in kbit/s of each level that anyone is on."""
        shares = self._shares(links)
        return {level.number: round(self._target(level, shares)) for level in self.levels if shares[level.number]}

    def _shares(self, links: Mapping[Hashable, Link]) -> list[list[tuple[float, Hashable]]]:
        """For each level what its viewers could be sent, the best two and the least: nothing else matters."""
        shares: list[list] = [[] for _ in self.levels]
        for viewer, place in self._places.items():
            if viewer in links:
                shares[place.level].append((MEDIA_SHARE * links[viewer].kbps, viewer))
        for level in shares:
            level.sort(key=lambda share: share[0], reverse=True)
        return [[*level[:2], *level[2:][-1:]] for level in shares]

    def _target(self, level: Level, shares: list[list], without: Hashable = None) -> float:
        """What the level's viewers, but for one, have it sent with; 0 when there are none."""
        others = [share for share, viewer in shares[level.number] if viewer != without]
        if not others:
            return 0
        wanted = others[-1] if level is self.levels[-1] else others[0]
        return min(max(wanted, level.min_kbps), level.max_kbps)

    def _best(self, viewer: Hashable, link: Link, shares: list[list]) -> int:
        """The best level that the viewer's link carries. To rise takes more than to stay."""
        here, share = self._places[viewer].level, MEDIA_SHARE * link.kbps
        for level in self.levels[:-1]:
            headroom = HEADROOM if level.number < here else 1.0
            others = self._target(level, shares, without=viewer)
            if share >= level.min_kbps * headroom and share * TOLERANCE >= others:
                return level.number
        return self.levels[-1].number

    def _move(self, viewer: Hashable, link: Link, shares: list[list], now_s: float) -> Move | None:
        place, best = self._places[viewer], self._best(viewer, link, shares)
        if best >= place.level or link.is_congested:
            place.could_since_s = None
        queue_s = link.clear_at_s - now_s
        if best > place.level:
            place.fall(best, now_s)
            place.paused_s = now_s if place.paused_s is None else place.paused_s
            return Move(viewer, best, pauses=True)
        if place.paused_s is not None:
            if queue_s > KEYFRAME_S and now_s - place.paused_s < MAX_PAUSE_S:
                return None
            place.paused_s, place.resumed_s = None, now_s
            return Move(viewer, place.level)
        if queue_s > SHORT_QUEUE_S and now_s - place.resumed_s > MAX_PAUSE_S:
            place.paused_s = now_s
            return Move(viewer, place.level, pauses=True)
        if best < place.level and place.may_rise(link, now_s):
            place.rise(best, now_s)
            return Move(viewer, best)
        return None

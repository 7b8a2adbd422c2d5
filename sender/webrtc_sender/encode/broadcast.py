"""Encoded frames to everyone who subscribed, on the encoder's own thread: a hop over asyncio would add its jitter."""

import threading
from typing import NamedTuple


class Totals(NamedTuple):
    """What has been encoded."""

    frames: int
    keyframes: int
    bytes: int

    def __add__(self, other: 'Totals') -> 'Totals':
        return Totals(*(mine + others for mine, others in zip(self, other, strict=True)))


NOTHING = Totals(0, 0, 0)


# So many newcomers to the same keyframe, and the next ones are the same storm: a page that many open at once, a wall of
# screens that comes back.
STORM = 3
# What a newcomer in a storm is given at once, at most: more than a browser's socket holds would be lost on its way.
STORM_BYTES = 400_000


class Broadcast:
    """`keep_frames`: who subscribes within this many frames of a keyframe is given the frames since then at once,
    instead of a new keyframe for everyone. In a storm of newcomers that goes for `storm_frames`."""

    def __init__(self, keep_frames: int, storm_frames: int = 0) -> None:
        self._keep_frames = keep_frames
        self._most_frames = max(keep_frames, storm_frames)
        self._lock = threading.Lock()
        self._subscribers: tuple = ()
        self._recent: list = []
        self._recent_bytes = self._newcomers = 0
        self._frames = self._keyframes = self._bytes = 0

    def publish(self, buffer, is_keyframe: bool) -> None:
        self._frames += 1
        self._keyframes += is_keyframe
        self._bytes += buffer.get_size()
        with self._lock:
            self._remember(buffer, is_keyframe)
            for push in self._subscribers:
                push(buffer, is_keyframe)

    @property
    def totals(self) -> Totals:
        return Totals(self._frames, self._keyframes, self._bytes)

    @property
    def known_since(self) -> int | None:
        """The time of the keyframe that a newcomer would begin with; None while it would have to wait for one."""
        recent = self._for_newcomer()
        return recent[0][0].pts if recent else None

    def subscribe(self, push, catch_up: bool) -> bool:
        """Calls `push(buffer, is_keyframe)` for each frame to come, and with `catch_up` first for those since the last
        keyframe. True when there were any."""
        with self._lock:
            recent = self._for_newcomer() if catch_up else ()
            self._newcomers += 1
            for buffer, is_keyframe in recent:
                push(buffer, is_keyframe)
            self._subscribers = (*self._subscribers, push)
            return bool(recent)

    def unsubscribe(self, push) -> None:
        with self._lock:
            self._subscribers = tuple(entry for entry in self._subscribers if entry != push)

    def clear(self) -> None:
        """Lets everything go."""
        with self._lock:
            self._subscribers, self._recent = (), []

    def _for_newcomer(self) -> list:
        """The frames since the last keyframe, unless they are too many."""
        recent = self._recent
        if len(recent) <= self._keep_frames:
            return recent
        return recent if self._newcomers >= STORM and self._recent_bytes <= STORM_BYTES else []

    def _remember(self, buffer, is_keyframe: bool) -> None:
        if is_keyframe:
            self._recent, self._recent_bytes, self._newcomers = [(buffer, True)], 0, 0
        elif 0 < len(self._recent) < self._most_frames:
            self._recent.append((buffer, False))
        else:
            self._recent = []
        self._recent_bytes += buffer.get_size()

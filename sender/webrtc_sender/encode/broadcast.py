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


class Broadcast:
    """`keep_frames`: who subscribes within this many frames of a keyframe is given the frames since then at once,
    instead of a new keyframe for everyone."""

    def __init__(self, keep_frames: int) -> None:
        self._keep_frames = keep_frames
        self._lock = threading.Lock()
        self._subscribers: tuple = ()
        self._recent: list = []
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
        recent = self._recent
        return recent[0][0].pts if recent else None

    def subscribe(self, push, catch_up: bool) -> bool:
        """Calls `push(buffer, is_keyframe)` for each frame to come, and with `catch_up` first for those since the last
        keyframe. True when there were any."""
        with self._lock:
            recent = self._recent if catch_up else ()
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

    def _remember(self, buffer, is_keyframe: bool) -> None:
        if is_keyframe:
            self._recent = [(buffer, True)]
        elif 0 < len(self._recent) < self._keep_frames:
            self._recent.append((buffer, False))
        else:
            self._recent = []

"""What one connection is sent: the frames of one rung, and from a keyframe on those of another."""

import threading
from functools import partial

from ..gst import COPY

# A frame that must follow one of the same time gets the next tick of RTP's 90 kHz clock.
TICK_NS = 11_112


class Feed:
    """`push(buffer, is_keyframe)` is the connection's. On an encoder's thread, `on_resume()` is called before the
    keyframe that ends a pause, and `on_moved()` after the one with which another rung has taken over."""

    def __init__(self, push, on_resume, on_moved) -> None:
        self._push = push
        self._on_resume = on_resume
        self._on_moved = on_moved
        self._lock = threading.Lock()
        self._subscriptions: dict = {}
        self._current = None
        self._coming = None
        self._is_paused = self._is_suspended = False
        self._last_pts = -1

    @property
    def rung(self):
        """Whose frames are being sent; None while nothing is."""
        return self._current

    @property
    def target(self):
        """Where it is going, or already is."""
        return self._coming or self._current

    def rungs(self) -> tuple:
        """All that must keep running for it."""
        return tuple(self._subscriptions)

    def begin(self, rung) -> bool:
        """Frames of this rung, from its last keyframe on if that is known and of use. True then."""
        self._coming = rung
        return self._subscribe(rung, catch_up=self._may_catch_up(rung))

    def pause(self) -> None:
        """Nothing until it is moved to a rung, be it the same."""
        with self._lock:
            self._current = self._coming = None
            self._is_paused = True

    def suspend(self) -> None:
        """Nothing until it begins again, and nothing need run for it."""
        self.pause()
        self._is_suspended = True
        self.end()

    def move_to(self, rung) -> None:
        """Frames of this rung from its next keyframe on."""
        with self._lock:
            self._coming = None if rung is self._current else rung
        if rung not in self._subscriptions:
            self._subscribe(rung, catch_up=False)

    def drop(self, rung) -> None:
        """Nothing more of this rung."""
        with self._lock:
            if self._current is rung:
                self._current = None
            if self._coming is rung:
                self._coming = None
        on_frame = self._subscriptions.pop(rung, None)
        if on_frame:
            rung.out.unsubscribe(on_frame)

    def drop_unneeded(self) -> None:
        for rung in self.rungs():
            if rung is not self._current and rung is not self._coming:
                self.drop(rung)

    def end(self) -> None:
        for rung in self.rungs():
            self.drop(rung)

    def _may_catch_up(self, rung) -> bool:
        """Old pictures are not shown again, unless the wait for a keyframe may be long."""
        if self._last_pts < 0:
            return True
        known_since = rung.out.known_since
        return (
            self._is_suspended
            and known_since is not None
            and (known_since > self._last_pts or not rung.makes_keyframes)
        )

    def _subscribe(self, rung, catch_up: bool) -> bool:
        on_frame = self._subscriptions[rung] = partial(self._on_frame, rung)
        return rung.out.subscribe(on_frame, catch_up)

    def _on_frame(self, rung, buffer, is_keyframe: bool) -> None:
        with self._lock:
            moved = rung is self._coming and is_keyframe
            if moved:
                self._current, self._coming = rung, None
                if self._is_paused:
                    self._is_paused = self._is_suspended = False
                    self._on_resume()
            elif rung is not self._current:
                return
            if buffer.pts <= self._last_pts:
                buffer = _restamped(buffer, self._last_pts + TICK_NS)
            self._last_pts = buffer.pts
            self._push(buffer, is_keyframe)
        if moved:
            self._on_moved()


def _restamped(buffer, pts: int):
    """A copy with another time. The rung that was left may have been a frame ahead; RTP time must not go back."""
    copy = buffer.copy_region(COPY, 0, buffer.get_size())
    copy.pts = pts
    return copy

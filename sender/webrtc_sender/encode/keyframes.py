"""Keyframes on demand, but never more than one in half a second, however many viewers ask.

A request too soon is not lost: it is answered as soon as the half second is over.
"""

PERIOD_S = 0.5


class KeyframeLimiter:
    """`clock()` gives seconds, `call_later(seconds, function)` schedules: asyncio's loop has both."""

    def __init__(self, force, clock, call_later, period_s: float = PERIOD_S) -> None:
        self._force = force
        self._clock = clock
        self._call_later = call_later
        self._period_s = period_s
        self._last: float | None = None
        self._waiting = False

    def request(self) -> None:
        if self._waiting:
            return
        wait = 0.0 if self._last is None else self._last + self._period_s - self._clock()
        if wait <= 0:
            self._give()
        else:
            self._waiting = True
            self._call_later(wait, self._give)

    def _give(self) -> None:
        self._waiting = False
        self._last = self._clock()
        self._force()

"""How long to wait before the next try, and which of many failures are worth a line in the log. Pure."""

import random

FIRST_S = 0.25
LONGEST_S = 10.0
# So many tries are a second apart at most: a server that is started again is back by then.
QUICK = 12
FIRST_STANDBY_S, LONGEST_STANDBY_S = 3.0, 15.0
# Lines about the same failure, at most: after 10 s, 20 s, 40 s … and then once an hour.
QUIET_S = 10.0
LONGEST_QUIET_S = 3_600.0


def delay_s(failures: int, chance: float | None = None) -> float:
    """Doubles up to a second, stays there for QUICK tries, and doubles on up to ten seconds. Varies by a quarter, so
    that a fleet does not come back as one.

    `chance` from 0 to 1 stands for the die.
    """
    dice = random.random() if chance is None else chance
    doublings = min(failures, max(2, min(failures - QUICK, 16)))
    return min(LONGEST_S, FIRST_S * 2**doublings) * (0.75 + dice / 2)


def standby_s(tries: int, chance: float | None = None) -> float:
    """While another sender has the stream: from three seconds up to fifteen, and not all at the same time."""
    dice = random.random() if chance is None else chance
    return min(LONGEST_STANDBY_S, FIRST_STANDBY_S * 1.5 ** min(tries, 8)) * (0.75 + dice / 4)


class Repeats:
    """A failure that goes on for days: told at once, when its reason changes, and else at growing intervals."""

    def __init__(self) -> None:
        self._reason = None
        self._quiet_s = QUIET_S
        self._next = 0.0
        #: Since `over()`.
        self.tries = 0

    def worth_telling(self, reason: str | None, now: float) -> bool:
        """Counts one more failure. `now` in seconds."""
        self.tries += 1
        if self.tries > 1 and reason == self._reason:
            if now < self._next:
                return False
            self._quiet_s = min(LONGEST_QUIET_S, self._quiet_s * 2)
        elif self.tries == 1:
            self._quiet_s = QUIET_S
        self._reason, self._next = reason, now + self._quiet_s
        return True

    def over(self) -> None:
        self.tries = 0

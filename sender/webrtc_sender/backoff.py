"""How long to wait before the next try. Pure."""

import random

FIRST_S = 0.25
LONGEST_S = 10.0


def delay_s(failures: int, chance: float | None = None) -> float:
    """Doubles with each failure up to ten seconds, and varies by a quarter so that a fleet does not come back as one.

    `chance` from 0 to 1 stands for the die.
    """
    dice = random.random() if chance is None else chance
    return min(LONGEST_S, FIRST_S * 2 ** min(failures, 16)) * (0.75 + dice / 2)

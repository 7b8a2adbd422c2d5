"""What has happened since the start, counted."""

from collections import Counter


class Tally:
    def __init__(self) -> None:
        #: Viewers that were answered.
        self.joins = 0
        #: Viewers that ended, by reason.
        self.closed: Counter[str] = Counter()
        #: What viewers were told, by code.
        self.errors: Counter[str] = Counter()

    def close(self, reason: str) -> None:
        self.closed[reason] += 1

    def error(self, code: str) -> None:
        self.errors[code] += 1

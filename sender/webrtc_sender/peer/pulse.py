"""Whether a viewer still lives, judged by its RTCP: webrtcbin calls a killed browser connected for ever. Pure."""

# Chromium reports every 0.2 to 1.5 s, Firefox about every second.
SILENCE_S = 6.0
# Before the first report, and for those who report seldom: GStreamer as a receiver does so every 2.5 to 7.5 s.
PATIENCE_S = 20.0
FIRST_S = 12.0


class Pulse:
    """Begins when the connection is there. Time is given, in seconds."""

    def __init__(self, now: float) -> None:
        self._last = now
        self._longest_gap: float | None = None

    @property
    def heard_at(self) -> float:
        return self._last

    def beat(self, now: float) -> None:
        """A report has come, or a word."""
        gap, self._last = now - self._last, now
        # A link that was gone for a while says nothing of how often its viewer reports.
        if gap <= self._limit():
            self._longest_gap = max(self._longest_gap or 0.0, gap)

    def is_dead(self, now: float, is_paused: bool = False) -> bool:
        """Who is sent nothing has little to report, and costs nothing: GStreamer then does so every 5 to 7.5 s, after
        several times a second before; Chromium goes on as it did."""
        limit = max(self._limit(), FIRST_S) if is_paused else self._limit()
        return now - self._last > limit

    def _limit(self) -> float:
        if self._longest_gap is None:
            return FIRST_S
        return min(PATIENCE_S, max(SILENCE_S, 2.5 * self._longest_gap))

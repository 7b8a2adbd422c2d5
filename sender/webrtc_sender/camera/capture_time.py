"""When a frame was captured, and how well that is known. Pure."""

from dataclasses import dataclass

# v4l2src without a usable time from the driver assumes exactly one frame of delay; Python sees that within this.
ASSUMED_DELAY_SLACK_NS = 3_000_000
# Frames looked at before anything is said about the driver's clock.
FRAMES_TO_JUDGE = 10


@dataclass(frozen=True)
class CaptureTime:
    """Which moment of running time was which moment of the world, for one frame."""

    running_ns: int
    unix_ms: float
    #: From capture to the encoder's output, mean of the last second; None where that is not known.
    encode_ms: float | None
    #: `driver`, `arrival` or `drawn` (Clock in the protocol).
    origin: str


def judge_origin(delays_ns, frame_ns: int) -> str:
    """`driver` when the camera driver stamps its frames, `arrival` when v4l2src had to guess, or may have had to.

    `delays_ns` is, for some frames, how old each was by its own timestamp when v4l2src let go of it. The driver's times
    give whatever the transfer took; v4l2src's guess is one frame's duration to the millisecond, each time. A driver
    that happens to look like the guess is called `arrival` too: that promises less, and is still true.
    """
    guessed = all(frame_ns <= delay <= frame_ns + ASSUMED_DELAY_SLACK_NS for delay in delays_ns)
    return 'arrival' if guessed else 'driver'


def rtp_timestamp(running_ns: int, offset: int) -> int:
    """RTP timestamp of a moment, as rtpbasepayload computes it: offset plus running time at 90 kHz, 32 bits."""
    return (offset + running_ns * 90_000 // 1_000_000_000) & 0xFFFF_FFFF

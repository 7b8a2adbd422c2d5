"""Sizes and frame rates: what is on offer, and which of it fits a wish best. Pure functions."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, order=True)
class Mode:
    """A picture size and rate. `fps` may be fractional."""

    width: int
    height: int
    fps: float

    def as_message(self) -> dict:
        return {'width': self.width, 'height': self.height, 'fps': tidy(self.fps)}

    def fraction(self) -> Fraction:
        """The rate as GStreamer wants it: 29.97 becomes 30000/1001, 29.3 stays 293/10."""
        ntsc = Fraction(round(self.fps * 1.001) * 1000, 1001)
        if abs(float(ntsc) - self.fps) < 0.004:
            return ntsc
        return Fraction(self.fps).limit_denominator(1000)

    def __str__(self) -> str:
        return f'{self.width}x{self.height}@{tidy(self.fps)}'


def tidy(fps: float) -> float | int:
    """30.0 is written 30, 29.970029 is written 29.97."""
    return int(fps) if fps == int(fps) else round(fps, 3)


def read_mode(message) -> Mode:
    return Mode(int(message['width']), int(message['height']), float(message['fps']))


TEST_SIZES = ((1920, 1080), (1280, 720), (960, 540), (640, 360), (320, 180))
TEST_RATES = (60.0, 30.0, 15.0)


def pattern_modes(start: Mode) -> list[Mode]:
    """What the test pattern offers: the usual sizes at the usual rates, and whatever it was started with."""
    modes = [Mode(width, height, fps) for width, height in TEST_SIZES for fps in TEST_RATES]
    return modes if start in modes else [start, *modes]


def choose_mode(modes, wish: Mode):
    """The mode nearest to `wish`: the size counts first, then a rate that is high enough, then the nearest rate.

    Works for anything that has width, height and fps.
    """
    if not modes:
        raise ValueError('no modes to choose from')
    return min(modes, key=lambda mode: _distance(mode, wish))


def _distance(mode, wish: Mode) -> tuple:
    size = abs(mode.width - wish.width) + abs(mode.height - wish.height)
    too_slow = mode.fps < wish.fps - 0.01
    return (size, too_slow, abs(mode.fps - wish.fps))

"""Sizes and frame rates: what is on offer, which of it fits a wish best, and how to say so. Pure functions."""

import math
from dataclasses import dataclass
from fractions import Fraction

# 29.97 is what a camera calls 30: rates this close are the same to whoever asks.
SAME_RATE = 0.002
# What a wrong shape weighs against a wrong area, both as logarithms. At 2, 960x540 is nearer to 1280x720 than 1280x960.
SHAPE_WEIGHT = 2.0


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


TEST_SIZES = ((1920, 1080), (1280, 720), (960, 540), (640, 360), (320, 180))
TEST_RATES = (60.0, 30.0, 15.0)


def pattern_modes(start: Mode) -> list[Mode]:
    """What the test pattern offers: the usual sizes at the usual rates, and whatever it was started with."""
    modes = [Mode(width, height, fps) for width, height in TEST_SIZES for fps in TEST_RATES]
    return modes if start in modes else [start, *modes]


def choose_mode(modes, wish: Mode):
    """The mode nearest to `wish`: the size counts first, then a rate that is high enough, then the nearest rate.

    Without the very size it is the one whose area and shape together are nearest; of two equally near, the larger.
    Works for anything that has width, height and fps. Raises ValueError when there are no modes.
    """
    if not modes:
        raise ValueError('no modes to choose from')
    return min(modes, key=lambda mode: _distance(mode, wish))


def explain_choice(modes, wish: Mode, chosen, subject: str = 'The camera') -> str | None:
    """Why `chosen` is not what was wished, for people; None when it is."""
    if same_size(chosen, wish) and same_rate(chosen.fps, wish.fps):
        return None
    has_size = any(same_size(mode, wish) for mode in modes)
    missing = f'{wish.width}x{wish.height}' + (f' at {tidy(wish.fps)}' if has_size else '')
    nearest = f'{chosen.width}x{chosen.height} at {tidy(chosen.fps)}'
    return f'{subject} has no {missing}; the nearest is {nearest}{_reason(modes, wish)}.'


def same_size(mode, other) -> bool:
    return (mode.width, mode.height) == (other.width, other.height)


def same_rate(fps: float, other: float) -> bool:
    return abs(fps - other) <= SAME_RATE * other


def _distance(mode, wish: Mode) -> tuple:
    area = math.log(mode.width * mode.height / (wish.width * wish.height))
    shape = math.log(mode.width / mode.height * wish.height / wish.width)
    # Rounded: the last digit of a logarithm must not decide between twice and half the area.
    size = round(abs(area) + SHAPE_WEIGHT * abs(shape), 9)
    too_slow = not _fast_enough(mode, wish)
    return (size, -_area(mode), -mode.width, too_slow, abs(mode.fps - wish.fps))


def _fast_enough(mode, wish: Mode) -> bool:
    return mode.fps >= wish.fps or same_rate(mode.fps, wish.fps)


def _reason(modes, wish: Mode) -> str:
    """In parentheses, where it is plain from the modes; else nothing."""
    largest = max(modes, key=_area)
    if _area(wish) > _area(largest):
        return f' (its largest size is {largest.width}x{largest.height})'
    if not any(same_size(mode, wish) for mode in modes):
        return ''
    fast = [mode for mode in modes if _fast_enough(mode, wish)]
    if not fast:
        return f' (its highest rate is {tidy(max(mode.fps for mode in modes))})'
    largest = max(fast, key=_area)
    if _area(largest) < _area(wish):
        return f' ({tidy(wish.fps)} only up to {largest.width}x{largest.height})'
    return ''


def _area(mode) -> int:
    return mode.width * mode.height

"""Grain for the sender's test pattern.

The pattern is mostly still and needs little of its bitrate; a camera in a room has noise in every pixel and fills it.
What a viewer costs depends on the packets, so a benchmark has to send as many as a camera. Everything else stays as it
is.
"""

import random

from webrtc_sender.picture import test_pattern

# In steps of luma, peak to peak; enough for 2.5 Mbit/s at 720p and far more.
GRAIN = 8
# Pictures of grain, shown in turn: the encoder compares a frame with the one before.
PICTURES = 8

draw_scenery = test_pattern.TestPattern._draw_time


def grainy(template: bytes, luma_size: int, chance: random.Random) -> bytes:
    """The picture with grain on its luma. One addition of large numbers: no byte overflows, so none carries."""
    room = bytes(min(value, 255 - GRAIN) for value in range(256))
    grain = chance.randbytes(luma_size).translate(bytes(value * GRAIN // 255 for value in range(256)))
    luma = int.from_bytes(template[:luma_size].translate(room), 'big') + int.from_bytes(grain, 'big')
    return luma.to_bytes(luma_size, 'big') + template[luma_size:]


def draw_on_grain(pattern, now: float) -> None:
    """Takes the place of TestPattern._draw_time, the first thing drawn on each frame."""
    scenery = pattern._scenery
    if not hasattr(scenery, 'grainy'):
        chance = random.Random(1)
        luma_size = scenery.layout.width * scenery.layout.height
        scenery.grainy = [grainy(scenery.template, luma_size, chance) for _ in range(PICTURES)]
    pattern._frame[:] = scenery.grainy[int(now * pattern._mode.fps) % PICTURES]
    draw_scenery(pattern, now)


def add_grain() -> None:
    """From now on every test pattern of this process has it."""
    test_pattern.TestPattern._draw_time = draw_on_grain

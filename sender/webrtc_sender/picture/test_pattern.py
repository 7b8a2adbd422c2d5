"""The camera that is always there: an evening landscape, the time for people, the time for programs, and a comet whose
steady run shows every stutter.

The scenery is drawn once for each size; a frame is then three small updates and one copy (measured at 720p: under
0.3 ms of Python). The machine's clock (picture_clock.py) is stamped last of all, into the finished picture.
"""

import threading
import time
from functools import lru_cache

from ..camera.modes import Mode, tidy
from ..gst import Clockwork, Gst
from . import pattern_art as art
from . import picture_clock
from .drawing import render
from .i420 import Layout, Sprite, blit

# What it is called unless told otherwise.
LABEL = 'Test pattern'
COMET_SECONDS = 4.0

_drawing = threading.Lock()


@lru_cache(maxsize=3)
def scenery(width: int, height: int, label: str, detail: str) -> 'Scenery':
    """Drawn once for each size and text; a change of frame rate alone redraws only because the text shows it."""
    return Scenery(width, height, label, detail)


def prepare_scenery(mode: Mode, label: str) -> 'Scenery':
    detail = f'{mode.width} × {mode.height} · {tidy(mode.fps)} fps'
    # Whatever it is called: nobody shall take it for a camera.
    if label != LABEL:
        detail = f'{LABEL} · {detail}'
    with _drawing:  # whoever comes second waits, and draws nothing
        return scenery(mode.width, mode.height, label, detail)


class Scenery:
    """What does not change from frame to frame, in pixels of one size."""

    def __init__(self, width: int, height: int, label: str, detail: str) -> None:
        self.layout = Layout(width, height)
        whole = (0, 0, art.WIDTH, art.HEIGHT)
        self.template = render(art.scene(label, detail, '0', whole, (width, height)), width, height)
        self.bar_y = self._y(art.BAR_Y)
        self.bar = Sprite.cut(self.template, self.layout, 0, self.bar_y, width, height - self.bar_y & ~1)
        self.comet = self._comet()
        self.clock_y = self._y(art.CLOCK_Y - 4)
        self.digits = self._digits(label, detail)
        self.template = self._without_colour_under_clock()

    def _x(self, x: float) -> int:
        return round(x * self.layout.width / art.WIDTH) & ~1

    def _y(self, y: float) -> int:
        return round(y * self.layout.height / art.HEIGHT) & ~1

    def _without_colour_under_clock(self) -> bytes:
        block = picture_clock.block_size(self.layout.width)
        width, height = picture_clock.COLUMNS * block, picture_clock.ROWS * block
        grey = tuple((bytes([128]) * (width // 2),) * (height // 2) for _ in range(2))
        frame = bytearray(self.template)
        blit(frame, self.layout.planes, Sprite(width, height, ((), *grey)), 0, 0, self.layout.width)
        return bytes(frame)

    def _comet(self) -> Sprite:
        size = (max(8, self._x(art.COMET_WIDTH) & ~7), self.bar.height)
        return Sprite.cut(render(art.comet(size), *size), Layout(*size), 0, 0, *size)

    def _digits(self, label: str, detail: str) -> list[tuple[int, dict[str, Sprite]]]:
        """For each place of the clock its x and its ten sprites, cut out of ten drawings: any background will do."""
        places = art.cells()
        left = self._x(places[0][0])
        top, bottom = self.clock_y, self._y(art.CLOCK_Y + art.DIGIT_HEIGHT + 4)
        width, height = (self.layout.width - left) & ~1, bottom - top
        scale_x, scale_y = art.WIDTH / self.layout.width, art.HEIGHT / self.layout.height
        view = (left * scale_x, top * scale_y, width * scale_x, height * scale_y)
        result = [(self._x(x), {}) for x, _, character in places if character.isdigit()]
        for digit in '0123456789':
            picture = render(art.scene(label, detail, digit, view, (width, height)), width, height)
            for (x, sprites), place in zip(result, (p for p in places if p[2].isdigit()), strict=True):
                right = self._x(place[0] + place[1])
                sprites[digit] = Sprite.cut(picture, Layout(width, height), x - left, 0, right - x, height)
        return result


class TestPattern:
    """Paints one frame after the other; the caller keeps the time."""

    __test__ = False  # not a test, whatever pytest makes of the name

    def __init__(self, mode: Mode, clockwork: Clockwork, label: str) -> None:
        self._mode = mode
        self._clockwork = clockwork
        self._scenery = prepare_scenery(mode, label)
        self._planes = self._scenery.layout.planes
        self._frame = bytearray(self._scenery.template)
        self._block = picture_clock.block_size(mode.width)

    def paint(self, number: int):
        """The frame with this number, stamped with the moment at which the rest of it is there, as a Gst.Buffer."""
        now = time.time()
        self._draw_time(now)
        self._draw_comet(now)
        buffer = Gst.Buffer.new_allocate(None, len(self._frame), None)
        with buffer.map(Gst.MapFlags.WRITE) as memory:  # 0.04 ms at 720p; Buffer.fill(bytearray) takes 22 ms
            memory.data[:] = self._frame
            born_micros, buffer.pts = time.time_ns() // 1000, self._clockwork.running_time()
            self._draw_clock(memory.data, born_micros, number)
        buffer.duration = int(Gst.SECOND / self._mode.fps)
        return buffer

    def _draw_clock(self, luma, micros: int, number: int) -> None:
        stride = self._planes[0].stride
        line = 0
        for row in picture_clock.luma_rows(micros, number, self._block):
            for _ in range(self._block):
                luma[line : line + len(row)] = row
                line += stride

    def _draw_time(self, now: float) -> None:
        text = time.strftime('%H%M%S', time.localtime(now)) + f'{int(now % 1 * 1000):03d}'
        scenery = self._scenery
        for (x, sprites), digit in zip(scenery.digits, text, strict=True):
            blit(self._frame, self._planes, sprites[digit], x, scenery.clock_y, self._mode.width)

    def _draw_comet(self, now: float) -> None:
        scenery = self._scenery
        width, comet = self._mode.width, scenery.comet
        x = round(now % COMET_SECONDS / COMET_SECONDS * (width + comet.width)) - comet.width
        blit(self._frame, self._planes, scenery.bar, 0, scenery.bar_y, width)
        blit(self._frame, self._planes, comet, x & ~1, scenery.bar_y, width)

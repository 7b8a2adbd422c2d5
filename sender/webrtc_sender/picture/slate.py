"""The picture that stands in for a lost camera: what happened, and what to do. It moves, so that nobody takes it for a
frozen camera picture, and viewers keep their connection.
"""

import textwrap
from functools import lru_cache
from xml.sax.saxutils import escape

from .. import log
from ..camera.modes import Mode
from ..gst import Clockwork, Gst
from ..server.protocol import PreviewError
from .drawing import render
from .i420 import Layout

WIDTH, HEIGHT = 1280, 720
FPS = 10.0
LINE_CHARACTERS = 64
#: Pictures of the dots that wander while the camera is looked for.
PHASES = 3
PHASE_FRAMES = 5


class Slate:
    """Paints the slate; drawn when made, so not for the asyncio thread (3 pictures, about 30 ms each at 720p)."""

    def __init__(self, mode: Mode, label: str, error: PreviewError, clockwork: Clockwork) -> None:
        info = error.info()
        self._clockwork = clockwork
        self._pictures = [
            draw(mode.width, mode.height, label, info['message'], info['next'], phase) for phase in range(PHASES)
        ]

    def paint(self, number: int):
        buffer = Gst.Buffer.new_wrapped(self._pictures[number // PHASE_FRAMES % PHASES])
        buffer.pts = self._clockwork.running_time()
        buffer.duration = int(Gst.SECOND / FPS)
        return buffer


def practise() -> None:
    """The first drawing of a process loads librsvg and its fonts, a second or more on a slow machine: not when a camera
    has just been lost.
    """
    draw(160, 90, 'Camera', 'lost', 'soon', 0)


@lru_cache(maxsize=6)
def draw(width: int, height: int, label: str, message: str, next_step: str, phase: int) -> bytes:
    try:
        return render(scene(width, height, label, message, next_step, phase), width, height)
    except Exception as reason:  # whatever it is, viewers must not stay with a frozen picture: the page has the words
        log.warning('slate-not-drawn', reason=reason)
        return plain(width, height, phase)


def plain(width: int, height: int, phase: int) -> bytes:
    """A dark picture with a bar that wanders: what can be had without drawing."""
    layout = Layout(width, height)
    luma, chroma, _ = layout.planes
    picture = bytearray(bytes([30]) * chroma.offset + bytes([128]) * (layout.size - chroma.offset))
    third = width // PHASES
    start = luma.stride * (height // 2) + third * phase
    picture[start : start + third] = bytes([160]) * third
    return bytes(picture)


def scene(width: int, height: int, label: str, message: str, next_step: str, phase: int) -> str:
    """The slate as SVG; the drawing keeps its shape whatever the picture's."""
    lines = textwrap.wrap(message, LINE_CHARACTERS)[:3]
    hints = textwrap.wrap(next_step, LINE_CHARACTERS + 6)[:3]
    text = ''.join(_text(line, 420 + 36 * row, 27, '#d5dae6') for row, line in enumerate(lines))
    below = 420 + 36 * len(lines) + 16
    text += ''.join(_text(line, below + 32 * row, 24, '#98a2b8') for row, line in enumerate(hints))
    dots = ''.join(
        f'<circle cx="{WIDTH / 2 - 36 + 36 * number}" cy="672" r="7" '
        f'fill="{"#f2a057" if number == phase else "#3b4461"}"/>'
        for number in range(PHASES)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'preserveAspectRatio="xMidYMid meet">'
        f'<rect x="-{WIDTH}" y="-{HEIGHT}" width="{3 * WIDTH}" height="{3 * HEIGHT}" fill="#141a2b"/>'
        f'{CAMERA}{_text("Camera lost", 350, 52, "#f4f6fb", 600)}{text}'
        f'{_text(label, 628, 20, "#6f7a94")}{dots}</svg>'
    )


# A camera with its cable pulled: an outline, and a stroke through it.
CAMERA = (
    '<g fill="none" stroke="#f2a057" stroke-width="9" stroke-linecap="round" stroke-linejoin="round">'
    '<rect x="548" y="150" width="124" height="92" rx="14"/><path d="M672 186l58-32v84l-58-32"/>'
    '<path d="M532 262L748 130" stroke="#141a2b" stroke-width="26"/><path d="M532 262L748 130"/></g>'
)


def _text(text: str, y: int, size: int, colour: str, weight: int = 400) -> str:
    return (
        f'<text x="{WIDTH / 2}" y="{y}" font-family="Inter, DejaVu Sans, Liberation Sans, sans-serif" '
        f'font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="middle">{escape(text)}</text>'
    )

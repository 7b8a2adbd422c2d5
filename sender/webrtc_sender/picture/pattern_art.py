"""The test pattern's scenery, as SVG: an evening over hills, and a clock that a person can read.

Drawn for 1280x720 and scaled to whatever is asked. All text is on the right, because the statistics of the page open on
the left. The digits are strokes, so that no font is needed for them; the lines of text fall back to nothing on a
machine without any font.
"""

from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1280, 720

# One digit in a box of 56x100, as a pen would draw it.
DIGITS = {
    '0': 'M28 6A22 22 0 0 1 50 28V72A22 22 0 0 1 6 72V28A22 22 0 0 1 28 6Z',
    '1': 'M13 22L33 6V94',
    '2': 'M6 28A22 22 0 1 1 45 41L7 94H51',
    '3': 'M9 20A20.500 20.500 0 1 1 28 47A23.500 23.500 0 1 1 6 79',
    '4': 'M37 94V6L5 70H52',
    '5': 'M47 6H14L10 46A25 25 0 1 1 6 81',
    '6': 'M39 6L9 57M28 47A23.500 23.500 0 1 1 27.900 47Z',
    '7': 'M6 6H50L20 94',
    '8': 'M28 6A20 20 0 1 1 27.900 6ZM28 46A24 24 0 1 1 27.900 46Z',
    '9': 'M17 94L47 43M28 53A23.500 23.500 0 1 1 28.100 53Z',
    ':': 'M16 32V32.100M16 72V72.100',
    '.': 'M14 94V94.100',
}
DIGIT_HEIGHT = 46
DIGIT_WIDTH = 32
POINT_WIDTH = 16
CLOCK_TEXT = '00:00:00.000'
CLOCK_Y = 608

# The bar along the bottom edge, along which the comet runs.
BAR_Y, BAR_HEIGHT = 704, 16
COMET_WIDTH = 256
BAR_COLOUR = '#0a0d16'

SCENERY = """
<defs>
  <linearGradient id="sky" x1="0" y1="0" x2="0.3" y2="1">
    <stop offset="0" stop-color="#16203c"/><stop offset="0.45" stop-color="#2c3357"/>
    <stop offset="0.8" stop-color="#54405c"/><stop offset="1" stop-color="#6d4a58"/>
  </linearGradient>
  <radialGradient id="glow" gradientUnits="userSpaceOnUse" cx="890" cy="196" r="640">
    <stop offset="0" stop-color="#ffdf9e"/><stop offset="0.045" stop-color="#ffca82"/>
    <stop offset="0.16" stop-color="#f2a057" stop-opacity="0.92"/>
    <stop offset="0.36" stop-color="#c46d52" stop-opacity="0.62"/>
    <stop offset="0.66" stop-color="#7d4f63" stop-opacity="0.26"/>
    <stop offset="1" stop-color="#4b4266" stop-opacity="0"/>
  </radialGradient>
  <linearGradient id="far" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#453c5a"/><stop offset="1" stop-color="#2a2d49"/></linearGradient>
  <linearGradient id="middle" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#252b47"/><stop offset="1" stop-color="#161c33"/></linearGradient>
  <linearGradient id="near" x1="0" y1="0" x2="0" y2="1">
    <stop offset="0" stop-color="#151b30"/><stop offset="1" stop-color="#0a0d16"/></linearGradient>
</defs>
<rect width="1280" height="720" fill="url(#sky)"/>
<rect width="1280" height="720" fill="url(#glow)"/>
<circle cx="890" cy="196" r="34" fill="#ffe9bd"/>
<path d="M0 462C90 452 150 398 236 404S390 470 486 446 640 366 742 384 900 452 1000 428 1180 366 1280 392V720H0Z"
  fill="url(#far)" opacity="0.9"/>
<path
  d="M0 540L96 498 188 520 330 436 430 498 512 476 640 540 760 484 868 526 986 452 1094 512 1180 486 1280 532V720H0Z"
  fill="url(#middle)"/>
<path d="M0 606C160 566 300 594 430 588S720 552 860 576 1120 600 1280 566V720H0Z" fill="url(#near)"/>
"""


def cells() -> list[tuple[int, int, str]]:
    """(x, width, character) of each place of the clock, right-aligned."""
    widths = [DIGIT_WIDTH if character.isdigit() else POINT_WIDTH for character in CLOCK_TEXT]
    x = WIDTH - 48 - sum(widths)
    places = []
    for character, width in zip(CLOCK_TEXT, widths, strict=True):
        places.append((x, width, character))
        x += width
    return places


def scene(label: str, detail: str, digit: str, view: tuple[int, int, int, int], size: tuple[int, int]) -> str:
    """The picture with every digit of the clock showing `digit`; `view` is the part to draw, `size` its pixels."""
    left, top, width, height = view
    text = (
        f'<g font-family="Inter, DejaVu Sans, Liberation Sans, sans-serif" fill="#eef1f8" text-anchor="end">'
        f'<text x="{WIDTH - 48}" y="556" font-size="24" font-weight="600">{escape(label)}</text>'
        f'<text x="{WIDTH - 48}" y="584" font-size="17" fill="#a9b2c8">{escape(detail)}</text></g>'
    )
    bar = f'<rect y="{BAR_Y}" width="{WIDTH}" height="{BAR_HEIGHT}" fill="{BAR_COLOUR}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="{left} {top} {width} {height}" preserveAspectRatio="none">'
        f'{SCENERY}{text}{_clock(digit)}{bar}</svg>'
    )


def comet(size: tuple[int, int]) -> str:
    """The moving light with its tail, on the bar's colour."""
    middle, end = BAR_HEIGHT / 2, COMET_WIDTH - 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]}" height="{size[1]}" '
        f'viewBox="0 0 {COMET_WIDTH} {BAR_HEIGHT}" preserveAspectRatio="none">'
        '<defs><linearGradient id="tail"><stop offset="0" stop-color="#f2a057" stop-opacity="0"/>'
        '<stop offset="1" stop-color="#ffca82"/></linearGradient></defs>'
        f'<rect width="{COMET_WIDTH}" height="{BAR_HEIGHT}" fill="{BAR_COLOUR}"/>'
        f'<rect y="{middle - 1.5}" width="{end}" height="3" rx="1.5" fill="url(#tail)"/>'
        f'<circle cx="{end}" cy="{middle}" r="5" fill="#fff1d0"/></svg>'
    )


def _clock(digit: str) -> str:
    scale = DIGIT_HEIGHT / 100
    strokes = ''.join(
        f'<path transform="translate({x + 3} {CLOCK_Y}) scale({scale})" d="{DIGITS[digit if c.isdigit() else c]}"/>'
        for x, _, c in cells()
    )
    pen = 'fill="none" stroke="#f4f6fb" stroke-width="10" stroke-linecap="round" stroke-linejoin="round"'
    return f'<g {pen}>{strokes}</g>'

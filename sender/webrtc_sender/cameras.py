"""What a V4L2 camera can do, read from the caps that GStreamer reports as text. Pure but for the last two functions."""

import os
import re
from dataclasses import dataclass
from fractions import Fraction

from .modes import Mode, choose_mode
from .protocol import MAX_MODES, PreviewError

# Where a camera says "any size from … to …" (test drivers, capture cards), these are offered.
COMMON_SIZES = ((1920, 1080), (1280, 720), (960, 540), (640, 480), (640, 360), (320, 240))
COMMON_RATES = (60.0, 30.0, 15.0)
# Formats that the pipeline can take, the cheapest to encode first. JPEG must be decoded: last.
FORMATS = ('I420', 'NV12', 'YV12', 'YUY2', 'UYVY', 'RGB', 'BGR', 'JPEG')


@dataclass(frozen=True)
class CameraMode:
    """A mode with the format in which the camera delivers it."""

    width: int
    height: int
    fps: float
    format: str

    @property
    def mode(self) -> Mode:
        return Mode(self.width, self.height, self.fps)


@dataclass(frozen=True)
class Camera:
    """A V4L2 camera."""

    device: str
    label: str
    modes: tuple[CameraMode, ...]
    #: Why it could not be opened; it has no modes then.
    error: PreviewError | None = None

    def offered(self) -> list[Mode]:
        """Every size and rate once, the largest first, as many as the protocol allows."""
        return sorted({entry.mode for entry in self.modes}, reverse=True)[:MAX_MODES]


def read_modes(caps_text: str) -> list[CameraMode]:
    """The modes in the text of a camera's caps, without formats that the pipeline cannot take."""
    modes = []
    for structure in re.split(r';\s*', caps_text.strip()):
        pixel_format = _format_of(structure)
        if pixel_format:
            modes += [
                CameraMode(width, height, fps, pixel_format)
                for width, height in _sizes_of(structure)
                for fps in _rates_of(structure)
            ]
    return list(dict.fromkeys(modes))


def choose_camera_mode(modes, wish: Mode) -> CameraMode:
    """The nearest mode, in the format that costs least at that size and rate."""
    nearest = choose_mode(modes, wish)
    same = [entry for entry in modes if entry.mode == nearest.mode]
    return min(same, key=lambda entry: FORMATS.index(entry.format))


def _format_of(structure: str) -> str | None:
    if structure.startswith('image/jpeg'):
        return 'JPEG'
    # Not "video/x-raw(format:Interlaced)" and the like: plain caps are what the pipeline asks for.
    match = re.match(r'video/x-raw,.*?\bformat=\(string\)(\w+)', structure)
    return match[1] if match and match[1] in FORMATS else None


def _sizes_of(structure: str) -> list[tuple[int, int]]:
    width, height = _field(structure, 'width', 'int'), _field(structure, 'height', 'int')
    if not width or not height:
        return []
    if width[0] == '[' or height[0] == '[':
        return [(w, h) for w, h in COMMON_SIZES if _in_range(Fraction(w), width) and _in_range(Fraction(h), height)]
    return [(int(width), int(height))] if width.isdigit() and height.isdigit() else []


def _rates_of(structure: str) -> list[float]:
    text = _field(structure, 'framerate', 'fraction')
    if not text:
        return []
    if text[0] == '[':
        return [rate for rate in COMMON_RATES if _in_range(Fraction(rate), text)]
    rates = [float(Fraction(part)) for part in re.findall(r'\d+/\d+', text) if not part.endswith('/0')]
    return [rate for rate in rates if 1 <= rate <= 1000]


def _field(structure: str, name: str, kind: str) -> str:
    match = re.search(rf'\b{name}=\({kind}\)(\[[^\]]*\]|\{{[^}}]*\}}|[^,\s]+)', structure)
    return match[1].strip() if match else ''


def _in_range(value: Fraction, text: str) -> bool:
    if text[0] != '[':
        return value == Fraction(text)
    low, high = (Fraction(part.strip()) for part in text.strip('[] ').split(',')[:2])
    return low <= value <= high


def check_device(device: str) -> None:
    """Says at once what opening the device would say later, and better."""
    if not os.path.exists(device):
        raise PreviewError('camera_missing', f'There is no camera at {device}.')
    if not os.access(device, os.R_OK | os.W_OK):
        raise PreviewError('camera_denied', f'This user may not open {device}.')


def classify(message: str) -> str:
    """The protocol's error code for what GStreamer says of a camera (v4l2src's messages, 1.22 to 1.26)."""
    text = message.lower()
    if 'busy' in text:
        return 'camera_busy'
    if 'permission denied' in text:
        return 'camera_denied'
    if 'cannot identify' in text or 'no such file' in text or 'no such device' in text or 'does not exist' in text:
        return 'camera_missing'
    return 'camera_failed'

"""What a V4L2 camera can do, read from the caps that GStreamer reports as text, and which mode of it is taken. Pure."""

import re
from dataclasses import dataclass
from fractions import Fraction

from ..server.protocol import MAX_MODES, PreviewError
from .camera_errors import camera_error, classify  # noqa: F401  (whoever handles cameras finds these here too)
from .devices import check_device  # noqa: F401
from .modes import Mode, choose_mode, explain_choice, same_rate, same_size, tidy

# Where a camera says "any size from … to …" (test drivers, capture cards), these are offered.
COMMON_SIZES = ((1920, 1080), (1280, 720), (960, 540), (640, 480), (640, 360), (320, 240))
COMMON_RATES = (60.0, 30.0, 15.0)
# The camera's own H.264: passed through where that is possible, and never decoded only to be encoded again.
H264 = 'H264'
# Formats that the pipeline can take, the cheapest to encode first. JPEG must be decoded: last of those.
FORMATS = ('I420', 'NV12', 'YV12', 'YUY2', 'UYVY', 'RGB', 'BGR', 'JPEG', H264)
# What a structure of caps is called: name, features in parentheses, the rest. GStreamer 1.26 lists each format a second
# time as memory:DMABuf with format=DMA_DRM.
STRUCTURE = re.compile(r'(?P<type>[\w-]+/[\w.-]+)(?:\((?P<features>[^)]*)\))?(?P<fields>,.*|$)', re.DOTALL)
PLAIN_MEMORY = ('', 'memory:SystemMemory')


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
    """A V4L2 camera. `device` is a path that survives a replug, where the system has one."""

    device: str
    label: str
    modes: tuple[CameraMode, ...]
    #: Why it could not be opened; it has no modes then.
    error: PreviewError | None = None

    def offered(self, own_h264: bool = False) -> list[Mode]:
        """Every size and rate once, the largest first, as many as the protocol allows.

        `own_h264`: the camera's H.264 can be passed through, so that what exists only as H.264 counts too.
        """
        return sorted({entry.mode for entry in usable(self.modes, own_h264)}, reverse=True)[:MAX_MODES]


@dataclass(frozen=True)
class Choice:
    """The mode that is taken. `notice` says to people why it is not the one that was wished; None when it is."""

    camera_mode: CameraMode
    notice: str | None


def choose_camera_mode(modes, wish: Mode, own_h264: bool = False) -> Choice:
    """The nearest mode, in the format that costs least at that size and rate; with `own_h264` the camera's own H.264.

    Size and rate come first: 1920x1080 as JPEG at 30 is nearer to a wish for 30 than raw at 5.
    Raises `no_such_mode` when the camera has no mode at all that can be used.
    """
    choices = usable(modes, own_h264)
    if not choices:
        raise PreviewError('no_such_mode', 'The camera has no mode that this sender can use.')
    nearest = choose_mode(choices, wish)
    same = [entry for entry in choices if entry.mode == nearest.mode]
    chosen = min(same, key=lambda entry: -1 if entry.format == H264 else FORMATS.index(entry.format))
    return Choice(chosen, _notice(modes, choices, wish, chosen))


def usable(modes, own_h264: bool) -> list[CameraMode]:
    """Without `own_h264` all but the camera's H.264."""
    return [entry for entry in modes if own_h264 or entry.format != H264]


def _notice(modes, choices, wish: Mode, chosen: CameraMode) -> str | None:
    left_out = any(same_size(entry, wish) and same_rate(entry.fps, wish.fps) for entry in modes)
    if left_out and not (same_size(chosen, wish) and same_rate(chosen.fps, wish.fps)):
        return (
            f'The camera has {wish.width}x{wish.height} at {tidy(wish.fps)} only as H.264 of its own, which cannot be '
            f'used here; the nearest is {chosen.width}x{chosen.height} at {tidy(chosen.fps)}.'
        )
    return explain_choice(choices, wish, chosen)


# ---- caps -----------------------------------------------------------------------------------------------------------


def read_modes(caps_text: str) -> list[CameraMode]:
    """The modes in the text of a camera's caps, without formats that the pipeline cannot take."""
    modes = [
        CameraMode(width, height, fps, pixel_format)
        for structure in _structures(caps_text)
        for pixel_format in _formats_of(structure)
        if pixel_format in FORMATS and _is_progressive(structure)
        for width, height in _sizes_of(structure)
        for fps in _rates_of(structure)
    ]
    return list(dict.fromkeys(modes))


def unusable_formats(caps_text: str) -> list[str]:
    """What the caps have that the pipeline cannot take, in words: for the one whose camera has nothing else."""
    names = {
        name if _is_progressive(structure) else f'interlaced {name}'
        for structure in _structures(caps_text)
        for name in _formats_of(structure)
    }
    return sorted(names - set(FORMATS))


def _structures(caps_text: str) -> list[re.Match]:
    found = [STRUCTURE.match(part.strip()) for part in caps_text.split(';')]
    return [structure for structure in found if structure]


def _formats_of(structure: re.Match) -> list[str]:
    kind = structure['type']
    if kind == 'video/x-raw':
        # In memory of its own kind (DMABuf) a format is there a second time; the pipeline asks for the plain one.
        plain = all(feature in (*PLAIN_MEMORY, 'format:Interlaced') for feature in _features(structure))
        return _values(structure, 'format') if plain else []
    return [{'image/jpeg': 'JPEG', 'video/x-h264': H264}.get(kind, kind)]


def _features(structure: re.Match) -> list[str]:
    return [feature.strip() for feature in (structure['features'] or '').split(',')]


def _is_progressive(structure: re.Match) -> bool:
    """Interlaced pictures would be sent with every second line a moment late, and no browser decodes them as such."""
    modes = _values(structure, 'interlace-mode')
    return 'format:Interlaced' not in _features(structure) and (not modes or 'progressive' in modes)


def _sizes_of(structure: re.Match) -> list[tuple[int, int]]:
    width, height = _field(structure, 'width'), _field(structure, 'height')
    if not width or not height:
        return []
    if '[' not in width + height:
        return [(w, h) for w in _integers(width) for h in _integers(height)]
    fitting = [(w, h) for w, h in COMMON_SIZES if _in_range(Fraction(w), width) and _in_range(Fraction(h), height)]
    return fitting or [(_highest(width), _highest(height))]


def _rates_of(structure: re.Match) -> list[float]:
    text = _field(structure, 'framerate')
    if text.startswith('['):
        fitting = [rate for rate in COMMON_RATES if _in_range(Fraction(rate), text)]
        return fitting or [float(Fraction(text.strip('[] ').split(',')[1].strip()))]
    rates = [float(Fraction(part)) for part in re.findall(r'\d+/\d+', text) if not re.search(r'/0+$', part)]
    return [rate for rate in rates if 1 <= rate <= 1000]


def _values(structure: re.Match, name: str) -> list[str]:
    """One word or a list of them, such as { YUY2, NV12 }."""
    return re.findall(r'[\w:.-]+', re.sub(r'\(\w+\)', '', _field(structure, name)))


def _field(structure: re.Match, name: str) -> str:
    """The value without its type: "(int)[ 16, 1280, 2 ]" is "[ 16, 1280, 2 ]"; '' when it is not there."""
    match = re.search(rf'(?:^|[,\s]){name}=(?:\([\w:]+\))?\s*(\[[^\]]*\]|\{{[^}}]*\}}|[^,\s]+)', structure['fields'])
    return match[1].strip() if match else ''


def _integers(text: str) -> list[int]:
    return [value for value in map(int, re.findall(r'\d+', re.sub(r'\(\w+\)', '', text))) if value > 0]


def _in_range(value: Fraction, text: str) -> bool:
    if not text.startswith('['):
        return value in (Fraction(part) for part in re.findall(r'\d+(?:/\d+)?', text))
    low, high, *step = (Fraction(part.strip()) for part in text.strip('[] ').split(','))
    return low <= value <= high and (not step or (value - low) % step[0] == 0)


def _highest(text: str) -> int:
    return max(_integers(text)[:2])

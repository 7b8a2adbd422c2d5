"""From what GStreamer says of a camera to a code and a sentence for the person who must act.

v4l2src's texts are the same in GStreamer 1.22, 1.24 and 1.26 (sys/v4l2: v4l2_calls.c, gstv4l2object.c, gstv4l2src.c).
The message is its own; the system's reason, where there is one, comes in the debug text: "system error: Device or
resource busy". Both must be English (LC_MESSAGES=C), for GStreamer translates them.
"""

import re

from ..server.protocol import PreviewError
from .devices import explain_denial, users_of

NOT_THERE = ('no such device', 'no such file', 'cannot identify device')
NOT_A_CAMERA = ('is not a capture device', "isn't a device", "isn't a v4l2 driver")
NO_SUCH_MODE = (
    'not-negotiated',
    'not negotiated',
    'has no supported format',
    'cannot capture',
    'invalid caps',
    'did not accept new frame rate',
    'unsupported pixel format',
    'unsupported interlacing',
    'non-contiguous planes',
    # "Device '/dev/video0' does not support progressive interlacing"
    'interlacing',
    'colorimetry',
)
# The first whose signs (in lower case) are in the text decides. The system's own reasons come before the operation
# that failed for them.
CODES = (
    ('camera_missing', NOT_THERE),
    ('camera_busy', ('is busy', 'resource busy')),
    ('camera_denied', ('permission denied', 'operation not permitted')),
    ('camera_missing', NOT_A_CAMERA),
    ('no_such_mode', NO_SUCH_MODE),
)
# All that v4l2src says when the camera refuses to begin: the system's reason (ENOSPC or EBUSY) is lost.
REFUSED_TO_BEGIN = ('buffer pool activation failed', 'failed to allocate required memory')


class NotACamera(PreviewError):
    """The device is there, but carries no picture: metadata, output, codec."""


def classify(text: str) -> str:
    """The protocol's error code for GStreamer's message and debug text in one."""
    return next((code for code, signs in CODES if _has(text, signs)), 'camera_failed')


def camera_error(message: str, debug: str | None, device: str) -> PreviewError:
    """What GStreamer reported of `device`, in plain words. May take half a second: who uses it is looked for."""
    text = f'{message} {debug or ""}'
    code = classify(text)
    if code == 'camera_failed' and _has(text, REFUSED_TO_BEGIN) and not _has(text, ('no space left',)):
        users = users_of(device)
        return PreviewError('camera_busy', _in_use(users, device)) if users else PreviewError(code, _no_room(device))
    if code == 'camera_missing' and not _has(text, NOT_THERE):
        return NotACamera(code, f'{device} carries no picture: it is not a camera, or only the metadata of one.')
    return PreviewError(code, _sentence(code, text, device))


def _has(text: str, signs) -> bool:
    text = text.lower()
    return any(sign in text for sign in signs)


def _sentence(code: str, text: str, device: str) -> str:
    if code == 'camera_missing':
        # ENODEV comes from a camera that was open, or whose node outlives it.
        gone = _has(text, ('no such device',))
        return f'The camera at {device} was unplugged.' if gone else f'There is no camera at {device}.'
    if code == 'camera_busy':
        return _in_use(users_of(device), device)
    if code == 'camera_denied':
        return explain_denial(device)
    if code == 'no_such_mode':
        return f'The camera at {device} does not deliver the size, rate and format that it was asked for.'
    return _failure(text, device)


def _in_use(users: list[str], device: str) -> str:
    if not users:
        return f'Another program is using {device}.'
    return f'{" and ".join(users)} {"is" if len(users) == 1 else "are"} using {device}.'


def _no_room(device: str) -> str:
    return (
        f'The USB bus has no room for {device} at this size and rate, most likely. Choose a smaller one, or plug the '
        'camera into a port of its own and not into a hub.'
    )


def _failure(text: str, device: str) -> str:
    if _has(text, ('no space left',)):
        return _no_room(device)
    if _has(text, ('input/output error',)):
        return f'The camera at {device} reports an input/output error: often the cable, the hub or the power.'
    if _has(text, ('failed to allocate a buffer', 'cannot allocate memory')):
        return f'There is not enough memory for the pictures of {device}.'
    reason = re.search(r'system error: ([^\n]+)|\d+x\d+: ([^\n]+)', text)
    said = f' The system says: {(reason[1] or reason[2]).strip()}.' if reason else ''
    return f'The camera at {device} delivers no pictures.{said}'

"""What passes between sender and server, as src/protocol has it in TypeScript.

Only what a sender needs. test/sender/test_protocol.py compares all of it with the original, so it cannot drift.
"""

import json
import math
from dataclasses import dataclass

VERSION = 1
DEFAULT_PATH = '/webrtc-signaling'
DATA_CHANNEL_LABEL = 'webrtc-preview'
RTP_CLOCK_RATE = 90_000

# Ceilings and deadlines that the sender keeps (constants.ts).
MAX_CANDIDATES = 100
MAX_CANDIDATE_LENGTH = 2_048
MAX_MODES = 128
MAX_TEXT = 200
MAX_SENTENCE = 1_000
ANSWER_S = 10.0
ACKNOWLEDGEMENT_S = 12.0
MAX_RETRY_AFTER_S = 60.0

# Sender to server.
PUBLISH = 'publish'
UNPUBLISH = 'unpublish'
UPDATE_CAMERA = 'update-camera'
LEAVE = 'leave'
AUTHENTICATE = 'authenticate'
# Server to sender.
OFFER = 'offer'
SET_MODE = 'set-mode'
SESSION_CLOSED = 'session-closed'
ICE_CONFIG = 'ice-config'
TOKEN_EXPIRING = 'token-expiring'
REPLACED = 'replaced'
SERVER_CLOSING = 'server-closing'
# Both ways.
CANDIDATE = 'candidate'

# code: (what happened, what to do next, whether trying again may help), word for word from errors.ts.
ERRORS = {
    'bad_request': (
        'The server did not understand the message.',
        'Check the fields that it names against docs/protocol.md.',
        False,
    ),
    'invalid_sdp': (
        'The session description is not valid.',
        'Send the SDP exactly as the WebRTC library made it.',
        False,
    ),
    'stale_epoch': (
        'The message belongs to an older negotiation.',
        'Nothing: the newer negotiation goes on.',
        False,
    ),
    'stream_offline': (
        'Nothing is streaming under this name.',
        'Start the sender, and check that it uses the same stream name and server.',
        True,
    ),
    'too_many_viewers': (
        'As many viewers watch this camera as its sender allows.',
        'Wait until one of them leaves, or raise --max-viewers on the sender.',
        True,
    ),
    'sender_failed': (
        'The sender could not set up the connection.',
        "Look at the sender's log for the reason.",
        True,
    ),
    'camera_missing': (
        'The camera is not there.',
        'Plug it in, and check the device name that the sender was given.',
        True,
    ),
    'camera_busy': (
        'Another program uses the camera.',
        'Close the other program; "fuser /dev/video0" names it.',
        True,
    ),
    'camera_denied': (
        'The sender may not open the camera.',
        "Add the sender's user to the group video, or allow the camera in the browser.",
        False,
    ),
    'camera_failed': (
        'The camera stopped delivering pictures.',
        "Unplug it and plug it in again; look at the sender's log for the reason.",
        True,
    ),
    'no_such_mode': (
        'The camera cannot do this resolution and frame rate.',
        'Choose one of the modes that it offers.',
        False,
    ),
    'no_encoder': (
        'The sender has no working video encoder.',
        'Install gstreamer1.0-plugins-ugly (x264enc), then start the sender again.',
        False,
    ),
    'codec_mismatch': (
        'The browser and the sender have no video codec in common.',
        'Use a browser that plays H.264 or VP8.',
        False,
    ),
    'ice_failed': (
        'The network between you and the camera is blocked.',
        'Check firewalls on the way, or configure a TURN server on the signalling server.',
        True,
    ),
    'connection_lost': (
        'The connection to the camera broke.',
        'Check the network between this device and the camera.',
        True,
    ),
    'internal': (
        'Something went wrong inside the server.',
        'Look at the server log at the time of this error.',
        True,
    ),
}


class PreviewError(Exception):
    """A failure that a viewer, or the person at the sender, is told about: a code of the table and what was seen."""

    def __init__(self, code: str, detail: str | None = None, next_step: str | None = None):
        self.code = code
        self.detail = detail
        #: Where the person at the sender can do better than what the table advises.
        self.next_step = next_step
        super().__init__(detail or ERRORS[code][0])

    def info(self) -> dict:
        """The error as it travels (ErrorMessage in messages.ts)."""
        message, next_step, retryable = ERRORS[self.code]
        return {
            'code': self.code,
            'message': (self.detail or message)[:MAX_SENTENCE],
            'next': self.next_step or next_step,
            'retryable': retryable,
        }


def refusal(error: PreviewError) -> dict:
    """The acknowledgement that says no."""
    return {'ok': False, 'error': error.info()}


@dataclass(frozen=True)
class Quality:
    """What one viewer is being sent from now on, as it is told on the data channel (Quality in data-channel.ts).

    `level` 0 is the best of `levels`. `kbps` is what the encoder aims at, `link_kbps` what the viewer's link is
    believed to carry (None: not known). `reason` is 'full' (the best there is) or 'link' (the link carries no more).
    """

    level: int
    levels: int
    width: int
    height: int
    fps: float
    kbps: float
    link_kbps: float | None = None
    reason: str = 'full'

    def message(self) -> str:
        message = {
            'type': 'quality',
            'level': self.level,
            'levels': self.levels,
            'width': self.width,
            'height': self.height,
            'fps': round(self.fps, 3),
            'kbps': round(self.kbps),
            'reason': self.reason,
        }
        if self.link_kbps is not None:
            message['linkKbps'] = round(self.link_kbps)
        return json.dumps(message)


@dataclass(frozen=True)
class Offer:
    """A viewer's offer, as the server passes it on (OfferForSender)."""

    session: str
    epoch: int
    sdp: str
    stun_server: str | None
    turn_servers: tuple[str, ...]


# The server checks every message against the schema. One of another kind must not become a traceback here, nor reach
# GStreamer.


def read_offer(message) -> Offer:
    """Raises `bad_request`, as all of these do."""
    stun_server, turn_servers = read_ice_config(_field(message, 'ice', dict, {}))
    return Offer(
        session=_field(message, 'session', str),
        epoch=_whole(message, 'epoch', 1, 1_000_000),
        sdp=_field(message, 'sdp', str),
        stun_server=stun_server,
        turn_servers=turn_servers,
    )


def read_ice_config(message) -> tuple[str | None, tuple[str, ...]]:
    """STUN server, TURN servers (SenderIceConfig)."""
    turn_servers = _field(message, 'turnServers', list, [])
    if not all(isinstance(uri, str) for uri in turn_servers):
        raise PreviewError('bad_request', '"turnServers" has something that is no text.')
    return _field(message, 'stunServer', (str, type(None)), None), tuple(turn_servers)


def read_candidate(message) -> tuple[str, int, int, str]:
    """Session, epoch, media section, candidate."""
    candidate = _field(message, 'candidate', dict)
    text = _field(candidate, 'candidate', str)
    if len(text) > MAX_CANDIDATE_LENGTH:
        raise PreviewError('bad_request', 'The candidate is too long.')
    index = 0 if candidate.get('sdpMLineIndex') is None else _whole(candidate, 'sdpMLineIndex', 0, 64)
    return _field(message, 'session', str), _whole(message, 'epoch', 1, 1_000_000), index, text


def read_session_closed(message) -> tuple[str, str]:
    """Session, reason."""
    return _field(message, 'session', str), _field(message, 'reason', str)[:MAX_TEXT]


def read_replaced(message) -> tuple[str, str]:
    """What happened, what to do next."""
    error = _field(message, 'error', dict)
    return _field(error, 'message', str)[:MAX_SENTENCE], _field(error, 'next', str)[:MAX_SENTENCE]


def read_server_closing(message) -> float:
    """When to come back, in seconds from now."""
    retry_after_ms = _field(message, 'retryAfterMs', (int, float))
    if isinstance(retry_after_ms, bool) or not 0 <= retry_after_ms < math.inf:
        raise PreviewError('bad_request', '"retryAfterMs" must be a number from 0.')
    return min(MAX_RETRY_AFTER_S, retry_after_ms / 1_000)


def read_token_expiring(message) -> float:
    """When, in Unix seconds."""
    return _whole(message, 'expiresAt', 0, 2**53) / 1_000


def read_size_and_rate(message) -> tuple[int, int, float]:
    """The mode that a viewer wishes: width, height, frames a second."""
    mode = _field(message, 'mode', dict)
    fps = _field(mode, 'fps', (int, float))
    if isinstance(fps, bool) or not 1 <= fps <= 1_000:  # NaN is not, either
        raise PreviewError('bad_request', '"fps" must be a number from 1 to 1000.')
    return _whole(mode, 'width', 16, 16_384), _whole(mode, 'height', 16, 16_384), float(fps)


_REQUIRED = object()


def _field(message, name: str, kind, default=_REQUIRED):
    if not isinstance(message, dict):
        raise PreviewError('bad_request', 'The message is no object.')
    value = message.get(name, default)
    if value is None and default is not _REQUIRED:
        return default
    if value is _REQUIRED or not isinstance(value, kind):
        raise PreviewError('bad_request', f'"{name}" is missing, or is of another kind than it should be.')
    return value


def _whole(message, name: str, least: int, most: int) -> int:
    value = _field(message, name, int)
    if isinstance(value, bool) or not least <= value <= most:
        raise PreviewError('bad_request', f'"{name}" must be a whole number from {least} to {most}.')
    return value

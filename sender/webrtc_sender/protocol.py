"""What passes between sender and server, as src/protocol has it in TypeScript.

Only what a sender needs. test/sender/test_protocol.py compares all of it with the original, so it cannot drift.
"""

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
MAX_ERROR_TEXT = 1_000
ANSWER_S = 10.0
ACKNOWLEDGEMENT_S = 12.0

# Sender to server.
PUBLISH = 'publish'
UNPUBLISH = 'unpublish'
UPDATE_CAMERA = 'update-camera'
LEAVE = 'leave'
# Server to sender.
OFFER = 'offer'
SET_MODE = 'set-mode'
SESSION_CLOSED = 'session-closed'
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
        'Use a browser that plays H.264.',
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

    def __init__(self, code: str, detail: str | None = None):
        self.code = code
        self.detail = detail
        super().__init__(detail or ERRORS[code][0])

    def info(self) -> dict:
        """The error as it travels (ErrorMessage in messages.ts)."""
        message, next_step, retryable = ERRORS[self.code]
        return {
            'code': self.code,
            'message': (self.detail or message)[:MAX_ERROR_TEXT],
            'next': next_step,
            'retryable': retryable,
        }


def refusal(error: PreviewError) -> dict:
    """The acknowledgement that says no."""
    return {'ok': False, 'error': error.info()}


@dataclass(frozen=True)
class Offer:
    """A viewer's offer, as the server passes it on (OfferForSender)."""

    session: str
    epoch: int
    sdp: str
    stun_server: str | None
    turn_servers: tuple[str, ...]


def read_offer(message) -> Offer:
    """The server checks every message against the schema; here a broken one only must not become a traceback."""
    try:
        ice = message.get('ice') or {}
        return Offer(
            session=str(message['session']),
            epoch=int(message['epoch']),
            sdp=str(message['sdp']),
            stun_server=ice.get('stunServer'),
            turn_servers=tuple(ice.get('turnServers', ())),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as reason:
        raise PreviewError('bad_request', f'The offer cannot be read: {reason!r}') from reason

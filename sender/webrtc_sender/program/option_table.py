"""The one table of options: command line, environment, file, --help, README and the installed file are made from it."""

from dataclasses import dataclass

from ..encode.encoders import ENCODERS
from ..server.protocol import DEFAULT_PATH
from . import option_values as values

ENVIRONMENT_PREFIX = 'WEBRTC_PREVIEW_'


@dataclass(frozen=True)
class Option:
    """`--name` on the command line, WEBRTC_PREVIEW_NAME in the environment and in a file."""

    group: str
    name: str
    #: The value when nobody gives one.
    default: object
    #: Turns text into the value, or raises ValueError (option_values.py).
    read: object
    metavar: str
    help: str
    #: Applied to a running sender by SIGHUP; the others need a restart.
    live: bool = False
    #: Never shown, not even in an error.
    secret: bool = False
    #: May stand alone on the command line: `--name` is "on".
    flag: bool = False
    #: What --help shows as the default where it is not the value.
    shown_default: str | None = None

    @property
    def key(self) -> str:
        return self.name.replace('-', '_')

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.key.upper()

    @property
    def default_text(self) -> str:
        """The default as a person would type it; empty when there is none."""
        if self.shown_default is not None or self.default is None:
            return self.shown_default or ''
        if isinstance(self.default, bool):
            return 'on' if self.default else 'off'
        return f'{self.default:g}' if isinstance(self.default, float) else str(self.default)


CAMERA, PICTURE, VIEWERS, SERVER = 'camera', 'picture', 'viewers', 'server'
ELSEWHERE, RUNNING = 'publish elsewhere', 'running'
GROUPS = (CAMERA, PICTURE, VIEWERS, SERVER, ELSEWHERE, RUNNING)
LEVELS = ('debug', 'info', 'warning', 'error')

OPTIONS = (
    Option(
        CAMERA, 'device', '/dev/video0', values.short_text, 'PATH', 'the camera; /dev/v4l/by-id/... survives replugging'
    ),
    Option(
        CAMERA,
        'label',
        None,
        values.short_text,
        'TEXT',
        "the camera's name for people",
        shown_default="the camera's own",
    ),
    Option(
        CAMERA,
        'test-pattern',
        False,
        values.switch,
        'on|off',
        'a moving picture with a clock, instead of a camera',
        flag=True,
    ),
    Option(
        CAMERA,
        'camera-h264',
        'auto',
        values.one_of('auto', 'off'),
        'auto|off',
        "auto: a camera's own H.264 goes to the viewers as it is; off: it is always encoded here",
    ),
    Option(
        PICTURE,
        'width',
        1280,
        values.even(64, 7680),
        'PIXELS',
        'picture width; the nearest mode of the camera is taken',
        live=True,
    ),
    Option(PICTURE, 'height', 720, values.even(64, 4320), 'PIXELS', 'picture height', live=True),
    Option(PICTURE, 'fps', 30.0, values.rate, 'RATE', 'frames a second; fractions such as 29.97 are fine', live=True),
    Option(PICTURE, 'bitrate', 2500, values.whole(50, 100_000), 'KBIT/S', 'video bitrate at full quality', live=True),
    Option(
        PICTURE,
        'encoder',
        None,
        values.one_of(*(encoder.factory for encoder in ENCODERS)),
        'NAME',
        'use this encoder and no other; --doctor shows which ones work here',
        shown_default='the first that works',
    ),
    Option(
        PICTURE,
        'keyframe-interval',
        2560,
        values.whole(1, 100_000),
        'FRAMES',
        'a keyframe at least this often; viewers that join get their own',
    ),
    Option(VIEWERS, 'max-viewers', 32, values.whole(1, 1_000), 'N', 'refuse more viewers than this', live=True),
    Option(
        VIEWERS,
        'adaptation',
        True,
        values.switch,
        'on|off',
        'a viewer whose link is too narrow gets a smaller picture instead of a broken one',
    ),
    Option(
        VIEWERS,
        'loss-protection',
        True,
        values.switch,
        'on|off',
        'a viewer whose link loses packets is sent each more than once, and fewer of them; needs adaptation',
    ),
    Option(
        VIEWERS,
        'playout-delay',
        '0',
        values.one_of('0', 'default'),
        '0|default',
        '0: the browser shows each frame at once; default: it buffers as it likes',
    ),
    Option(
        VIEWERS,
        'ice-policy',
        'all',
        values.one_of('all', 'relay'),
        'all|relay',
        'relay: only through a TURN server, to try one or to hide addresses',
    ),
    Option(
        SERVER,
        'server',
        'http://127.0.0.1:8080',
        values.or_none(values.base_address('http', 'https', 'ws', 'wss')),
        'URL|none',
        'the signalling server; none: publish by --whip only',
    ),
    Option(SERVER, 'path', DEFAULT_PATH, values.path, 'PATH', 'where signalling lives on the server'),
    Option(SERVER, 'stream', 'camera', values.identifier, 'NAME', 'the name to publish under; viewers ask for it'),
    Option(
        SERVER,
        'token',
        None,
        values.secret,
        'TOKEN',
        'what proves the right to publish, for a server that wants proof; better a file: ps shows this',
        live=True,
        secret=True,
    ),
    Option(
        SERVER,
        'token-file',
        None,
        values.secret_in,
        'FILE',
        'the same, read from a file, and read again when a newer one is needed',
        live=True,
    ),
    Option(
        SERVER,
        'ca',
        None,
        values.authority_file,
        'FILE',
        'PEM file of an authority to trust besides the known ones: for a server with a certificate of its own',
    ),
    Option(
        ELSEWHERE,
        'whip',
        None,
        values.address('https', 'http'),
        'URL',
        'also publish to this WHIP server (MediaMTX, LiveKit, Janus, ...) by the same encode',
    ),
    Option(ELSEWHERE, 'whip-token', None, values.secret, 'TOKEN', 'bearer token for it; better a file', secret=True),
    Option(ELSEWHERE, 'whip-token-file', None, values.secret_in, 'FILE', 'the same, read from a file'),
    Option(RUNNING, 'log-level', 'info', values.one_of(*LEVELS), 'LEVEL', f'one of {", ".join(LEVELS)}', live=True),
    Option(
        RUNNING,
        'log-format',
        'text',
        values.one_of('text', 'json'),
        'text|json',
        'one line for each event, as key=value or as a JSON object',
    ),
    Option(
        RUNNING,
        'metrics',
        None,
        values.listener,
        'PORT|HOST:PORT',
        'serve /metrics for Prometheus and /health; on 127.0.0.1 unless a host is given',
        shown_default='off',
    ),
)

#: option: the option that names a file with it.
SECRET_FILES = {'token': 'token_file', 'whip_token': 'whip_token_file'}

"""Every option in one table: the command line, the environment and --help are made from it."""

import argparse
import os
import re
from dataclasses import dataclass
from types import SimpleNamespace

from .encoders import ENCODERS
from .picture_clock import COLUMNS, block_size
from .protocol import DEFAULT_PATH, MAX_TEXT

ENVIRONMENT_PREFIX = 'WEBRTC_PREVIEW_'


class BadOption(Exception):
    """An option that cannot be used; the text says which and why."""


@dataclass(frozen=True)
class Option:
    """`--name`, WEBRTC_PREVIEW_NAME in the environment; `read` turns text into the value or raises ValueError."""

    name: str
    default: object
    read: object
    metavar: str
    help: str

    @property
    def key(self) -> str:
        return self.name.replace('-', '_')

    @property
    def variable(self) -> str:
        return ENVIRONMENT_PREFIX + self.key.upper()


def _whole(low: int, high: int):
    def read(text: str) -> int:
        if not re.fullmatch(r'\d+', text) or not low <= int(text) <= high:
            raise ValueError(f'must be a whole number from {low} to {high}')
        return int(text)

    return read


def _even(low: int, high: int):
    def read(text: str) -> int:
        value = _whole(low, high)(text)
        if value % 2:
            raise ValueError('must be even: H.264 stores colour at half the size')
        return value

    return read


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= 240:
        raise ValueError('must be a number from 1 to 240; fractions such as 29.97 are fine')
    return value


def _identifier(text: str) -> str:
    if not re.fullmatch(r'[A-Za-z0-9_-]{1,64}', text):
        raise ValueError('must be 1 to 64 letters, digits, "-" or "_"')
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r'(https?|wss?)://[^\s/]+(/\S*)?', text):
        raise ValueError('must be an address such as http://127.0.0.1:8080')
    return text.rstrip('/')


def _path(text: str) -> str:
    if not re.fullmatch(r'/[^\s?#]*', text):
        raise ValueError(f'must begin with "/", such as {DEFAULT_PATH}')
    return text


def _text(text: str) -> str:
    if not 1 <= len(text) <= MAX_TEXT:
        raise ValueError(f'must have 1 to {MAX_TEXT} characters')
    return text


def _secret(text: str) -> str:
    if not 1 <= len(text) <= 8_192:
        raise ValueError('must have 1 to 8192 characters')
    return text


def _one_of(*choices: str):
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f'must be one of {", ".join(choices)}')
        return text

    return read


OPTIONS = (
    Option('server', 'http://127.0.0.1:8080', _address, 'URL', 'signalling server'),
    Option('path', DEFAULT_PATH, _path, 'PATH', 'where signalling lives on the server'),
    Option('stream', 'camera', _identifier, 'NAME', 'name to publish under; viewers ask for it'),
    Option('label', None, _text, 'TEXT', "the camera's name for people; default: its own"),
    Option('token', None, _secret, 'TOKEN', 'reserved: no server checks it yet; better given by the environment'),
    Option('device', '/dev/video0', _text, 'PATH', 'camera; /dev/v4l/by-id/... survives replugging'),
    Option('width', 1280, _even(64, 7680), 'PIXELS', 'picture width; the nearest mode of the camera is taken'),
    Option('height', 720, _even(64, 4320), 'PIXELS', 'picture height'),
    Option('fps', 30.0, _rate, 'RATE', 'frames a second'),
    Option('bitrate', 2500, _whole(50, 100_000), 'KBIT/S', 'video bitrate'),
    Option('encoder', None, _one_of(*(e.factory for e in ENCODERS)), 'NAME', 'use this one and no other'),
    Option(
        'keyframe-interval', 2560, _whole(1, 100_000), 'FRAMES', 'keyframe at least this often; joins get their own'
    ),
    Option('max-viewers', 32, _whole(1, 1_000), 'N', 'refuse more than this'),
    Option(
        'playout-delay',
        '0',
        _one_of('0', 'default'),
        '0|default',
        "0: show frames at once; default: the browser's choice",
    ),
    Option('log-level', 'info', _one_of('debug', 'info', 'warning', 'error'), 'LEVEL', 'debug, info, warning or error'),
)

EPILOG = """exit codes:
  0  stopped by SIGINT or SIGTERM
  1  stopped by an error that nobody expected
  2  an option cannot be used
  3  something is not installed; the apt-get line that mends it is printed
  5  no video encoder works on this machine
"""


def parse(arguments: list[str], environment=os.environ) -> SimpleNamespace:
    """The command line, then the environment, then the defaults. Raises BadOption; --help prints and exits."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    if given.pop('no_playout_delay'):
        given['playout_delay'] = 'default'
    values = {'test_pattern': given['test_pattern'] or _flag(environment, 'TEST_PATTERN')}
    values['list_cameras'] = given['list_cameras']
    for option in OPTIONS:
        values[option.key] = _value(option, given[option.key], environment)
    options = SimpleNamespace(**values)
    if options.test_pattern and options.width < COLUMNS * block_size(options.width):
        raise BadOption('--width must be at least 256 with --test-pattern: its clock needs the room.')
    return options


def _value(option: Option, given: str | None, environment):
    text, name = given, f'--{option.name}'
    if text is None:
        text, name = environment.get(option.variable) or None, option.variable
    if text is None:
        return option.default
    try:
        return option.read(text)
    except ValueError as reason:
        shown = '' if option.key == 'token' else f', not "{text}"'
        raise BadOption(f'{name} {reason}{shown}.') from reason


def _flag(environment, name: str) -> bool:
    return environment.get(ENVIRONMENT_PREFIX + name, '').lower() in ('1', 'true', 'yes', 'on')


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        raise BadOption(f'{message[0].upper()}{message[1:]}. --help lists all options.')


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog='gstreamer-webrtc-sender.py',
        description='Shows a camera live on web pages: one capture, one encode, many viewers. '
        'The camera is on only while somebody watches.',
        epilog='Each option can also come from the environment: --max-viewers is '
        f'{ENVIRONMENT_PREFIX}MAX_VIEWERS.\n\n{EPILOG}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        '--test-pattern', action='store_true', help='a moving picture with a clock, instead of a camera'
    )
    parser.add_argument('--list-cameras', action='store_true', help='print the cameras and what they can do, then exit')
    parser.add_argument('--no-playout-delay', action='store_true', help='the same as --playout-delay default')
    for option in OPTIONS:
        default = (
            ''
            if option.default is None
            else f' ({option.default:g})'
            if isinstance(option.default, float)
            else f' ({option.default})'
        )
        parser.add_argument(f'--{option.name}', metavar=option.metavar, help=option.help + default)
    return parser

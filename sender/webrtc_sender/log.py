"""One line for each event: time, level, event=…, key=value; or the same as a JSON object.

Never SDP, tokens or TURN credentials above debug. Values may come from viewers and servers: nothing in them can begin a
line of its own, and the secrets that `setup()` was told are hidden wherever they turn up, in a traceback too.
"""

import json
import logging
import os
import sys
import time
import traceback
from urllib.parse import urlsplit

_logger = logging.getLogger('webrtc-sender')
LONGEST_VALUE = 2_000
# What journald takes off the front of a line and shows as its priority (sd-daemon(3)).
_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3}


def setup(level: str, form: str = 'text', secrets=()) -> None:
    """`form` is text or json. May be called again."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(form, tuple(secret for secret in secrets if secret), _to_journal()))
    logging.root.handlers[:] = [handler]
    _logger.setLevel(level.upper())


def setup_from(options) -> None:
    """As the options say."""
    addresses = (options.server, options.whip)
    passwords = [urlsplit(address).password for address in addresses if address]
    setup(options.log_level, options.log_format, (options.token, options.whip_token, *passwords))


def hide(secret: str) -> None:
    """One more that must not be shown, until `setup` is told them all again."""
    for handler in logging.root.handlers:
        if isinstance(handler.formatter, _Formatter):
            handler.formatter.secrets += (secret,)


def debug(event: str, /, **fields) -> None:
    _write(logging.DEBUG, event, fields)


def info(event: str, /, **fields) -> None:
    _write(logging.INFO, event, fields)


def warning(event: str, /, **fields) -> None:
    _write(logging.WARNING, event, fields)


def error(event: str, /, **fields) -> None:
    _write(logging.ERROR, event, fields)


def exception(event: str, /, **fields) -> None:
    """For what nobody expected: with the traceback."""
    _write(logging.ERROR, event, {**fields, 'traceback': traceback.format_exc()})


def _write(level: int, event: str, fields: dict) -> None:
    if _logger.isEnabledFor(level):
        _logger.log(level, event, extra={'fields': fields})


def line(event: str, fields: dict) -> str:
    pairs = {'event': event, **fields}
    return ' '.join(f'{key}={_quoted(value)}' for key, value in pairs.items() if value is not None)


def _quoted(value) -> str:
    text = _shown(value)
    if text and text.isprintable() and not set(text) & set(' "=\\'):
        return text
    # JSON's escapes, then what it leaves alone and a terminal or a log viewer would not: U+2028, U+202E and the like.
    text = json.dumps(text, ensure_ascii=False)
    return ''.join(c if c.isprintable() else c.encode('unicode_escape').decode() for c in text)


def _shown(value) -> str:
    text = f'{value:.1f}' if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_VALUE else f'{text[:LONGEST_VALUE]}… ({len(text)} characters)'


class _Formatter(logging.Formatter):
    """Our events, and the lines that Python's libraries log: both as one line."""

    def __init__(self, form: str, secrets: tuple[str, ...], to_journal: bool) -> None:
        super().__init__()
        self._json = form == 'json'
        self._to_journal = to_journal
        self.secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        if record.name == _logger.name:
            event, fields = record.getMessage(), record.fields
        else:
            event, fields = 'library', {'logger': record.name, 'message': record.getMessage()}
            if record.exc_info:
                fields['traceback'] = self.formatException(record.exc_info)
        shown = {key: self._hide(value) for key, value in fields.items() if value is not None}
        text = _as_json(record, event, shown) if self._json else line(event, shown)
        if self._to_journal:  # which has a time of its own
            return f'<{_PRIORITIES.get(record.levelno, 6)}>{text}'
        return text if self._json else f'{_moment(record)} {record.levelname:7} {text}'

    def _hide(self, value):
        """Before quoting: that would change a secret so that it is not found."""
        if isinstance(value, (bool, int, float, type(None))):
            return value
        text = str(value)
        for secret in self.secrets:
            text = text.replace(secret, '***')
        return text


def _as_json(record: logging.LogRecord, event: str, fields: dict) -> str:
    head = {'time': _moment(record), 'level': record.levelname.lower(), 'event': event}
    plain = {key: value if isinstance(value, (bool, int, float)) else _shown(value) for key, value in fields.items()}
    return json.dumps({**plain, **head})


def _moment(record: logging.LogRecord) -> str:
    """In UTC: a log is compared with a server's and a browser's, from other zones and across the change to summer."""
    return f'{time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))}.{int(record.msecs):03d}Z'


def _to_journal() -> bool:
    """Whether systemd reads our standard error (systemd.exec(5), JOURNAL_STREAM)."""
    try:
        stderr = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return os.environ.get('JOURNAL_STREAM') == f'{stderr.st_dev}:{stderr.st_ino}'

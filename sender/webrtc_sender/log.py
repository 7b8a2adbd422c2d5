"""One line for each event: time, level, event=…, key=value. Never SDP, tokens or TURN credentials above debug."""

import logging

_logger = logging.getLogger('webrtc-sender')


def setup(level: str) -> None:
    logging.basicConfig(format='%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s', datefmt='%Y-%m-%dT%H:%M:%S')
    _logger.setLevel(level.upper())


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
    _logger.error(line(event, fields), exc_info=True)


def line(event: str, fields: dict) -> str:
    pairs = {'event': event, **fields}
    return ' '.join(f'{key}={_quoted(value)}' for key, value in pairs.items() if value is not None)


def _write(level: int, event: str, fields: dict) -> None:
    if _logger.isEnabledFor(level):
        _logger.log(level, line(event, fields))


def _quoted(value) -> str:
    text = f'{value:.1f}' if isinstance(value, float) else str(value)
    text = text.replace('\n', ' ').replace('\r', ' ')
    return f'"{text}"' if ' ' in text or not text else text

"""The data channel on which a viewer learns the time: pings answered, and which RTP timestamp was captured when."""

import json
import time

from .. import log
from ..camera.capture_time import CaptureTime
from ..server.protocol import DATA_CHANNEL_LABEL

MAX_MESSAGE = 1_024


def unix_ms() -> float:
    return time.time() * 1000


def pong(message: str, received_ms: float, sent_ms: float) -> str | None:
    """The answer to a ping, or None when the message is not one."""
    if len(message) > MAX_MESSAGE:
        return None
    try:
        ping = json.loads(message)
        t = ping['t'] if ping['type'] == 'ping' else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if isinstance(t, bool) or not isinstance(t, (int, float)):
        return None
    return json.dumps({'type': 'pong', 't': t, 'received': received_ms, 'sent': sent_ms}, allow_nan=False)


def clock(rtp: int, timing: CaptureTime, send_ms: float | None) -> str:
    """The message that ties RTP time to capture time; `send_ms` is from the encoder's output to the last packet's
    end."""
    message = {'type': 'clock', 'rtp': rtp, 'captureMs': timing.unix_ms, 'origin': timing.origin}
    if timing.encode_ms is not None:
        message['encodeMs'] = round(timing.encode_ms, 3)
    if send_ms is not None:
        message['sendMs'] = round(send_ms, 3)
    return json.dumps(message)


class ClockChannel:
    """webrtcbin's data channel. Other labels are left alone."""

    def __init__(self, channel, post, on_open) -> None:
        self._channel = channel
        self._post = post
        self._closed = False
        self._handlers: list[int] = []
        if channel.get_property('label') != DATA_CHANNEL_LABEL:
            return
        self._handlers = [
            channel.connect('on-message-string', self._on_message),
            channel.connect('on-open', lambda _: post(on_open, self)),
        ]
        if channel.get_property('ready-state').value_nick == 'open':
            post(on_open, self)

    def send(self, text: str) -> None:
        if not self._closed and self._channel.get_property('ready-state').value_nick == 'open':
            self._channel.emit('send-string', text)

    def close(self) -> None:
        self._closed = True
        for handler in self._handlers:
            self._channel.disconnect(handler)

    def _on_message(self, _channel, message: str) -> None:
        # Stamped here, on GStreamer's thread: a busy asyncio loop delays the answer but does not falsify it.
        self._post(self._answer, message, unix_ms())

    def _answer(self, message: str, received_ms: float) -> None:
        try:
            answer = pong(message or '', received_ms, unix_ms())
        except ValueError:  # NaN or Infinity in the ping
            answer = None
        if answer:
            self.send(answer)
        else:
            log.debug('channel-message-ignored')

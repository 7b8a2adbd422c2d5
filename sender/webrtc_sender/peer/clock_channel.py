"""The data channel on which a viewer learns the time (pings answered, and which RTP timestamp was captured when), and
asks for a pause."""

import json
import time

from .. import log
from ..camera.capture_time import CaptureTime
from ..server.protocol import DATA_CHANNEL_LABEL

MAX_MESSAGE = 1_024


def unix_ms() -> float:
    return time.time() * 1000


def read(text: str) -> dict:
    """A viewer's message. It may be anything: empty when it is no object with a `type`."""
    if len(text) > MAX_MESSAGE:
        return {}
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) and isinstance(message.get('type'), str) else {}


def pong(message: dict, received_ms: float, sent_ms: float) -> str | None:
    """The answer to a ping, or None when the message is not one."""
    t = message.get('t')
    if message.get('type') != 'ping' or isinstance(t, bool) or not isinstance(t, (int, float)):
        return None
    try:
        return json.dumps({'type': 'pong', 't': t, 'received': received_ms, 'sent': sent_ms}, allow_nan=False)
    except ValueError:  # NaN or Infinity in the ping
        return None


def wants_pause(message: dict) -> bool | None:
    """Whether nothing is to be sent for now; None when the message is about something else."""
    wanted = message.get('paused')
    return wanted if message.get('type') == 'pause' and isinstance(wanted, bool) else None


def paused(is_paused: bool) -> str:
    """The answer to that."""
    return json.dumps({'type': 'paused', 'paused': is_paused})


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
    """webrtcbin's data channel. Other labels are left alone. `on_pause(bool)` comes on the asyncio thread, and so does
    `on_open(channel)`."""

    def __init__(self, channel, post, on_open, on_pause) -> None:
        self._channel = channel
        self._post = post
        self._on_pause = on_pause
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

    def _answer(self, text: str | None, received_ms: float) -> None:
        message = read(text or '')
        if answer := pong(message, received_ms, unix_ms()):
            self.send(answer)
        elif (wanted := wants_pause(message)) is not None:
            self._on_pause(wanted)
        else:
            log.debug('channel-message-ignored')

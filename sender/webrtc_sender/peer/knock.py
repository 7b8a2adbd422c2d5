"""Knocks at a viewer that has fallen silent, so that it is known at once when its link is back.

A browser whose network is gone gives its connection up piece by piece: Chromium sends no media feedback after 7 s,
calls it failed after 17 s, and forgets its candidate pairs after 30 s. But it goes on answering ICE's connectivity
checks (RFC 8445 §7.3), and one that comes after all that brings the pair, and with it the whole connection, back to
life: DTLS and SRTP never noticed. libnice sends no checks once it is connected, so they are written here, and go out
where packets do.

libnice keeps the answers to itself, as it knows of no such check. So each is followed by a ping of Chromium's own kind
(GOOG_PING: a check's short form, without a fingerprint), whose answer libnice takes for data. Other browsers ignore it:
they are heard by their reports, a moment later.
"""

import asyncio
import hashlib
import hmac
import os
import struct
import zlib

from ..gst import Gst
from .rest import elements_of

# A link that is back is found within this, and the way there and back. 100 bytes each time.
INTERVAL_S = 0.05

REQUEST, PING, PONG = 0x0001, 0x0200, 0x0300
COOKIE = 0x2112A442
USERNAME, PRIORITY, CONTROLLED = 0x0006, 0x0024, 0x8029
INTEGRITY, INTEGRITY_32, FINGERPRINT = 0x0008, 0xC060, 0x8028
FINGERPRINT_XOR = 0x5354554E
# Type preference of a peer-reflexive candidate (110), the highest local preference, component 1 (RFC 8445 §5.1.2.1).
PEER_REFLEXIVE = (110 << 24) + (65535 << 8) + 255
MARK_BYTES = 8


class Credentials:
    """Of ICE, as both descriptions have them. The media are bundled: the first are those of all."""

    def __init__(self, offer: str, answer: str) -> None:
        self.username = f'{_value(offer, "ice-ufrag")}:{_value(answer, "ice-ufrag")}'
        self.password = _value(offer, 'ice-pwd')


def _value(sdp: str, name: str) -> str:
    """Of the first line `a=name:value`; '' where there is none."""
    return next((line.partition(':')[2].strip() for line in sdp.splitlines() if line.startswith(f'a={name}:')), '')


def check(credentials: Credentials, transaction: bytes, tie_breaker: bytes) -> bytes:
    """A binding request of the controlled side (RFC 8489 §5, RFC 8445 §7.1); `transaction` has 12 bytes,
    `tie_breaker` 8."""
    body = _attribute(USERNAME, credentials.username.encode())
    body += _attribute(PRIORITY, struct.pack('>I', PEER_REFLEXIVE)) + _attribute(CONTROLLED, tie_breaker)
    # Each of the last two covers all before it, and a length that has it already.
    covered = _header(REQUEST, len(body) + 24, transaction) + body
    body += _attribute(INTEGRITY, _digest(credentials, covered))
    covered = _header(REQUEST, len(body) + 8, transaction) + body
    return covered + _attribute(FINGERPRINT, struct.pack('>I', zlib.crc32(covered) ^ FINGERPRINT_XOR))


def ping(credentials: Credentials, transaction: bytes) -> bytes:
    """Chromium's short form, for a pair that it knows."""
    header = _header(PING, 8, transaction)
    return header + _attribute(INTEGRITY_32, _digest(credentials, header)[:4])


def answers(packet: bytes, mark: bytes) -> bool:
    """Whether this is the answer to a ping whose transaction began with `mark`."""
    return packet[:2] == struct.pack('>H', PONG) and packet[4:8] == struct.pack('>I', COOKIE) and (
        packet[8 : 8 + len(mark)] == mark
    )  # fmt: skip


def _header(kind: int, length: int, transaction: bytes) -> bytes:
    return struct.pack('>HHI', kind, length, COOKIE) + transaction


def _digest(credentials: Credentials, covered: bytes) -> bytes:
    return hmac.new(credentials.password.encode(), covered, hashlib.sha1).digest()


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack('>HH', kind, len(value)) + value + bytes(-len(value) % 4)


class Knocker:
    """Knocks from its making until `stop()`. `on_answer()` is called on the asyncio thread, at most once."""

    def __init__(self, webrtc, credentials: Credentials, post, on_answer) -> None:
        self._credentials = credentials
        self._post = post
        self._on_answer = on_answer
        self._loop = asyncio.get_running_loop()
        self._mark, self._tie_breaker, self._count = os.urandom(MARK_BYTES), os.urandom(8), 0
        self._timer: asyncio.TimerHandle | None = None
        self._is_answered = False
        # One of each where everything is bundled.
        self._exits = [element.get_static_pad('sink') for element in elements_of(webrtc, 'nicesink')]
        entries = [element.get_static_pad('src') for element in elements_of(webrtc, 'nicesrc')]
        self._probes = [(pad, pad.add_probe(Gst.PadProbeType.BUFFER, self._on_packet)) for pad in entries]
        self._knock()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        for pad, probe in self._probes:
            pad.remove_probe(probe)
        self._timer, self._probes, self._exits = None, [], []

    def _knock(self) -> None:
        self._timer = self._loop.call_later(INTERVAL_S, self._knock)
        self._count += 1
        transaction = self._mark + struct.pack('>I', self._count)
        for packet in (check(self._credentials, transaction, self._tie_breaker), ping(self._credentials, transaction)):
            for pad in self._exits:
                pad.chain(Gst.Buffer.new_wrapped(packet))

    def _on_packet(self, _pad, info):
        """On GStreamer's thread."""
        packet = info.get_buffer()
        if not self._is_answered and answers(packet.extract_dup(0, 20), self._mark):
            self._is_answered = True
            self._post(self._on_answer)
        return Gst.PadProbeReturn.OK

"""One try to publish: a connection that makes the offer, to a server that answers it."""

import asyncio
import contextlib
import time

from ..encode.encoders import Encoder
from ..gst import Clockwork, GstSdp, GstWebRTC, promised
from ..peer import extensions, media, pulse, sdp, short_cut
from ..peer.connection import Connection, State
from ..peer.extensions import ExtensionIds
from ..peer.pulse import Pulse
from ..server.protocol import PreviewError
from . import whip_words
from .whip_words import IceServers

# The numbers that Chrome gives them. H.264 as every encoder here makes it: constrained baseline, whole NAL units cut up
# at will (RFC 6184 §8.1).
CODECS = {
    'H264': sdp.Codec(
        102, 'H264', {'packetization-mode': '1', 'profile-level-id': '42e01f', 'level-asymmetry-allowed': '1'}
    ),
    'VP8': sdp.Codec(96, 'VP8', {}),
}
# A media server has its own mind about delays, so no playout-delay.
OFFERED = ExtensionIds(transport_cc=1)
# Host candidates take milliseconds and STUN one round trip. What comes later is trickled, where the server takes that.
GATHER_S = 1.0
# Reports until it is known how often a server sends them.
REGULAR = 3


class ServerPulse(Pulse):
    """A media server's, which reports every second (Pion) or every 2.5 to 7.5 s (GStreamer; RFC 3550 §6.2)."""

    def __init__(self, now: float) -> None:
        super().__init__(now)
        self._beats = 0

    def beat(self, now: float) -> None:
        self._beats += 1
        super().beat(now)

    def _limit(self) -> float:
        return super()._limit() if self._beats >= REGULAR else pulse.PATIENCE_S


class Publication(Connection):
    """`events` as for Connection; its `candidate_found` has to end in `gathered()`."""

    def __init__(self, encoder: Encoder, ice: IceServers, relay_only: bool, clockwork: Clockwork, post, events) -> None:
        super().__init__('whip', clockwork, post, events, relay_only)
        self.encoder = encoder
        self.codec = CODECS[encoder.codec]
        self._ice = ice
        self._offer = ''
        self._found: list[str] = []  # candidates that nobody has been told yet
        self._found_all = asyncio.Event()
        #: Set when there is something new for `take_candidates()`.
        self.news = asyncio.Event()

    async def offer(self, run_blocking) -> str:
        """The SDP to post, with the candidates that were found within GATHER_S. Raises PreviewError."""
        self._advance(State.NEGOTIATING)
        await run_blocking(self._build, self.codec, OFFERED, self._ice.stun, self._ice.turn)
        self._check_open()
        try:
            self._offer = await self._make_offer()
        except RuntimeError as reason:
            self._check_open()  # GStreamer has other words for it at every step
            raise PreviewError('sender_failed', str(reason)) from reason
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._found_all.wait(), GATHER_S)
        self._check_open()
        found, are_all = self.take_candidates()
        return whip_words.with_candidates(self._offer, found, are_all)

    async def _make_offer(self) -> str:
        # With the caps there first, or the offer would have neither the codec's parameters nor extensions nor our SSRC.
        self._link(0, media.rtp_caps(self.codec, self._ssrc, OFFERED))
        offer, reply = await promised(self._webrtc, 'create-offer', None, field='offer')
        self._check_open()
        text = offer.sdp.as_text()
        short_cut.hasten_checks(self._webrtc)
        await promised(self._webrtc, 'set-local-description', offer)
        self._check_open()
        del offer, reply  # in this order: the offer is borrowed from the reply
        return text

    async def accept(self, answer: str) -> None:
        """Takes the server's answer; raises WhipError when it cannot be used, and PreviewError when it breaks."""
        section = whip_words.read_answer(answer, self.codec)
        status, message = GstSdp.SDPMessage.new_from_text(answer)
        if status != GstSdp.SDPResult.OK:
            raise PreviewError('invalid_sdp', 'GStreamer cannot read the answer.')
        self._keep_extensions(section.extensions)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        try:
            await promised(self._webrtc, 'set-remote-description', description)
        except RuntimeError as reason:
            self._check_open()
            raise PreviewError('sender_failed', str(reason)) from reason
        self._check_open()
        short_cut.skip_error_correction(self._webrtc)
        self._advance(State.CONNECTING)

    def _on_connected(self) -> None:
        super()._on_connected()
        if self.state == State.LIVE:
            self.pulse = ServerPulse(time.monotonic())

    def _keep_extensions(self, answered: dict[str, int]) -> None:
        """Those that the server takes, under the numbers that they were offered with."""
        taken = answered.get(sdp.TRANSPORT_CC_URI) == OFFERED.transport_cc
        self._extensions = OFFERED if taken else ExtensionIds()
        extensions.keep_only_transport_cc(self._payloader, self._extensions)

    # ---- our candidates -----------------------------------------------------------------------------------------

    def gathered(self, candidate: str) -> None:
        """One more; an empty one says that there are no more."""
        if candidate:
            self._found.append(candidate)
        else:
            self._found_all.set()
        self.news.set()

    def take_candidates(self) -> tuple[list[str], bool]:
        """Those found since the last time, and whether they are the last."""
        found, self._found = self._found, []
        self.news.clear()
        return found, self._found_all.is_set()

    def candidates_fragment(self, candidates: list[str], are_last: bool) -> str:
        return whip_words.candidates_fragment(self._offer, candidates, are_last)
